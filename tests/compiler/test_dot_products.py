"""Selections by dot products: exact in every order of sums, and what becomes of comparisons."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from compiler.agreement import disagreements
from compiler.cases import COMPILED, graphs
from mechgap.compiler.ir import (
    INDEX_PORT,
    Carried,
    Condition,
    Feature,
    Fetch,
    Form,
    Notes,
    Order,
    PairForm,
    Relation,
)
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.compiler.scales import UNDERFLOW
from mechgap.compiler.targets.dot_products import parts, prior, reach
from mechgap.errors import Refusal
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    argmin,
    edge,
    follow,
    graph,
    index,
    last,
    me,
    min_of,
    node,
    receiver,
    sender,
    where,
)
from mechgap.nets.shapes import TransformerConfig
from mechgap.tasks.catalogue import load

adj, s, A = edge.mask("adj"), node.mask_one("s"), edge.scalar("A", low=0, high=8)
x, y = node.scalar("x", low=0, high=64), node.mask("y")
p, once = node.pointer("p"), graph.mask("once")

OWN = Feature(4095.0, True, "me", INDEX_PORT, 0)
POINTER = Carried(4096.0, True, "p", "p")


def made(program: Program, n: int | None = None) -> Compiled:
    return compile_program(program, CompileSettings(n=n, target="transformer"))


@cache
def task(name: str, target: str) -> Compiled:
    return compile_program(load(name).program, CompileSettings(n=16, target=target))


# ---- logits


def summed(terms: list[np.ndarray]) -> np.ndarray:
    """The sum of float32 arrays, of which every order gives the same bits."""
    found = []
    for order in itertools.permutations(terms):
        total = order[0]
        for term in order[1:]:
            total = total + term
        found.append(total)
    assert all(one.dtype == np.float32 and np.array_equal(one, found[0]) for one in found)
    return found[0]


def test_the_node_of_an_index_is_found_among_4096() -> None:
    n = 4096
    gap = PairForm(sender=Form.of(OWN)) - PairForm(receiver=Form.of(POINTER))
    fetch = Fetch((Condition(gap, Relation.ZERO),), None, Order.FIRST, 0.0, 0.0, 0, "p", Notes())
    assert reach(fetch, n) <= 2**24 < reach(fetch, 2 * n)
    assert not prior(fetch).terms
    one, other = parts(fetch, n)
    nodes = np.arange(n, dtype=np.float32)
    ((atom, scale),) = one.query.terms
    assert atom is POINTER
    for pointer in (*range(40), *range(40, n - 40, 61), *range(n - 40, n)):
        query = np.float32(scale) * np.float32(pointer)
        logits = summed([query * nodes, np.float32(other.query.constant) * (nodes * nodes)])
        best = logits.argmax()
        assert best == pointer
        rest = np.delete(logits, best)
        assert logits[best] - rest.max() >= 128 > UNDERFLOW


def test_real_keys_less_the_best_one_are_exact_in_every_order() -> None:
    """A key, the best key of the receiver, and zeros of conditions that hold; the index comes last."""
    source = np.random.default_rng(0)
    key, near = Carried(64.0, False, "x", "x"), Carried(64.0, False, "best", "best")
    holds = Carried(1.0, True, "y", "y")
    ordered = PairForm(sender=Form.of(key)) - PairForm(receiver=Form.of(near))
    condition = Condition(PairForm(sender=Form.of(holds)), Relation.TRUE)
    fetch = Fetch((condition,), ordered, Order.FIRST, -64.0, 64.0, 0, "x", Notes())
    missing, own, best = parts(fetch, 2048)
    assert missing.sender.constant == -1.0 and missing.query.constant > 0
    base = source.uniform(1, 64, 500).astype(np.float32)
    keys = base * (1 + source.integers(0, 2, 500).astype(np.float32) * np.float32(2.0**-20))
    ((_, scale),) = best.query.terms
    zeros = np.float32(missing.query.constant) * (np.ones(500, np.float32) + np.float32(-1.0))
    terms = [zeros, np.float32(own.query.constant) * keys, np.float32(scale) * base]
    assert np.array_equal(summed(terms), np.float32(own.query.constant) * (keys - base))


def test_a_sender_that_misses_a_condition_is_worth_less_than_the_worst_key_and_index() -> None:
    for high, whole in ((1000.0, True), (64.0, False)):
        key, holds = Carried(high, whole, "x", "x"), Carried(1.0, True, "y", "y")
        condition = Condition(PairForm(sender=Form.of(holds)), Relation.TRUE)
        for order in (Order.FIRST, Order.LAST):
            fetch = Fetch((condition,), PairForm(Form.of(key)), order, 0.0, high, 0, "x", Notes())
            missing, own = parts(fetch, 64)
            worst = abs(own.query.constant) * high + 128.0 * 63
            assert missing.query.constant >= 2 * worst


# ---- programs


def once_only(step: dict) -> Program:
    first = {x: where(s, 3.5, 1.25), y: s, p: me, once: True}
    return Program(
        "once", (adj, s, A), first, {**dict(zip(first, first, strict=True)), **step, once: False}, ~once,
        {"x": x, "y": y, "p": p}, limit=4,
    )  # fmt: skip


def test_more_nodes_than_squares_are_exact_for_are_refused() -> None:
    program = once_only({x: follow(p, x)})
    assert made(program, 4096).certificate.n == 4096
    with pytest.raises(Refusal, match=r"2\^24"):
        made(program, 8192)


ALONE: dict[str, Expression] = {
    "a comparison beside an index": any_of(adj & (sender(x) < receiver(x)) & (sender(me) == receiver(p))),
    "an index less than none": any_of(adj & (sender(index(me)) + 1 == receiver(index(p)))),
    "a mask of either end": any_of(adj & where(receiver(y), sender(y), True)),
}
HELPED: dict[str, Expression] = {
    "a comparison": any_of(adj & (sender(x) < receiver(x))),
    "an equality": any_of(adj & (sender(x) == receiver(x)) & ~sender(y)),
    "pointers to oneself": any_of(adj & (sender(p) == receiver(me))),
    "five masks": any_of(adj & ((sender(x) > 2) | receiver(y) | (A < 3) | (A > 7) | sender(s))),
    "a choice by the receiver": any_of(where(receiver(y), adj, sender(y)) & (A < 5)),
}


@pytest.mark.parametrize("name", [*ALONE, *HELPED])
def test_units_of_pairs_are_taken_where_products_cannot_tell(name: str) -> None:
    start = {p: argmin(A, adj, tie="last")}
    program = once_only({y: {**ALONE, **HELPED}[name], x: x, **start})
    compiled = made(program)
    assert (compiled.certificate.pairs > 0) == (name in HELPED)
    for size, weights in itertools.product((1, 2, 6), ("random", "equal", "tenths")):
        assert not disagreements(compiled, graphs(size, 6, 0.5, weights, directed=True)), (size, weights)


def test_whoever_is_known_by_index_is_attended_at_once_and_by_all() -> None:
    """Whatever the key; neighbours alone would not do, as an index may lie between two of them."""
    wanted = min_of(A, adj & (sender(me) == receiver(last(adj))), default=9)
    compiled = made(once_only({x: wanted}))
    rounds = compiled.network.config.rounds
    assert len(rounds) == 2
    assert all(isinstance(shape, TransformerConfig) for shape in rounds)
    assert [shape.attend for shape in rounds] == ["neighbours", "all"]
    for size in (1, 2, 7):
        assert not disagreements(compiled, graphs(size, 6, 0.4, "random", directed=True)), size


def test_comparisons_on_edges_are_as_fine_as_at_nodes() -> None:
    program = once_only({y: any_of(adj & (sender(x) < receiver(x)))})
    fine, coarse = made(program).certificate, compile_program(program).certificate
    assert fine.resolution < 1e-30 < 1e-24 < coarse.resolution
    assert fine.negative_slope == 0.01


@pytest.mark.parametrize("name", COMPILED)
def test_programs_take_about_as_many_rounds_as_in_gatv2(name: str) -> None:
    """Units of pairs come one round after what they read, but settle what GATv2 needs a round to confirm."""
    found, other = (task(name, target).certificate for target in ("transformer", "gatv2"))
    assert found.rounds <= other.rounds + 1
    assert found.heads <= other.heads + 1
    assert found.hidden <= other.hidden + 1
    assert found.resolution <= other.resolution


def test_most_programs_need_no_units_of_pairs_that_gatv2_does_not_need() -> None:
    further = {name for name in COMPILED if task(name, "transformer").certificate.pairs} - {
        name for name in COMPILED if task(name, "gatv2").certificate.pairs
    }
    assert further == {
        "articulation_points", "bfs_seq", "heapsort", "independent_set", "odd_even_sort", "widest_path"
    }  # fmt: skip
