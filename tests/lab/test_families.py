"""Families of graphs for any program."""

from __future__ import annotations

import pytest
import torch

from compiler.cases import SMALLEST
from mechgap.lab.families import DEGREE, FAMILIES, sparse_chance
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import anywhere, node
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.defaults import default_task

BY_NAME = {family.name: family for family in FAMILIES}


@pytest.mark.parametrize("name", NAMES)
def test_every_program_runs_on_every_family_that_fits(name):
    task = load(name)
    fitting = [family for family in FAMILIES if family.fits(task)]
    assert fitting[0].name == "sampled"
    for family in fitting:
        for size in (SMALLEST.get(name, 1), 5):
            batch = family.build(task, 0, size, 2)
            assert len(batch) == 2
            task.check(batch)
            assert interpret(task.program, batch).frames >= 1


def test_families_that_break_what_a_task_requires_are_left_out():
    def left_out(name):
        return [family.name for family in FAMILIES if not family.fits(load(name))]

    loops = ["all loops"]
    assert left_out("bellman_ford") == left_out("mst_kruskal") == []
    assert left_out("dag_shortest_paths") == left_out("topological_sort") == loops
    edges = ["sparse", "complete", "disconnected", "all loops", "no loops"]
    assert left_out("insertion_sort") == left_out("binary_search") == edges
    assert left_out("jarvis_march") == ["sparse", "complete", "disconnected", "equal numbers", *edges[3:]]


def test_families_are_what_they_are_called():
    task = load("bellman_ford")
    drawn = {name: family.build(task, 1, 12, 8).values for name, family in BY_NAME.items()}
    own = torch.eye(12, dtype=torch.bool)
    assert bool(drawn["complete"]["adj"].all())
    apart = drawn["disconnected"]["adj"]
    assert not bool(apart[:, :4, 4:].any()) and not bool(apart[:, -1, :-1].any())
    assert bool((drawn["all loops"]["A"][:, own] > 0).all())
    assert bool((drawn["no loops"]["A"][:, own] == 0).all())
    equal = drawn["equal numbers"]["A"]
    assert len(equal.unique()) == 2
    degree = float((drawn["sparse"]["A"] != 0)[:, ~own].float().mean()) * 11
    assert degree == pytest.approx(DEGREE, abs=1)


def test_sparse_means_the_same_for_directed_graphs():
    assert sparse_chance(load("dfs"), 16) == pytest.approx(DEGREE / 15)
    assert sparse_chance(load("bfs"), 16) == pytest.approx((DEGREE / 15) ** 0.5, rel=0.05)
    assert sparse_chance(load("bfs"), 1) == 1.0


def test_families_about_inputs_that_a_program_lacks_are_left_out():
    mark = node.mask("mark")
    seen = node.mask("seen")
    program = Program("copy", (mark,), {seen: mark}, {}, ~anywhere(~(seen == seen)), {"seen": seen})
    task = default_task(program)
    assert [f.name for f in FAMILIES if f.fits(task)] == ["sampled", "sparse", "complete"]
