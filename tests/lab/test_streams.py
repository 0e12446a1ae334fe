"""Endless traces: functions of the seed and their number, and those that training sees."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import mechgap
from mechgap.errors import GraphError, NotFoundError
from mechgap.lab.learning import traces as training_traces
from mechgap.lab.streams import TRAINING, traces
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.training.settings import TrainingSettings


def equal(one, other):
    return torch.equal(one.lengths, other.lengths) and all(
        torch.equal(value, other.values[name]) for name, value in one.values.items()
    )


def inputs(trace):
    return trace.batch.values["A"]


def test_a_stream_goes_on_for_ever_and_says_where_it_is():
    stream = traces("bfs", sizes=(4, 6), batch=3)
    found = list(itertools.islice(stream, 5))
    assert [trace.batch.width for trace in found] == [4, 6, 4, 6, 4]
    assert stream.step == 5
    assert len({inputs(trace).sum().item() for trace in found}) == 5
    assert equal(next(stream), stream.at(5))


def test_each_trace_is_made_without_those_before_it():
    first, other = (
        traces("dfs", sizes=(5,), batch=4, seed=3),
        traces(load("dfs"), sizes=(5,), batch=4, seed=3),
    )
    other.step = 2
    expected = list(itertools.islice(first, 4))
    assert equal(next(other), expected[2])
    assert equal(other.at(1), expected[1])
    assert other.step == 3
    assert not torch.equal(inputs(traces("dfs", sizes=(5,), batch=4, seed=4).at(1)), inputs(expected[1]))


def test_training_sees_the_same_traces_as_ever():
    task, settings = load("bfs"), TrainingSettings(sizes=(4, 5, 7), batch=4, seed=9)
    source = training_traces(task, settings)
    stream = traces(task, sizes=settings.sizes, batch=4, seed=9, p=settings.connectivity)
    for step in (0, 1, 5):
        rng = np.random.default_rng((9, TRAINING, step))
        batch = task.sample(rng, settings.size(step), 4, p=settings.connectivity)
        assert equal(source(step), interpret(task.program, batch))
        assert equal(source(step), stream.at(step))


def test_positions_can_be_random():
    even, drawn = (traces("bfs", sizes=(6,), batch=2, random_pos=flag).at(0) for flag in (False, True))
    assert torch.allclose(even.batch.values["pos"][0], torch.arange(6) / 6)
    assert (drawn.batch.values["pos"].diff(dim=1) >= 0).all()
    assert not torch.equal(drawn.batch.values["pos"][0], drawn.batch.values["pos"][1])
    assert torch.equal(inputs(even), inputs(drawn))


def test_connectivity_can_be_chosen():
    assert not inputs(traces("dfs", sizes=(6,), p=0.0).at(0)).any()
    assert inputs(traces("dfs", sizes=(6,), p=[1.0]).at(0)).all()


@pytest.mark.parametrize("wrong", [{"sizes": ()}, {"sizes": (4, 0)}, {"batch": 0}, {"seed": -1}])
def test_what_cannot_be_drawn_is_told_at_once(wrong):
    with pytest.raises(GraphError, match="a stream of traces of bfs"):
        traces("bfs", **wrong)


def test_unknown_tasks_are_told():
    with pytest.raises(NotFoundError, match="bsf"):
        mechgap.traces("bsf")
