"""Behaviour and trace errors: nothing wrong scores perfectly, a known share of wrong scores that share."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.measures.admissible import admissible_answers, admissible_trace, only_answers
from mechgap.measures.behaviour import behaviour
from mechgap.measures.traces import trace_errors
from mechgap.semantics.defined import where_defined
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.tasks.graphs import bellman_ford, bfs, dfs
from mechgap.tasks.samplers.graphs import sample_directed, sample_shortest_paths


@pytest.fixture(scope="module")
def other_ties(exact):
    """The run of an equally right realisation: every parent is the last admissible one."""
    choices, answers = admissible_trace(bfs.program, exact)
    width = exact.batch.width
    parents = (choices["pi_h"] * torch.arange(width)).argmax(-1)
    outputs = {"pi": (answers["pi"].choices * torch.arange(width)).argmax(-1)}
    return replace(exact, values={**exact.values, "pi_h": parents}, outputs=outputs)


@pytest.mark.parametrize("valid", [bfs.task.valid, None])
def test_a_reference_behaves_perfectly(exact, valid):
    answers = (only_answers if valid else admissible_answers)(bfs.program, exact)
    scores = behaviour(exact, exact, answers, valid)
    assert {name: s.value for name, s in scores.items()} == dict.fromkeys(scores, 1.0)
    assert scores["valid"].n == exact.batch.nodes.sum()
    assert scores["valid/graphs"].n == len(exact.batch)


@pytest.mark.parametrize("valid", [bfs.task.valid, None])
def test_other_ties_are_inaccurate_but_valid(exact, other_ties, valid):
    answers = (only_answers if valid else admissible_answers)(bfs.program, exact)
    scores = behaviour(other_ties, exact, answers, valid)
    assert scores["valid"].value == scores["valid/graphs"].value == 1.0
    assert scores["accuracy"].high < 1.0
    assert scores["accuracy/graphs"].value <= scores["accuracy"].value


def test_wrong_nodes_are_counted(exact):
    wrong = exact.outputs["pi"].clone()
    wrong[::2, 0] = (wrong[::2, 0] + 1) % exact.batch.width
    scores = behaviour(replace(exact, outputs={"pi": wrong}), exact, only_answers(bfs.program, exact), None)
    assert scores["accuracy"].value == pytest.approx(1 - 0.5 / exact.batch.width)
    assert scores["accuracy/graphs"].value == 0.5


def errors(trace, exact, program=bfs.program):
    choices, _ = admissible_trace(program, exact)
    defined = where_defined(program, exact.batch)
    return trace_errors(trace, exact, program.interface.hints, choices, defined)


@pytest.mark.parametrize(
    ("program", "batch"),
    [
        (bfs.program, None),
        (bellman_ford.program, sample_shortest_paths(0, 8, 6, p=0.5)),
        (dfs.program, sample_directed(0, 6, 4, p=0.4)),
    ],
    ids=["bfs", "bellman_ford", "dfs"],
)
def test_a_reference_has_no_trace_error(graphs, program, batch):
    exact = interpret(program, batch or graphs)
    found = errors(exact, exact, program)
    assert {s.value for s in found.scores.values()} == {0.0}
    assert set(found.curves) == {port.name for port in program.interface.hints}
    assert {len(curve) for curve in found.curves.values()} == {exact.frames - 1}


@pytest.fixture(scope="module")
def half_defined():
    """A task whose output and hint `b` are defined at some pairs only, and the negation of those pairs."""
    task = load("lcs_length")
    exact = interpret(task.program, task.sample(0, 8, 4))
    nowhere = ~where_defined(task.program, exact.batch)["b"]
    assert nowhere.any() and not nowhere.all()
    return task.program, exact, nowhere


def test_places_that_are_not_defined_count_in_no_score(half_defined):
    program, exact, nowhere = half_defined
    spoilt = torch.where(nowhere, (exact.outputs["b"] + 1) % 3, exact.outputs["b"])
    for answers in (only_answers(program, exact), admissible_answers(program, exact)):
        scores = behaviour(replace(exact, outputs={"b": spoilt}), exact, answers, None)
        assert {s.value for s in scores.values()} == {1.0}
    hint = program.interface.hints[0].name
    other = {port.name: exact.values[port.name].clone() for port in program.interface.hints}
    for name, mask in where_defined(program, exact.batch).items():
        if name in other:
            other[name] = torch.where(mask, other[name], (other[name] + 1) % 3)
    found = errors(replace(exact, values={**exact.values, **other}), exact, program)
    assert found.scores["error"].value == 0.0
    assert found.scores[f"error/{hint}"].n < exact.live[1:].sum() * exact.batch.width**2


def test_places_that_are_defined_count_in_scores(half_defined):
    program, exact, nowhere = half_defined
    spoilt = torch.where(nowhere, exact.outputs["b"], (exact.outputs["b"] + 1) % 3)
    answers = only_answers(program, exact)
    scores = behaviour(replace(exact, outputs={"b": spoilt}), exact, answers, None)
    assert scores["accuracy"].value < 1.0
    (answer,) = answers.values()
    rows = torch.tensor([1])
    assert torch.equal(answer.accepts(spoilt), nowhere)
    assert torch.equal(answer.equals(answer), ~nowhere)
    assert not answer.excludes(answer).any()
    assert torch.equal(answer.take(rows).accepts(spoilt[rows]), nowhere[rows])


def test_other_ties_have_no_trace_error(exact, other_ties):
    assert not torch.equal(other_ties.values["pi_h"], exact.values["pi_h"])
    assert errors(other_ties, exact).scores["error"].value == 0.0


def test_errors_are_the_share_of_wrong_places_in_live_frames(exact):
    """A mask that is wrong everywhere from frame 2 on; frame 0 and dead frames do not count."""
    values = exact.values["reach_h"].clone()
    values[2:] = ~values[2:]
    values[0] = ~values[0]
    found = errors(replace(exact, values={**exact.values, "reach_h": values}), exact)
    live = exact.live[1:].sum()
    late = exact.live[2:].sum()
    assert found.scores["error/reach_h"].value == pytest.approx(float(late / live))
    assert [s.value for s in found.curves["reach_h"]] == [0.0] + [1.0] * (exact.frames - 2)
    assert found.scores["error"].value == pytest.approx(float(late / live) / 2)
    assert found.curves["reach_h"][0].n == exact.live[1].sum() * exact.batch.width


def test_numbers_are_measured_by_their_distance():
    batch = sample_shortest_paths(0, 8, 6, p=0.5)
    exact = interpret(bellman_ford.program, batch)
    moved = {**exact.values, "d": exact.values["d"] + 0.25}
    found = errors(replace(exact, values=moved), exact, bellman_ford.program)
    assert found.scores["error/d"].value == pytest.approx(0.25, abs=1e-6)
    assert found.scores["error"].value == 0.0
