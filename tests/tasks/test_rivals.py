"""Rivals: parallel and sequential programs of one input-output map, with the same ports."""

from __future__ import annotations

import importlib
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from oracles.graphs import batch_of, weighted

RIVALS = (
    ("graphs.bfs", "graphs.bfs_seq"),
    ("graphs.bellman_ford", "graphs.bellman_ford_seq"),
    ("graphs.components", "graphs.components_seq"),
    ("graphs.transitive_closure", "graphs.transitive_closure_seq"),
    ("graphs.independent_set", "graphs.independent_set_seq"),
    ("graphs.boruvka", "graphs.mst_kruskal_light"),
    ("sorting.odd_even_sort", "sorting.bubble_sort_light"),
    ("sorting.odd_even_sort", "sorting.insertion_sort_light"),
)
"""Parallel program, and a sequential one that gives the same outputs."""

SORTS = sorted({name for pair in RIVALS for name in pair if name.startswith("sorting")})

every_pair = pytest.mark.parametrize("pair", RIVALS, ids=lambda pair: pair[1].rpartition(".")[2])


def task_of(module):
    return importlib.import_module(f"mechgap.tasks.{module}").task


@every_pair
def test_rivals_have_the_same_ports(pair):
    parallel, sequential = (task_of(name).program for name in pair)
    assert parallel.interface == sequential.interface
    assert parallel.digest != sequential.digest
    assert sequential.name in parallel.text or parallel.name in sequential.text


@every_pair
def test_rivals_give_the_same_answers(pair):
    tasks = [task_of(name) for name in pair]
    for size in (1, 2, 3, 8, 17):
        for p in (None, 0.2, 0.6):
            batch = tasks[0].sample(size, size, 20, p=p)
            own, other = (interpret(task.program, batch).outputs for task in tasks)
            for name, value in own.items():
                assert torch.equal(value, other[name])


@every_pair
def test_the_last_frames_of_rivals_agree_on_what_the_outputs_show(pair):
    tasks = [task_of(name) for name in pair]
    batch = tasks[0].sample(5, 9, 20)
    own, other = (interpret(task.program, batch) for task in tasks)
    shown = [name for name in own.values if name not in ("pi", "pi_h") and name in other.values]
    hints = {port.name for port in tasks[0].program.interface.hints}
    for name in set(shown) & hints:
        assert torch.equal(own.values[name][-1], other.values[name][-1])


@every_pair
def test_the_parallel_one_is_faster_on_large_graphs(pair):
    parallel, sequential = (task_of(name) for name in pair)
    batch = parallel.sample(1, 40, 10)
    short, long = (interpret(task.program, batch).lengths.sum() for task in (parallel, sequential))
    assert short < long or pair[1].endswith("insertion_sort_light")  # which searches in one step


@given(weighted(), st.integers(0, 100))
@settings(max_examples=60)
def test_rivals_agree_on_graphs_with_ties(graph, source):
    """All but shortest paths, where each takes another of several shortest paths."""
    weights, adjacency = graph
    both = adjacency | adjacency.T
    batch = batch_of(both, source % len(both), np.maximum(weights, weights.T) * both)
    for pair in RIVALS:
        if pair[0].startswith("graphs") and "bellman_ford" not in pair[0]:
            own, other = (interpret(task_of(name).program, batch).outputs for name in pair)
            for name, value in own.items():
                assert torch.equal(value, other[name]), pair


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, -3.0]), min_size=1, max_size=9))
def test_sorts_keep_the_order_of_equal_keys(keys):
    order = sorted(range(len(keys)), key=lambda v: keys[v])
    expected = list(range(len(keys)))
    for left, right in pairwise(order):
        expected[right] = left
    expected[order[0]] = order[0]
    values = {"key": torch.tensor([keys]), "pos": torch.arange(len(keys))[None] / len(keys)}
    batch = Batch(values, torch.ones(1, len(keys), dtype=torch.bool))
    for name in SORTS:
        assert interpret(task_of(name).program, batch).outputs["pred"][0].tolist() == expected, name


def test_odd_even_sort_compares_every_second_pair_in_turn():
    task = task_of("sorting.odd_even_sort")
    values = {"key": torch.tensor([[4.0, 3.0, 2.0, 1.0]]), "pos": torch.arange(4)[None] / 4}
    trace = interpret(task.program, Batch(values, torch.ones(1, 4, dtype=torch.bool)))
    assert trace.values["held"][:, 0].tolist() == [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [1, 3, 0, 2],
        [3, 1, 2, 0],
        [3, 2, 1, 0],
    ]
    assert trace.frames == 5
