"""Runs in parts: the same runs, and parts as small as the memory wants."""

from __future__ import annotations

import pytest
import torch

from mechgap.errors import GraphError
from mechgap.lab import parts
from mechgap.lab.parts import interpret_in_parts
from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load


@pytest.mark.parametrize("budget", [1, 2000, 20_000, parts.BUDGET])
@pytest.mark.parametrize("name", ["bfs", "dfs", "floyd_warshall", "kmp_matcher"])
def test_the_runs_are_those_of_the_whole(name, budget):
    task = load(name)
    batch = task.sample(4, 8, 21)
    whole = interpret(task.program, batch, dtype=torch.float64)
    found = list(interpret_in_parts(task.program, batch, torch.float64, budget))
    assert sum(len(trace.batch) for trace in found) == 21
    assert torch.equal(torch.cat([trace.lengths for trace in found]), whole.lengths)
    for output, value in whole.outputs.items():
        assert torch.equal(torch.cat([trace.outputs[output] for trace in found]), value)
    start = 0
    for trace in found:
        stop = start + len(trace.batch)
        for variable in task.program.hints:
            expected = whole.values[variable.name][: trace.frames, start:stop]
            assert torch.equal(trace.values[variable.name], expected)
        start = stop


def test_parts_grow_until_they_fill_the_budget():
    task = load("bfs")
    found = list(interpret_in_parts(task.program, task.sample(0, 16, 4000), budget=2**18))
    sizes = [len(trace.batch) for trace in found]
    assert sizes[0] < sizes[1] <= 4 * sizes[0]
    assert sizes[1] < max(sizes)
    for trace in found:
        hints = (trace.values.packed[variable.name] for variable in task.program.hints)
        assert sum(value.nbytes for value in hints) <= 2**19  # a run may be longer than those before
    alone = interpret_in_parts(task.program, task.sample(0, 16, 5), budget=1)
    assert [len(trace.batch) for trace in alone] == [1] * 5


def test_the_largest_graph_decides():
    task = load("bfs")
    batch = join([task.sample(0, 2, 1), task.sample(0, 40, 3)])
    assert sum(len(trace.batch) for trace in interpret_in_parts(task.program, batch, budget=5000)) == 4


def test_bad_inputs_are_told_before_any_run():
    task = load("bfs")
    batch = task.sample(0, 4, 2)
    values = {**batch.values, "A": batch.values["A"] * float("nan")}
    with pytest.raises(GraphError, match="input A"):
        next(interpret_in_parts(task.program, Batch(values, batch.nodes)))
