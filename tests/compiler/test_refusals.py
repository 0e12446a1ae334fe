"""What cannot be computed exactly is refused, with the operation named and a way out."""

from __future__ import annotations

import math

import pytest

from compiler.cases import by_attention, by_target
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import MechgapError, Refusal
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    edge,
    first_leg,
    me,
    min_of,
    node,
    second_leg,
    sender,
    where,
)

adj = edge.mask("adj")
A = edge.scalar("A", low=0, high=8)
free = edge.scalar("A")
x = node.scalar("x", low=0, high=8)
unbounded = node.scalar("x", low=0)
bottomless = node.scalar("x", high=1)
huge = node.scalar("x", low=0, high=2.0**30, whole=True)
whole = node.scalar("x", low=0, high=2.0**13, whole=True)
large = node.scalar("x", low=0, high=2.0**26)
joined = edge.mask("x")
link = edge.pointer("A")
start = node.pointer("A")


def _program(inputs: tuple, variable, first, step) -> Program:
    return Program("case", inputs, {variable: first}, {variable: step}, anywhere(me == me), {"y": variable})


CASES = {
    "large whole products": (_program((adj,), whole, 1, whole * whole), "product of whole", "2^24"),
    "large products": (_program((adj,), large, 1, large * large), "product of numbers", "2^50"),
    "triples": (
        _program((adj,), joined, adj, any_of(first_leg(joined) & second_leg(joined))),
        "triples",
        "pairs",
    ),
    "no upper bound": (
        _program((adj,), unbounded, 0, unbounded + 1),
        "without an upper bound",
        "finite high",
    ),
    "no lower bound": (
        _program((adj,), bottomless, 0, bottomless - 1),
        "without a lower bound",
        "finite low",
    ),
    "edge without a bound": (
        _program((adj, free), x, 1, min_of(free, adj)),
        "without an upper bound",
        "finite high",
    ),
    "large whole numbers": (_program((adj,), huge, 0, where(huge < 5, huge + 1, huge)), "whole", "2^24"),
    "edge pointers": (
        _program((adj, link), x, 1, where(anywhere(me == me), x, x) + min_of(1, link == sender(me))),
        "edge input",
        "masks and scalars",
    ),
    "node pointer input": (_program((start,), x, 1, where(start == me, x, 1)), "pointer input", "masks"),
}


@by_target
@pytest.mark.parametrize("name", CASES)
def test_refused_in_four_parts(name: str, target: str) -> None:
    if (name, target) == ("triples", "mpnn"):
        pytest.skip("messages have layers at triples")
    program, given, expected = CASES[name]
    with pytest.raises(Refusal) as caught:
        compile_program(program, CompileSettings(target=target))
    fault = caught.value.faults[0]
    assert "case" in fault.where
    assert given in fault.given
    assert expected in fault.expected
    assert fault.remedy


@pytest.mark.parametrize("n", [0, 1, 2**20, -3])
def test_sizes_out_of_reach_are_errors(n: int) -> None:
    with pytest.raises(MechgapError, match="number of nodes"):
        compile_program(_program((adj,), x, 1, x), CompileSettings(n=n))


@by_attention
def test_a_size_that_cannot_be_certified_is_refused(target: str) -> None:
    label = node.scalar("label", low=0, high=2**14, whole=True)
    program = _program((adj,), label, 0, min_of(sender(label), adj))
    certified = compile_program(program, CompileSettings(target=target)).certificate.n
    assert certified == 2**9
    with pytest.raises(Refusal, match=r"2\^24"):
        compile_program(program, CompileSettings(n=certified * 2, target=target))


def test_unread_inputs_need_no_bounds() -> None:
    unread = node.scalar("pos")
    nearest = node.pointer("nearest")
    program = _program((adj, A, unread), nearest, me, argmin(A, adj))
    ranges = compile_program(program).certificate.ranges
    assert set(ranges) == {"A"}
    assert all(math.isfinite(bound.high) for bound in ranges.values())
