"""Probes: what is linearly there is read, codes are codes, and coordinates do not matter."""

from __future__ import annotations

import pytest
import torch

from mechgap.measures.probes import (
    PRECISION,
    ClassProbe,
    Goal,
    NodeProbe,
    NumberProbe,
    PointerProbe,
    Whitening,
)

S, N, F = 60, 7, 6


@pytest.fixture
def x():
    return torch.randn(S, N, F, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


NODES = torch.ones(S, N, dtype=torch.bool)
NODES[::3, -2:] = False
EACH = (torch.arange(S) >= S // 2).nonzero()[:, 0], (torch.arange(S) < S // 2).nonzero()[:, 0]


def one_hot(index):
    return index[..., None] == torch.arange(N)


def linear(kind, x):
    """A variable of a kind that is linear in the vectors, with the probe for it."""
    if kind == "class":
        return ClassProbe(3), Goal((x[..., :3] * 4).argmax(-1), NODES, NODES)
    if kind == "number":
        return NumberProbe(5.0, 2.0), Goal(3.0 * x[..., 0] - x[..., 4] + 5.0, NODES, NODES)
    if kind == "node":
        best = x[..., 2].masked_fill(~NODES, -9.0).argmax(1, keepdim=True)
        return NodeProbe(), Goal(one_hot(best), torch.ones(S, 1, dtype=torch.bool), NODES)
    if kind == "address":
        target = torch.randint(0, N - 2, (S, N), generator=torch.Generator().manual_seed(1))
        x[..., 3] = target.to(x.dtype)
        return PointerProbe(), Goal(one_hot(target), NODES, NODES)
    best = (x[..., :2] @ x[..., 2:4].transpose(1, 2)).masked_fill(~NODES[:, None], -99.0).argmax(-1)
    return PointerProbe(), Goal(one_hot(best), NODES, NODES)


KINDS = ("class", "number", "node", "address", "product")
by_kind = pytest.mark.parametrize("kind", KINDS)


def wrong(fit, x, goal):
    return float((fit.errors(x, goal) * goal.counted).sum() / goal.counted.sum())


@by_kind
def test_what_is_linear_is_read(kind, x):
    probe, goal = linear(kind, x)
    fit = probe.fit(x[EACH[0]], goal.take(EACH[0]))
    blind = probe.fit(0 * x[EACH[0]], goal.take(EACH[0]))
    found = wrong(fit, x[EACH[1]], goal.take(EACH[1]))
    # Borders between real-valued classes are seen in few examples only.
    assert found <= {"class": 0.1, "number": 1e-3, "node": 0.2, "address": 0.0, "product": 0.25}[kind]
    assert wrong(blind, 0 * x[EACH[1]], goal.take(EACH[1])) > 2 * found + 0.3


@by_kind
def test_what_is_not_there_is_not_read(kind, x):
    probe, goal = linear(kind, x)
    other = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(5))
    fit, nothing = (probe.fit(v[EACH[0]], goal.take(EACH[0])) for v in (other, x[..., :0]))
    expected = wrong(nothing, x[EACH[1]][..., :0], goal.take(EACH[1]))
    assert wrong(fit, other[EACH[1]], goal.take(EACH[1])) > expected - 0.12


@by_kind
def test_codes_are_codes(kind, x):
    """Of all values that a place may take, 2 to the minus length sums up to 1."""
    probe, goal = linear(kind, x)
    fit = probe.fit(x[EACH[0]], goal.take(EACH[0]))
    x, goal = x[EACH[1]], goal.take(EACH[1])
    if goal.truth.dim() == 3:
        values = [one_hot(torch.full(goal.counted.shape, j)) & goal.nodes[:, None] for j in range(N)]
    elif kind == "class":
        values = [torch.full(goal.counted.shape, k) for k in range(3)]
    else:
        values = [goal.truth + step * PRECISION * 2.0 for step in range(-2000, 2000)]
    total = sum(torch.exp2(-fit.bits(x, Goal(value, goal.counted, goal.nodes))) for value in values)
    assert torch.allclose(total[goal.counted], torch.ones(1, dtype=x.dtype), atol=1e-3)


@by_kind
def test_places_that_do_not_count_change_nothing(kind, x):
    probe, goal = linear(kind, x)
    fit = probe.fit(x, goal)
    truth = goal.truth.clone(memory_format=torch.contiguous_format)
    if goal.counted.shape == NODES.shape:
        truth[~goal.counted] = truth[0, 0].clone()
    padded = torch.where(NODES[..., None], x, 0.0)
    other = probe.fit(padded, Goal(truth, goal.counted, goal.nodes))
    assert torch.allclose(
        fit.errors(x, goal)[goal.counted], other.errors(padded, goal)[goal.counted], atol=1e-6
    )
    assert torch.all(fit.bits(x, goal)[~goal.counted] == 0)


@by_kind
def test_without_examples_nothing_is_expected(kind, x):
    probe, goal = linear(kind, x)
    none = torch.zeros(0, dtype=torch.int64)
    bits = probe.fit(x[none], goal.take(none)).bits(x, goal)[goal.counted]
    if kind == "class":
        assert torch.allclose(bits, torch.full_like(bits, 3.0).log2())
    elif kind != "number":
        sizes = NODES.sum(1)[goal.counted.nonzero()[:, 0]].to(bits.dtype)
        assert torch.allclose(bits, sizes.log2())
    assert torch.all(bits > 0)


def test_any_node_of_a_set_is_right(x):
    """With sets that are as large as the graph every pointer is right, and costs nothing."""
    probe, goal = linear("product", x)
    every = Goal(goal.nodes[:, None].expand(S, N, N), goal.counted, goal.nodes)
    fit = probe.fit(x, every)
    assert wrong(fit, x, every) == 0.0
    assert torch.allclose(fit.bits(x, every), torch.zeros(1, dtype=x.dtype), atol=1e-9)


def test_whitened_vectors_are_white_and_keep_their_rank(x):
    rows = x.flatten(0, 1)
    wide = torch.cat([rows * torch.tensor([1.0, 10.0, 1e-3, 1.0, 5.0, 1e4]), rows[:, :1] - rows[:, 1:2]], 1)
    wide = torch.cat([wide, torch.full((len(wide), 1), 7.0)], 1) + 3.0
    white = Whitening.of(wide)(wide)
    assert white.shape[1] == F
    assert torch.allclose(white.T @ white / len(white), torch.eye(F, dtype=x.dtype), atol=1e-6)


def test_vectors_that_never_vary_have_no_directions():
    assert Whitening.of(torch.full((9, 3), 0.1)).matrix.shape == (3, 0)


@by_kind
def test_an_invertible_map_of_the_vectors_changes_nothing(kind, x):
    probe, goal = linear(kind, x)
    generator = torch.Generator().manual_seed(3)
    change = torch.randn(F, F, dtype=x.dtype, generator=generator)
    found = []
    for vectors in (x, x @ change + 2.0, x[..., torch.randperm(F, generator=generator)] * 100.0):
        made = Whitening.of(vectors[EACH[0]].flatten(0, 1))(vectors)
        fit = probe.fit(made[EACH[0]], goal.take(EACH[0]))
        rest = goal.take(EACH[1])
        found.append((wrong(fit, made[EACH[1]], rest), float(fit.bits(made[EACH[1]], rest).sum())))
    assert found[1] == pytest.approx(found[0], rel=0.02, abs=0.02)
    assert found[2] == pytest.approx(found[0], rel=0.02, abs=0.02)
