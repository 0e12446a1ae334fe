"""Parts of the legacy norm: single choices, even attention, and rows of which there are none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.compiler.passes import compile_program
from mechgap.lab.norm_parts import norm_parts
from mechgap.measures.routing import matched_routing
from mechgap.measures.subject import subject_of
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

BFS = load("bfs")


@pytest.fixture(scope="module")
def runs():
    exact = interpret(BFS.program, BFS.sample(0, 7, 12, p=0.3), selections=True)
    subject = subject_of(compile_program(BFS.program).network, BFS.program)
    return exact, subject.run(exact.batch, exact.lengths, attention=True)


def spread(trace):
    """The same run with even attention over all nodes."""
    return replace(trace, attention=tuple(torch.full_like(a, 1 / a.shape[-1]) for a in trace.attention))


def test_a_network_is_at_no_distance_from_itself(runs):
    exact, trace = runs
    parts = norm_parts(trace, trace, exact)
    assert [parts[f"square/{kind}"].value for kind in ("idle", "active")] == [0.0, 0.0]
    assert parts["square/idle"].n + parts["square/active"].n == int((exact.live[1:].sum()) * 7)


def test_even_attention_costs_less_than_one_whatever_the_reference_does(runs):
    exact, trace = runs
    parts = norm_parts(spread(trace), trace, exact)
    for kind in ("idle", "active"):
        assert parts[f"sharpness/{kind}"].value == pytest.approx(1 / 7, abs=1e-6)
        assert parts[f"square/{kind}"].value == pytest.approx(1 - 1 / 7, abs=1e-6)


def test_the_parts_make_up_the_norm(runs):
    """One graph and one step: the norm is the root of half the mean square."""
    exact, _ = runs
    one = interpret(BFS.program, exact.batch.take(torch.tensor([0])), selections=True)
    run = subject_of(compile_program(BFS.program).network, BFS.program).run(
        one.batch, torch.tensor([2]), attention=True
    )
    first = replace(one, lengths=torch.tensor([2]))
    parts = norm_parts(spread(run), run, _cut(first))
    total = sum(parts[key].value * parts[key].n for key in parts if key.startswith("square/")) / 7
    norm = matched_routing(spread(run), run, _cut(first))["norm"].value
    assert norm == pytest.approx((total / 2) ** 0.5, abs=1e-6)


def _cut(exact):
    """The run up to its second frame."""
    selections = {
        name: replace(s, admissible=s.admissible[:1], active=s.active[:1])
        for name, s in exact.selections.items()
    }
    values = {name: value[:2] for name, value in exact.values.items()}
    return replace(exact, values=values, selections=selections)


def test_without_attention_there_are_no_parts(runs):
    exact, trace = runs
    assert norm_parts(replace(trace, attention=()), trace, exact) == {}
