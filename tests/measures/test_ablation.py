"""Removing senders: exact networks of every family need only whom the program selects; others need more."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from measures.symmetries import symmetric
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.measures.ablation import GRAPHS, ROWS, Rows, ablation
from mechgap.nets.config import clrs_config, mpnn_config
from mechgap.nets.network import Network
from mechgap.nets.symmetries import rearrange
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

TASKS = (
    "bfs",
    "bellman_ford",
    "dijkstra",
    "mst_prim",
    "dfs",
    "components",
    "widest_path",
    "topological_sort",
)
TARGETS = ("gatv2", "mpnn", "transformer")


@cache
def run(name):
    task = load(name)
    return interpret(task.program, task.sample(0, 8, 10, p=0.35), selections=True)


@cache
def compiled(name, target="gatv2"):
    return compile_program(load(name).program, CompileSettings(n=16, target=target)).network


@cache
def untrained(seed, make=clrs_config, layer_norm=True):
    return Network(make(load("bfs").program.interface, hidden=16, layer_norm=layer_norm), seed=seed)


def removed(network, name="bfs"):
    return ablation(network, load(name).program, run(name), Rows.drawn(run(name)))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", TASKS)
def test_exact_networks_need_only_whom_the_program_selects(name, target):
    """In the rounds that look at all nodes too: a selection over the graph is heard by every node."""
    found = removed(compiled(name, target), name)
    assert found["gap"].n > 0
    assert found["gap"].value == found["gap"].high == 0.0
    assert found["top1"].value == 1.0


@pytest.mark.parametrize("make", [clrs_config, mpnn_config])
@pytest.mark.parametrize("seed", range(2))
def test_untrained_networks_need_others(seed, make):
    found = removed(untrained(seed, make))
    assert found["gap"].low > 0.2
    assert found["gap"].ideal == 0.0 and found["top1"].ideal == 1.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dijkstra"])
def test_symmetries_change_nothing(name, seed):
    assert removed(symmetric(compiled(name), seed), name) == removed(compiled(name), name)


@pytest.mark.parametrize("seed", range(3))
def test_symmetries_of_untrained_networks_change_nothing(seed):
    free = untrained(1, layer_norm=False)
    plain, moved = removed(free), removed(symmetric(free, seed))
    assert moved["gap"].value == pytest.approx(plain["gap"].value, abs=1e-5)


@pytest.mark.parametrize("target", ["mpnn", "transformer"])
def test_symmetries_of_other_families_change_nothing(target):
    network = compiled("bellman_ford", target)
    other = rearrange(network, torch.Generator().manual_seed(0), 32).network
    assert removed(other, "bellman_ford") == removed(network, "bellman_ford")


def test_softer_attention_changes_nothing_while_predictions_stay():
    """What is left of a soft choice changes no prediction of an exact decoder beyond its rounding."""
    from copy import deepcopy

    soft = deepcopy(compiled("bfs"))
    with torch.no_grad():
        soft.rounds[0].attend.mul_(2.0**-6)
    assert removed(soft)["gap"].value < 0.01


def test_rows_without_effect_are_told():
    found = removed(compiled("bellman_ford"), "bellman_ford")["gap"]
    rows = Rows.drawn(run("bellman_ford"))
    assert 0 < found.n < len(rows.node)
    assert f"{found.n} of {len(rows.node)} rows" in found.note


def test_rows_are_active_and_few():
    exact = run("bfs")
    rows, again = Rows.drawn(exact), Rows.drawn(exact)
    selection = exact.selections["offering"]
    assert selection.active[rows.step, rows.graph, rows.node].all()
    assert torch.equal(selection.admissible[rows.step, rows.graph, rows.node], rows.admissible)
    assert torch.bincount(rows.graph).max() <= ROWS and rows.graph.max() < GRAPHS
    assert torch.equal(rows.node, again.node)


def test_programs_without_selections_have_no_rows():
    assert Rows.drawn(interpret(load("bfs").program, run("bfs").batch)) is None
