"""Whole numbers far larger than the graph: keys chosen in two rounds, and comparisons that are cut."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from compiler.agreement import disagreements
from compiler.cases import by_target
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    argmax,
    argmin,
    edge,
    graph,
    index,
    last,
    max_of,
    me,
    min_of,
    node,
    receiver,
    sender,
    where,
)
from mechgap.semantics.batch import Batch

FAR = 2**18

adj = edge.mask("adj")
given = node.scalar("given", low=0, high=FAR, whole=True)
x = node.scalar("x", low=-FAR, high=FAR, whole=True)
chosen = node.pointer("chosen")
once = graph.mask("once")

NUMBERS: dict[str, Expression] = {
    "smallest": min_of(sender(given), adj, default=7),
    "largest": max_of(sender(given), adj, default=0),
    "smallest of a state that may be negative": min_of(sender(x), adj, default=5),
    "a sender not before a large number": where(any_of(adj & (sender(index(me)) >= receiver(x))), 1, x),
    "a sender at a large number": where(any_of(adj & (sender(index(me)) == receiver(given))), 1, x),
}
POINTERS: dict[str, Expression] = {
    "first of the smallest": argmin(sender(given), adj),
    "last of the largest": argmax(sender(given), adj, tie="last"),
    "of all": argmin(given, given > 3),
    "up to a large number": last(adj & (sender(index(me)) <= receiver(x))),
}


@cache
def _compiled(name: str, target: str) -> Compiled:
    step = {x: NUMBERS[name], chosen: me} if name in NUMBERS else {x: x - 1, chosen: POINTERS[name]}
    first, step = {x: given, chosen: me, once: True}, {**step, once: False}
    program = Program("large", (adj, given), first, step, ~once, {"x": x, "at": chosen}, limit=4)
    return compile_program(program, CompileSettings(target=target))


def _batch(size: int, highest: int, seed: int) -> Batch:
    source = torch.Generator().manual_seed(seed)
    numbers = torch.randint(0, highest + 1, (3, size), generator=source).float()
    numbers[1] = float(highest)  # all are equal
    numbers[2, ::2] = float(FAR)
    edges = torch.rand(3, size, size, generator=source) < torch.tensor([0.3, 1.0, 0.8])[:, None, None]
    return Batch({"adj": edges, "given": numbers}, torch.ones(3, size, dtype=torch.bool))


@by_target
@pytest.mark.parametrize("name", [*NUMBERS, *POINTERS])
def test_large_whole_numbers_are_exact(name: str, target: str) -> None:
    compiled = _compiled(name, target)
    assert compiled.certificate.n >= 1024
    for size, highest in ((1, 3), (2, FAR), (7, 5), (7, FAR), (40, FAR), (40, 30)):
        assert not disagreements(compiled, _batch(size, highest, size)), (size, highest)


@by_target
@pytest.mark.parametrize("name", ["smallest", "first of the smallest", "last of the largest"])
@pytest.mark.parametrize("highest", [FAR, FAR - 1, 131_071, 87_381])
def test_many_equal_keys_share_the_attention(name: str, highest: int, target: str) -> None:
    assert not disagreements(_compiled(name, target), _batch(777, highest, 1))
