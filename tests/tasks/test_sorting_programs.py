"""The sorts against sorted(), recursions of their own, and recorded runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mechgap.errors import GraphError
from mechgap.semantics.inputs import join
from mechgap.tasks.sorting.bubble_sort import task as bubble_sort
from mechgap.tasks.sorting.heapsort import task as heapsort
from mechgap.tasks.sorting.insertion_sort import task as insertion_sort
from mechgap.tasks.sorting.quicksort import task as quicksort
from oracles.sequences import batch_of, marked, mismatches, numbers, run

SORTS = (insertion_sort, bubble_sort, heapsort, quicksort)
STABLE = (insertion_sort, bubble_sort)
SIZES = (1, 2, 3, 4, 7, 12)
COUNT = 60

each = pytest.mark.parametrize("task", SORTS, ids=lambda task: task.name)
sizes = pytest.mark.parametrize("size", SIZES)


def order_of(predecessors):
    """The elements from first to last, if every element points to the one before it."""
    after = {p: e for e, p in enumerate(predecessors) if p != e}
    order = [e for e, p in enumerate(predecessors) if p == e]
    while order[-1] in after:
        order.append(after[order[-1]])
    return order


@each
def test_recorded_runs_are_reproduced(task):
    assert not mismatches(task)


@each
@sizes
def test_the_last_order_is_sorted(task, size):
    keys = numbers(np.random.default_rng(size), COUNT, size)
    trace = run(task, batch_of(COUNT, size, key=keys))
    for row, predecessors in zip(keys, trace.outputs["pred"].tolist(), strict=True):
        order = order_of(predecessors)
        assert sorted(order) == list(range(size))
        assert [row[e] for e in order] == sorted(row)
        if task in STABLE:
            assert order == sorted(range(size), key=row.__getitem__)


@each
@pytest.mark.parametrize("row", [[0] * 6, [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 0, 1, 0, 1, 0]])
def test_orders_that_break_things(task, row):
    trace = run(task, batch_of(1, 6, key=[row]))
    order = order_of(trace.outputs["pred"][0].tolist())
    assert [row[e] for e in order] == sorted(row)


@each
def test_every_frame_holds_an_order_of_all_elements(task):
    keys = numbers(np.random.default_rng(0), 8, 7)
    trace = run(task, batch_of(8, 7, key=keys))
    for frame in trace.values["pred_h"].tolist():
        assert all(sorted(order_of(predecessors)) == list(range(7)) for predecessors in frame)


@each
def test_padding_changes_nothing(task):
    rng = np.random.default_rng(1)
    batches = [batch_of(4, size, key=numbers(rng, 4, size)) for size in (5, 1, 9, 2)]
    together, start = run(task, join(batches)), 0
    for batch in batches:
        alone, rows = run(task, batch), slice(start, start + 4)
        start += 4
        assert torch.equal(together.lengths[rows], alone.lengths)
        for port in task.program.interface.hints:
            same = together.values[port.name][: alone.frames, rows]
            same = same[..., : batch.width] if port.location.rank else same
            assert torch.equal(same, alone.values[port.name])


@each
@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_keys_are_numbers(task, wrong):
    with pytest.raises(GraphError, match="key"):
        run(task, batch_of(1, 3, key=[[0, wrong, 1]]))


@each
@sizes
def test_samples_are_sorted(task, size):
    batch = task.sample(3, size, 5)
    trace = run(task, batch)
    keys = batch.values["key"]
    for row, predecessors in zip(keys.tolist(), trace.outputs["pred"].tolist(), strict=True):
        assert [row[e] for e in order_of(predecessors)] == sorted(row)


@sizes
def test_insertion_sort_sorts_one_more_element_in_every_frame(size):
    keys = numbers(np.random.default_rng(2), 20, size)
    trace = run(insertion_sort, batch_of(20, size, key=keys))
    assert trace.lengths.tolist() == [size] * 20
    for graph, row in enumerate(keys):
        for frame in range(size):
            prefix = sorted(range(frame + 1), key=row.__getitem__)
            assert order_of(trace.values["pred_h"][frame, graph].tolist()) == [
                *prefix,
                *range(frame + 1, size),
            ]
            assert marked(trace, "j", frame, graph) == frame
            behind = prefix[prefix.index(frame) + 1 :] or [frame]
            assert marked(trace, "i", frame, graph) == behind[0]


@sizes
def test_bubble_sort_places_one_more_element_in_every_pass(size):
    keys = numbers(np.random.default_rng(3), 20, size)
    trace = run(bubble_sort, batch_of(20, size, key=keys))
    assert trace.lengths.tolist() == [1 + size * (size - 1) // 2] * 20
    for graph, row in enumerate(keys):
        frame = 0
        for placed in range(1, size):
            frame += size - placed
            order = order_of(trace.values["pred_h"][frame, graph].tolist())
            assert order[:placed] == sorted(range(size), key=row.__getitem__)[:placed]
            assert marked(trace, "i", frame, graph) == order[placed - 1]


@sizes
def test_heapsort_builds_a_heap_and_takes_the_greatest_away(size):
    keys = numbers(np.random.default_rng(4), 20, size)
    trace = run(heapsort, batch_of(20, size, key=keys))
    for graph, row in enumerate(keys):
        extracted = 0
        for frame in range(trace.lengths[graph]):
            phase = trace.values["phase"][frame, graph]
            order = order_of(trace.values["pred_h"][frame, graph].tolist())
            extracted += int(phase == 1)
            assert sorted(row[e] for e in order[size - extracted :]) == sorted(row)[size - extracted :]
            assert marked(trace, "heap_size", frame, graph) == order[size - extracted - 1]
            parents = trace.values["parent"][frame, graph].tolist()
            heap = size - extracted
            for slot, element in enumerate(order):
                expected = order[(slot - 1) // 2] if 0 < slot < heap else element
                assert parents[element] == expected
        assert extracted == size - 1


@sizes
def test_the_heap_is_in_order_when_the_first_element_leaves_it(size):
    keys = numbers(np.random.default_rng(5), 20, size)
    trace = run(heapsort, batch_of(20, size, key=keys))
    for graph, row in enumerate(keys):
        built = int((trace.values["phase"][: trace.lengths[graph], graph] == 0).sum()) - 1
        parents = trace.values["parent"][built, graph].tolist()
        assert all(row[parents[element]] >= row[element] for element in range(size))
        assert built >= size


def partition_sizes(row):
    """The sizes of the parts that quicksort partitions, as lists: the last key parts the others."""
    if len(row) < 2:
        return []
    small = [x for x in row[:-1] if x <= row[-1]]
    sizes_left = partition_sizes(small)
    # Which order the greater ones end in follows from the exchanges.
    slots = list(row)
    gap = 0
    for j in range(len(slots)):
        if slots[j] <= row[-1]:
            slots[gap], slots[j] = slots[j], slots[gap]
            gap += 1
    assert slots[: gap - 1] == small
    return [len(row), *sizes_left, *partition_sizes(slots[gap:])]


@sizes
def test_quicksort_takes_as_many_steps_as_its_parts_have_elements(size):
    keys = numbers(np.random.default_rng(6), 40, size)
    trace = run(quicksort, batch_of(40, size, key=keys))
    expected = [max(1, sum(partition_sizes(row.tolist()))) for row in keys]
    assert trace.lengths.tolist() == expected


def test_quicksort_of_sorted_keys_is_the_longest_and_stays_in_its_limit():
    for size in (1, 2, 3, 10):
        trace = run(quicksort, batch_of(1, size, key=[np.arange(size)]))
        assert trace.lengths.tolist() == [max(1, size * (size + 1) // 2 - 1)]
