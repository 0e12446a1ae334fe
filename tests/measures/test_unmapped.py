"""States that are equal for a program: they move nothing in exact networks, and something in others."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from measures.symmetries import symmetric
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.lab.families import sparse_chance
from mechgap.measures.donors import draw_pairs
from mechgap.measures.subject import NetworkSubject, ProgramSubject
from mechgap.measures.unmapped import plan_unmapped, unmapped_effects
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load
from mechgap.tasks.graphs import bfs
from mechgap.tasks.samplers.graphs import sample_reachability

RIVALS = ("bfs", "bfs_distance", "bfs_frontier")
TASKS = ("bfs", "bellman_ford", "dijkstra", "mst_prim", "widest_path", "components", "bfs_seq")


@cache
def pairs_of(name):
    task = load(name)
    size = (16, 48) if name == "bfs" else (10, 16)
    chance = sparse_chance(task, size[0]) if name == "bfs" else 0.35
    return draw_pairs(task.program.interface, task.sample(0, *size, p=chance))


@cache
def planned(name, on=None):
    return plan_unmapped(load(name).program, pairs_of(on or name))


@cache
def compiled(name, target="gatv2"):
    return compile_program(load(name).program, CompileSettings(target=target)).network


def effects(subject, *names, own="bfs", on="bfs"):
    return unmapped_effects(subject, [planned(name, on) for name in names], own)


@pytest.mark.parametrize("name", TASKS)
def test_equal_states_move_nothing_in_a_program(name):
    found = effects(ProgramSubject(load(name).program), name, own=name, on=name)
    assert found[f"unmapped/{name}"].n > 0
    assert all(score.value == score.ideal == 1.0 for score in found.values() if score.known)


@pytest.mark.parametrize("target", ["gatv2", "mpnn", "transformer"])
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "mst_prim"])
def test_equal_states_move_nothing_in_an_exact_network(name, target):
    found = effects(NetworkSubject(compiled(name, target), load(name).program), name, own=name, on=name)
    assert found[f"unmapped/{name}"].n > 0
    assert all(score.value == 1.0 for score in found.values() if score.known)


@pytest.mark.parametrize("name", ["bfs_distance", "bfs_frontier"])
def test_what_a_rival_remembers_is_found_without_naming_it(name):
    found = effects(NetworkSubject(compiled(name), bfs.program), "bfs")
    assert found["unmapped/bfs"].high < 1.0
    assert found["unmapped/memory/bfs"].high < 0.9
    own = effects(NetworkSubject(compiled(name), bfs.program), name, own=name)
    assert own[f"unmapped/{name}"].value == 1.0


def test_untrained_networks_are_moved_by_what_the_program_does_not_know():
    for seed in range(2):
        network = Network(clrs_config(bfs.program.interface, hidden=16), seed=seed)
        found = effects(NetworkSubject(network, bfs.program), "bfs")
        assert found["unmapped/bfs"].high < 0.8
        assert found["unmapped/memory/bfs"].high < 0.5


def test_only_the_programs_own_score_has_an_ideal():
    found = effects(ProgramSubject(bfs.program), *RIVALS)
    assert found["unmapped/bfs"].ideal == 1.0
    assert found["unmapped/bfs_distance"].ideal != found["unmapped/bfs_distance"].ideal
    assert unmapped_effects(ProgramSubject(bfs.program), [], "bfs") == {}


def test_an_inert_subject_gives_nothing_to_count():
    """Ignoring all states is no evidence for a program."""

    class Inert(ProgramSubject):
        def run(self, batch, lengths, *, graft=None, attention=False):
            return super().run(batch, lengths, attention=attention)

    assert not any(score.known for score in effects(Inert(bfs.program), "bfs").values())


@pytest.mark.parametrize("seed", range(3))
def test_symmetries_change_no_score(seed):
    for name in ("bfs", "bfs_distance"):
        mine, other = (
            effects(NetworkSubject(network, bfs.program), "bfs")
            for network in (compiled(name), symmetric(compiled(name), seed))
        )
        assert mine == other


def test_sites_are_equal_for_the_program_and_reached_by_both_runs():
    test = planned("bfs")
    sites, pairs = test.plan.sites, test.plan.pairs
    program = ProgramSubject(bfs.program)
    ends = torch.full((len(pairs.base),), 12)
    base, donor = (program.run(batch, ends).hidden for batch in (pairs.base, pairs.donor))
    equal = base[sites.step, sites.pair, sites.node] == donor[sites.step, sites.pair, sites.node]
    given = donor[sites.step, test.giver, sites.node]
    assert equal.all()
    assert (base[sites.step, sites.pair, sites.node] != given).any(-1).all()
    assert (sites.step >= 1).all() and (test.plan.lengths > sites.step).all()
    assert torch.equal(pairs.graph[test.giver], test.plan.graph)
    assert torch.bincount(test.plan.graph).max() <= 4
    assert test.past.any() and not test.past.all()


def test_equal_seeds_make_equal_plans():
    again = plan_unmapped(bfs.program, pairs_of("bfs"))
    assert torch.equal(again.plan.sites.node, planned("bfs").plan.sites.node)
    assert torch.equal(again.giver, planned("bfs").giver)


def test_graphs_without_a_site_have_no_plan():
    pairs = draw_pairs(bfs.program.interface, sample_reachability(0, 1, 3))
    assert plan_unmapped(bfs.program, pairs) is None
