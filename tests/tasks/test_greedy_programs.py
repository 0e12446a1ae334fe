"""Activity selection and task scheduling against brute force and recorded runs."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

from mechgap.errors import GraphError
from mechgap.semantics.inputs import join
from mechgap.tasks.greedy.activity_selector import task as activity_selector
from mechgap.tasks.greedy.task_scheduling import task as task_scheduling
from oracles.sequences import batch_of, marked, mismatches, run

SIZES = (1, 2, 3, 5, 8)
COUNT = 60

each = pytest.mark.parametrize("task", (activity_selector, task_scheduling), ids=lambda task: task.name)
sizes = pytest.mark.parametrize("size", SIZES)


@each
def test_recorded_runs_are_reproduced(task):
    assert not mismatches(task)


@each
@sizes
def test_every_node_is_considered_once(task, size):
    trace = run(task, task.sample(1, size, 6))
    assert trace.lengths.tolist() == [size + 1] * 6
    hint = "m" if task is activity_selector else "i"
    for graph in range(6):
        seen = [marked(trace, hint, frame, graph) for frame in range(1, size + 1)]
        assert sorted(seen) == list(range(size))


@each
def test_padding_changes_nothing(task):
    batches = [task.sample(size, size, 3) for size in (5, 1, 9, 2)]
    together, start = run(task, join(batches)), 0
    for batch in batches:
        alone, rows = run(task, batch), slice(start, start + 3)
        start += 3
        assert torch.equal(together.lengths[rows], alone.lengths)
        for port in task.program.interface.hints:
            same = together.values[port.name][: alone.frames, rows]
            same = same[..., : batch.width] if port.location.rank else same
            assert torch.equal(same, alone.values[port.name])


def activities(rng, size):
    """Begins and ends [COUNT, size], half of them with many ties; none is empty."""
    one, other = rng.random((2, COUNT, size))
    begins, ends = np.minimum(one, other), np.maximum(one, other) + 1e-6
    begins[: COUNT // 2] = rng.integers(0, 5, (COUNT // 2, size))
    ends[: COUNT // 2] = begins[: COUNT // 2] + rng.integers(1, 4, (COUNT // 2, size))
    return begins, ends


def compatible(chosen):
    """Whether activities, pairs of begin and end, do not overlap."""
    ordered = sorted(chosen)
    return all(one[1] <= other[0] for one, other in pairwise(ordered))


def most_compatible(rows):
    """The largest number of activities that do not overlap, by trying all sets."""
    return max(k for k in range(len(rows) + 1) if any(map(compatible, combinations(rows, k))))


@sizes
def test_as_many_activities_as_possible_are_selected(size):
    begins, ends = activities(np.random.default_rng(size), size)
    trace = run(activity_selector, batch_of(COUNT, size, s=begins, f=ends))
    for graph, selected in enumerate(trace.outputs["selected"]):
        rows = list(zip(begins[graph].tolist(), ends[graph].tolist(), strict=True))
        chosen = [row for row, is_in in zip(rows, selected.tolist(), strict=True) if is_in]
        assert compatible(chosen)
        assert len(chosen) == most_compatible(rows)


def test_activities_are_considered_in_the_order_in_which_they_end():
    begins, ends = activities(np.random.default_rng(0), 7)
    trace = run(activity_selector, batch_of(COUNT, 7, s=begins, f=ends))
    for graph in range(COUNT):
        order = [marked(trace, "m", frame, graph) for frame in range(1, 8)]
        assert order == sorted(range(7), key=ends[graph].__getitem__)
        for frame in range(1, 8):
            selected = trace.values["selected_h"][frame, graph].tolist()
            latest = [node for node in order[:frame] if selected[node]][-1]
            assert marked(trace, "k", frame, graph) == latest


def test_an_activity_ends_after_it_begins():
    batch = batch_of(2, 2, s=[[0, 1], [1, 0]], f=[[1, 1], [0, 1]])
    with pytest.raises(GraphError, match=r"graph 1[\s\S]*s <= f"):
        activity_selector.check(batch)


@sizes
def test_selected_jobs_keep_their_deadlines_and_the_others_came_too_late(size):
    rng = np.random.default_rng(size)
    deadlines = rng.integers(1, size + 1, (COUNT, size))
    values = np.where(
        rng.random((COUNT, 1)) < 0.5, rng.random((COUNT, size)), rng.integers(0, 3, (COUNT, size))
    )
    trace = run(task_scheduling, batch_of(COUNT, size, d=deadlines, w=values))
    for graph in range(COUNT):
        order = sorted(range(size), key=lambda node, row=values[graph]: -row[node])
        assert [marked(trace, "i", frame, graph) for frame in range(1, size + 1)] == order
        selected = trace.outputs["selected"][graph].tolist()
        slot = 0
        for frame, node in enumerate(order, start=1):
            assert selected[node] == (slot + 1 <= deadlines[graph, node])
            slot += selected[node]
            assert float(trace.values["t"][frame, graph]) == slot


@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.nan])
def test_deadlines_are_whole_and_positive(wrong):
    with pytest.raises(GraphError, match="d"):
        run(task_scheduling, batch_of(1, 3, d=[[1, wrong, 2]], w=[[0, 1, 2]]))
