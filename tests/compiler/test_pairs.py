"""State on edges: every kind of it, read at the pair itself, at the opposite one, and at other pairs."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from compiler.agreement import disagreements
from compiler.cases import by_target, graphs
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.lang.expression import Expression, Variable
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    argmin,
    at_pair,
    edge,
    first,
    follow,
    graph,
    index,
    last,
    max_of,
    me,
    min_of,
    minimum,
    node,
    node_at,
    receiver,
    reverse,
    sender,
    where,
)

adj, s, A = edge.mask("adj"), node.mask_one("s"), edge.scalar("A", low=0, high=8)
x = edge.scalar("x", low=0, high=64)
balance = edge.scalar("balance", low=-64, high=64)
count = edge.scalar("count", low=-9, high=99, whole=True)
joined = edge.mask("joined")
mood = edge.categorical("mood", ("calm", "keen", "done"))
towards = edge.pointer("towards")
near = node.scalar("near", low=-99, high=99)
done = graph.scalar("done", low=0, high=3, whole=True)

chosen = argmin(A, adj)
start, end = follow(s, me), last(me == me)
far = node_at(index(me) + 2)

FIRST: dict[Variable, Expression] = {
    x: where(adj, A, 0.5),
    balance: A - 0.7,
    count: where(adj, index(sender(me)), index(receiver(me)) - 3),
    joined: adj & ~reverse(adj),
    mood: where(adj, "keen", "calm"),
    towards: where(adj, sender(me), receiver(chosen)),
    near: where(s, 1, 0),
}
STEPS: dict[str, dict[Variable, Expression]] = {
    "a sum over both ends": {x: minimum(sender(near + 3) + A, 60)},
    "the opposite pair": {x: reverse(x), balance: reverse(balance) - x, joined: ~reverse(joined)},
    "a comparison of state": {joined: (x < reverse(x)) | (balance == 0.3), near: max_of(balance, joined)},
    "categories": {mood: where(mood == "keen", "done", where(reverse(mood) == "done", "calm", mood))},
    "pointers": {towards: where(towards == sender(me), receiver(me), reverse(towards))},
    "a choice by state": {near: follow(argmin(balance, joined), near), x: sender(near - near) + x},
    "a key of both ends": {near: min_of(x + receiver(near), adj | joined, default=-1)},
    "whole numbers": {
        count: where(sender(any_of(count > 3)) & (done < 1), 4, count),
        near: max_of(count, adj),
    },
    "sender of another pair": {x: at_pair(x, sender(chosen), receiver(me))},
    "receiver of another pair": {balance: at_pair(balance, sender(me), receiver(chosen))},
    "both of another pair": {count: at_pair(count, sender(chosen), receiver(chosen)), mood: mood},
    "a node of the graph": {towards: at_pair(towards, end, receiver(me)), mood: at_pair(mood, start, end)},
    "exchanged ends": {x: at_pair(x, receiver(me), sender(chosen)), joined: at_pair(adj, s, sender(me))},
    "a node that may be none": {mood: at_pair(reverse(mood), sender(far), receiver(far)), x: x},
    "a value at a node that is followed": {x: follow(sender(chosen), near + 2) + x * 0.5},
    "what is computed at another pair": {x: at_pair(minimum(A, reverse(x)), sender(chosen), receiver(me))},
    "a pair of two pointers of a node": {near: at_pair(balance, chosen, argmin(x, x > 0)), x: reverse(x)},
    "a pair of two pointers of one end": {x: at_pair(x, sender(chosen), sender(far)), joined: ~joined},
    "read by a node": {near: at_pair(balance, s, me), x: sender(at_pair(x, me, end))},
}


@cache
def _compiled(name: str, target: str) -> Compiled:
    first_values: dict[Variable, Expression | int] = {**FIRST, done: 0}
    step = {**STEPS[name], done: done + 1}
    outputs = {"x": x, "b": balance, "c": count, "j": joined, "m": mood, "t": towards, "both": joined & adj}
    program = Program("kept", (adj, s, A), first_values, step, done >= 2, outputs, limit=4)
    return compile_program(program, CompileSettings(target=target))


@by_target
@pytest.mark.parametrize("name", STEPS)
def test_state_on_edges_is_exact(name: str, target: str) -> None:
    for size, weights in itertools.product((1, 2, 5, 6), ("random", "tenths")):
        batch = graphs(size, 4, 0.5, weights, directed=True)
        kept = {v.name: batch.values[v.name] for v in (adj, s, A)}
        assert not disagreements(_compiled(name, target), type(batch)(kept, batch.nodes)), (size, weights)


width = node.scalar("width", low=0, high=64)
once = graph.mask("once")
ROUNDED: dict[str, Expression] = {
    "a key of both ends": min_of(A + receiver(width), adj),
    "a sum of three": min_of(A + sender(width) + receiver(width), adj),
    "a sum with a constant": min_of(A + 0.3, adj),
    "two inputs of edges": min_of(A + reverse(A), adj),
    "a product that is rounded": max_of(A * 0.3, adj),
    "a pair of two pointers": at_pair(A, argmin(A, adj), last(adj)),
    "sums on both sides": where(any_of(adj & (sender(width) + A < receiver(width) + reverse(A))), 1, width),
}


@by_target
@pytest.mark.parametrize("name", ROUNDED)
def test_programs_without_state_on_edges_get_units_of_pairs_where_they_need_them(
    name: str, target: str
) -> None:
    step = {width: minimum(ROUNDED[name], 60), once: False}
    first_values: dict[Variable, Expression | bool] = {width: where(s, 3.3, 1.7), once: True}
    program = Program("plain", (adj, s, A), first_values, step, ~once, {"width": width}, limit=4)
    compiled = compile_program(program, CompileSettings(target=target))
    assert compiled.certificate.pairs > 0 or target == "mpnn"  # which makes messages anew in every round
    for size, weights in itertools.product((1, 2, 5, 7), ("random", "tenths", "equal")):
        batch = graphs(size, 4, 0.5, weights, directed=True)
        kept = {v.name: batch.values[v.name] for v in (adj, s, A)}
        assert not disagreements(compiled, type(batch)(kept, batch.nodes)), (size, weights)


@by_target
def test_edges_that_a_program_only_puts_out(target: str) -> None:
    seen = node.mask("seen")
    program = Program(
        "out",
        (adj, s),
        {seen: s},
        {seen: seen | any_of(sender(seen) & adj)},
        follow(s, seen),
        {
            "crossing": adj & sender(seen) & ~receiver(seen),
            "first": where(adj, sender(first(adj)), receiver(me)),
        },
    )
    batch = graphs(5, 4, 0.5, "whole", directed=True)
    kept = {v.name: batch.values[v.name] for v in (adj, s)}
    compiled = compile_program(program, CompileSettings(target=target))
    assert not disagreements(compiled, type(batch)(kept, batch.nodes))
