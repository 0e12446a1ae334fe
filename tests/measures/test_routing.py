"""Laws of the routing measures on attention made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.measures.routing import Attention, admissible_routing, matched_routing
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import bfs


def attending(exact, *heads):
    """The trace with one round of attention that has the given heads [T-1, B, N, N]."""
    return replace(exact, attention=(torch.stack(heads, dim=2),))


def only(index, like):
    return torch.nn.functional.one_hot(index, like.shape[-1]).float()


@pytest.fixture(scope="module")
def offering(exact):
    return exact.selections["offering"]


@pytest.fixture(scope="module")
def first(exact, offering):
    """Attention of the reference: the first admissible sender, and oneself where nothing is decided."""
    return only(offering.chosen, offering.admissible)


@pytest.fixture(scope="module")
def last(first, offering):
    """Other ties: the last admissible sender."""
    width = first.shape[-1]
    index = (offering.admissible * torch.arange(width)).argmax(-1)
    return torch.where(offering.active[..., None], only(index, first), first)


@pytest.fixture(scope="module")
def uniform(first, offering):
    spread = offering.admissible / offering.admissible.sum(-1, keepdim=True).clamp(min=1)
    return torch.where(offering.active[..., None], spread, first)


def spoiled(attention, admissible, mass):
    """The attention with some of its mass moved off the admissible set (rows with other senders only)."""
    outside = ~admissible
    away = outside / outside.sum(-1, keepdim=True).clamp(min=1)
    return torch.where(outside.any(-1, keepdim=True), (1 - mass) * attention + mass * away, attention)


def test_a_reference_has_no_distance_to_itself(exact, first):
    trace = attending(exact, first)
    scores = {**admissible_routing(trace, exact), **matched_routing(trace, trace, exact)}
    assert scores["top1"].value == 1.0
    for name in ("gap", "norm", "jsd/all", "jsd/active"):
        assert scores[name].value == scores[name].high == 0.0


def test_only_the_norm_is_legacy(exact, first):
    trace = attending(exact, first)
    scores = {**admissible_routing(trace, exact), **matched_routing(trace, trace, exact)}
    assert {name for name, s in scores.items() if s.legacy} == {"norm"}


@pytest.mark.parametrize("variant", ["last", "uniform"])
def test_other_ties_move_the_strict_measures_only(exact, first, variant, request):
    trace = attending(exact, request.getfixturevalue(variant))
    mine = admissible_routing(trace, exact)
    assert mine["gap"].value == pytest.approx(0.0, abs=1e-7)
    assert mine["top1"].value == 1.0
    strict = matched_routing(trace, attending(exact, first), exact)
    assert all(strict[name].low > 0 for name in ("norm", "jsd/all", "jsd/active"))


@pytest.mark.parametrize("variant", ["first", "last", "uniform"])
def test_the_largest_weights_are_inside_for_every_exact_choice(exact, variant, request):
    """A row with one weight that is not zero has one largest weight, however many may be taken."""
    scores = admissible_routing(attending(exact, request.getfixturevalue(variant)), exact)
    assert scores["overlap"].value == scores["overlap"].ideal == 1.0


def test_overlap_counts_as_many_weights_as_may_be_taken(exact, first, offering):
    """An outsider in second place is found by the overlap where two may be taken, never by the top one."""
    several = offering.admissible.sum(-1) > 1
    trace = attending(exact, spoiled(first, offering.admissible, 0.25))
    scores = admissible_routing(trace, exact)
    rows = exact.live[1:, :, None] & exact.batch.nodes & offering.active
    assert bool((several & rows).any())
    assert scores["top1"].value == 1.0
    assert scores["overlap"].value < 1.0


@pytest.mark.parametrize("mass", [0.0, 0.1, 0.75, 1.0])
def test_mass_off_the_admissible_set_is_the_gap(exact, first, offering, mass):
    scores = admissible_routing(attending(exact, spoiled(first, offering.admissible, mass)), exact)
    assert scores["gap"].value == pytest.approx(mass, abs=1e-6)
    if mass != 0.75:
        assert scores["top1"].value == float(mass < 0.5)


def test_rows_that_decide_nothing_do_not_count(exact, first, offering):
    noise = torch.rand(first.shape, generator=torch.Generator().manual_seed(0)).softmax(-1)
    trace = attending(exact, torch.where(offering.active[..., None], first, noise))
    assert admissible_routing(trace, exact)["gap"].value == 0.0
    strict = matched_routing(trace, attending(exact, first), exact)
    assert strict["jsd/active"].value == 0.0
    assert strict["jsd/all"].value > 0.1
    assert strict["norm"].value > 0.1


def test_the_best_head_is_taken_once_and_named(exact, first, last, offering):
    poor = spoiled(first, offering.admissible, 0.9)
    one = admissible_routing(attending(exact, poor, last), exact)
    other = admissible_routing(attending(exact, last, poor), exact)
    assert one["gap"].value == other["gap"].value == 0.0
    assert "round 1, head 2" in one["gap"].note
    assert "round 1, head 1" in other["gap"].note
    half = torch.arange(first.shape[1]) % 2 == 0
    split = [torch.where(pick[None, :, None, None], first, poor) for pick in (half, ~half)]
    assert admissible_routing(attending(exact, *split), exact)["gap"].value > 0.2


def test_rounds_and_heads_are_alike(exact, first, last, offering):
    poor = spoiled(first, offering.admissible, 0.4)
    together = attending(exact, poor, last)
    apart = replace(exact, attention=(poor[:, :, None], last[:, :, None]))
    reference = attending(exact, first, last)
    for left, right in [(together, apart), (apart, together)]:
        mine, other = admissible_routing(left, exact), admissible_routing(right, exact)
        assert mine["gap"].value == other["gap"].value
        assert matched_routing(left, reference, exact) == matched_routing(right, reference, exact)
    assert Attention.of(apart).labels == ("round 1, head 1", "round 2, head 1")


def test_the_norm_is_one_where_all_attention_is_elsewhere(exact, first):
    away = first.roll(1, -1)
    norm = matched_routing(attending(exact, away), attending(exact, first), exact)["norm"]
    assert norm.value == pytest.approx(1.0)
    assert matched_routing(attending(exact, away), attending(exact, first), exact)["jsd/all"].value == 1.0


def test_padding_does_not_count(graphs, exact, first, last):
    width, more = graphs.width, 3
    grown = torch.nn.functional.pad
    values = {
        name: grown(value, (0, more, 0, more) if value.dim() == 3 else (0, more))
        for name, value in graphs.values.items()
    }
    padded = interpret(bfs.program, Batch(values, grown(graphs.nodes, (0, more))), selections=True)

    def with_noise(attention):
        noise = torch.rand(*attention.shape[:2], width + more, width + more)
        noise[..., :width, :] = grown(attention, (0, more))
        return attending(padded, noise)

    assert admissible_routing(with_noise(last), padded) == admissible_routing(attending(exact, last), exact)
    plain = matched_routing(attending(exact, last), attending(exact, first), exact)
    found = matched_routing(with_noise(last), with_noise(first), padded)
    for name, value in plain.items():
        assert found[name].value == pytest.approx(value.value, abs=1e-6)
        assert found[name].n == value.n


def test_without_attention_there_is_nothing_to_say(exact, first):
    assert admissible_routing(exact, exact) == {}
    assert matched_routing(exact, attending(exact, first), exact) == {}
