"""Minimum, binary search, quickselect and Kadane's algorithm against plain Python and recorded runs."""

from __future__ import annotations

import bisect
import math

import numpy as np
import pytest
import torch

from mechgap.errors import GraphError
from mechgap.semantics.inputs import join
from mechgap.tasks.dynamic.find_maximum_subarray_kadane import task as kadane
from mechgap.tasks.searching.binary_search import task as binary_search
from mechgap.tasks.searching.minimum import task as minimum
from mechgap.tasks.searching.quickselect import task as quickselect
from oracles.sequences import batch_of, marked, mismatches, numbers, run

SIZES = (1, 2, 3, 4, 7, 12)
COUNT = 80

each = pytest.mark.parametrize("task", (minimum, binary_search, quickselect, kadane), ids=lambda t: t.name)
sizes = pytest.mark.parametrize("size", SIZES)


@each
def test_recorded_runs_are_reproduced(task):
    assert not mismatches(task)


@each
@sizes
def test_samples_run(task, size):
    trace = run(task, task.sample(1, size, 6))
    assert all((output.sum(1) == 1).all() for output in trace.outputs.values())


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


@each
def test_keys_are_numbers(task):
    batch = task.sample(0, 4, 2)
    batch.values["key"][1, 2] = math.nan
    with pytest.raises(GraphError, match="key"):
        run(task, batch)


@sizes
def test_minimum_is_the_smallest_of_the_keys_seen(size):
    keys = numbers(np.random.default_rng(size), COUNT, size)
    trace = run(minimum, batch_of(COUNT, size, key=keys))
    assert trace.lengths.tolist() == [size] * COUNT
    for graph, row in enumerate(keys):
        for frame in range(size):
            seen = row[: frame + 1].tolist()
            assert marked(trace, "min_h", frame, graph) == seen.index(min(seen))
            assert marked(trace, "i", frame, graph) == frame
    assert trace.outputs["min"].int().argmax(1).tolist() == keys.argmin(1).tolist()


@sizes
def test_binary_search_is_bisection(size):
    rng = np.random.default_rng(size)
    keys = np.sort(numbers(rng, COUNT, size))
    targets = np.where(rng.random(COUNT) < 0.5, rng.uniform(-3, 3, COUNT), keys[:, size // 2])
    trace = run(binary_search, batch_of(COUNT, size, key=keys, target=targets))
    found = trace.outputs["return"].int().argmax(1).tolist()
    for row, target, answer in zip(keys.tolist(), targets, found, strict=True):
        assert answer == min(bisect.bisect_left(row, target), size - 1)
    longest = 1 + math.ceil(math.log2(size))
    assert all(longest - 1 <= length <= longest for length in trace.lengths.tolist())


def test_binary_search_halves_what_is_left():
    keys = np.sort(numbers(np.random.default_rng(0), 10, 20))
    trace = run(binary_search, batch_of(10, 20, key=keys, target=np.linspace(-1, 1, 10)))
    for graph in range(10):
        for frame in range(trace.lengths[graph]):
            low, mid, high = (marked(trace, name, frame, graph) for name in ("low", "mid", "high"))
            assert mid == (low + high) // 2
            assert high - low <= 19 / 2**frame


def test_binary_search_wants_sorted_keys():
    batch = batch_of(2, 3, key=[[0, 0, 1], [0, 2, 1]], target=[0, 0])
    with pytest.raises(GraphError, match=r"graph 1[\s\S]*not sorted"):
        binary_search.check(batch)
    padded = join([batch_of(1, 1, key=[[5]], target=[0]), batch_of(1, 3, key=[[1, 2, 2]], target=[0])])
    assert run(binary_search, padded).lengths.tolist() == [1, 3]


def visited_sizes(row, place):
    """The sizes of the parts that are partitioned until the element of a place is found."""
    slots, gap = list(row), 0
    for j in range(len(slots)):
        if slots[j] <= row[-1]:
            slots[gap], slots[j] = slots[j], slots[gap]
            gap += 1
    pivot = gap - 1
    if place == pivot:
        return [len(row)]
    if place < pivot:
        return [len(row), *visited_sizes(slots[:pivot], place)]
    return [len(row), *visited_sizes(slots[gap:], place - gap)]


@sizes
def test_quickselect_finds_the_median(size):
    keys = numbers(np.random.default_rng(size), COUNT, size)
    trace = run(quickselect, batch_of(COUNT, size, key=keys))
    medians = trace.outputs["median"].int().argmax(1).tolist()
    for row, median in zip(keys, medians, strict=True):
        assert row[median] == sorted(row)[size // 2]
    expected = [sum(visited_sizes(row.tolist(), size // 2)) for row in keys]
    assert trace.lengths.tolist() == expected


def test_quickselect_of_sorted_keys_stays_in_its_limit():
    for keys in (np.arange(9.0), np.arange(9.0)[::-1].copy(), np.zeros(9)):
        trace = run(quickselect, batch_of(1, 9, key=[keys]))
        assert keys[trace.outputs["median"][0].int().argmax()] == np.sort(keys)[4]


def best_stretch(row):
    """(sum, end, begin) of the stretch with the greatest sum that ends first, the longest of those."""
    stretches = [(sum(row[i : j + 1]), -j, -i) for j in range(len(row)) for i in range(j + 1)]
    total, end, begin = max(stretches)
    return total, -end, -begin


@sizes
def test_kadane_finds_the_best_stretch(size):
    rng = np.random.default_rng(size)
    keys = rng.integers(-3, 4, (COUNT, size)).astype(float)
    trace = run(kadane, batch_of(COUNT, size, key=keys))
    assert trace.lengths.tolist() == [size] * COUNT
    for graph, row in enumerate(keys.tolist()):
        for frame in range(size):
            total, end, begin = best_stretch(row[: frame + 1])
            assert float(trace.values["best_sum"][frame, graph]) == total
            assert marked(trace, "best_high", frame, graph) == end
            assert marked(trace, "best_low", frame, graph) == begin
    first = trace.outputs["start"].int().argmax(1)
    last = trace.outputs["end"].int().argmax(1)
    assert (first <= last).all()


@pytest.mark.parametrize("row", [[-1, -2, -3], [0, 0, 0], [2, -1, 2], [-5, 4, -1], [1, -1, 1]])
def test_kadane_on_rows_that_break_things(row):
    trace = run(kadane, batch_of(1, 3, key=[row]))
    total, end, begin = best_stretch(row)
    assert float(trace.values["best_sum"][-1, 0]) == total
    assert trace.outputs["end"][0].tolist().index(True) == end
    assert trace.outputs["start"][0].tolist().index(True) == begin
