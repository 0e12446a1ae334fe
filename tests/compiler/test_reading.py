"""Values read at a pair of nodes, of which a node is one end or knows one end."""

from __future__ import annotations

import pytest
import torch

from compiler.agreement import disagreements
from compiler.cases import by_target, graphs
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    at_pair,
    edge,
    first,
    follow,
    graph,
    index,
    last,
    me,
    node,
    node_at,
    receiver,
    reverse,
    sender,
    where,
)
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret

adj, A, s = edge.mask("adj"), edge.scalar("A", low=0, high=8), node.mask_one("s")
x = node.scalar("x", low=0, high=16)
once = graph.mask("once")
tick = graph.scalar("tick", low=0, high=3, whole=True)

start = follow(s, me)
end = last(me == me)
next_one = argmin(A, adj)
far = node_at(index(me) + 2)
uphill = where(sender(x) + A < receiver(x), A, reverse(A))

READS: dict[str, Expression] = {
    "from a mask_one": at_pair(A, s, me),
    "from a node of the graph": at_pair(A, end, me),
    "to a node of the graph": at_pair(A, me, end),
    "from a node of its own": at_pair(A, next_one, me),
    "to a node of its own": at_pair(reverse(A), me, next_one),
    "from a mask_one to a node of its own": at_pair(A, s, next_one),
    "from a node of its own to one of the graph": at_pair(A, next_one, end),
    "between two of the graph": at_pair(A, start, end),
    "from a node that may be none": at_pair(A, far, me),
    "to a node that may be none": at_pair(A, s, far),
    "its own loop": at_pair(A, me, me),
    "what both ends say": at_pair(uphill, me, first(adj)),
}


@by_target
@pytest.mark.parametrize("name", READS)
def test_reads_at_pairs_are_exact(name: str, target: str) -> None:
    program = Program(
        "read",
        (adj, A, s),
        {x: where(s, 3, 1), once: True},
        {x: READS[name], once: False},
        ~once,
        {"x": x},
        limit=4,
    )
    compiled = compile_program(program, CompileSettings(target=target))
    for size in (1, 2, 5):
        for density in (0.0, 0.4, 1.0):
            batch = graphs(size, 4, density, "tenths", directed=True)
            assert not disagreements(compiled, batch), (size, density)


@by_target
def test_a_mask_at_a_pair_of_a_large_graph(target: str) -> None:
    seen = node.mask("seen")
    new = at_pair(adj & ~reverse(adj), start, me) & ~seen
    program = Program("ring", (adj, s), {seen: s}, {seen: seen | new}, ~anywhere(new), {"seen": seen})
    compiled = compile_program(program, CompileSettings(target=target))
    assert not disagreements(compiled, graphs(40, 3, 0.2, "whole", directed=True))


@pytest.mark.parametrize(("first", "second"), [(-1, -1), (-1, -2), (9, 9), (9, 10), (-1, 9), (3, 3), (0, 9)])
def test_pointers_to_no_node_are_positions_everywhere(first, second):
    """By both engines of the interpreter and in every family, on small graphs and beside larger ones."""
    low, high = -3, 12
    x, y, k = (node.scalar(name, low=low, high=high, whole=True) for name in "xyk")
    same, seen = node.mask("same"), node.mask("seen")
    here, there = node_at(x), node_at(y)
    step = {
        same: here == there,
        seen: any_of(adj & (sender(here) == receiver(there))),
        k: index(here),
        tick: tick + 1,
    }
    start = {x: first, y: second, same: False, seen: False, k: 0, tick: 0}
    program = Program("positions", (adj,), start, step, tick >= 1, {"k": k}, limit=3)
    real = torch.tensor([[True] * size + [False] * (4 - size) for size in (1, 4)])
    mixed = Batch({"adj": real[:, None] & real[:, :, None]}, real)
    for batch in (mixed, Batch({"adj": torch.ones(1, 1, 1, dtype=torch.bool)}, real[:1, :1])):
        by_steps = interpret(program, batch, engine="steps")
        kernels = interpret(program, batch, engine="kernel")
        live = batch.nodes.expand(by_steps.frames, -1, -1)
        for name in ("same", "seen", "k"):
            assert torch.equal(by_steps.values[name][live], kernels.values[name][live])
        assert set(by_steps.values["same"][-1][batch.nodes].tolist()) == {first == second}
        assert set(by_steps.values["k"][-1][batch.nodes].tolist()) == {first}
        for target in TARGETS:
            assert not disagreements(compile_program(program, CompileSettings(8, target=target)), batch)
