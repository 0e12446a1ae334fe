"""Real numbers of either sign: two parts, of which one is exactly zero, rounded as plain float32 rounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compiler.agreement import disagreements
from compiler.arithmetic import bit, columns, computed, stored
from compiler.cases import by_target, graphs
from mechgap.compiler.gadgets import Gadgets
from mechgap.compiler.ir import Atom, Carried, Form
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.values import Bit, Number
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    argmax,
    argmin,
    at_pair,
    edge,
    follow,
    graph,
    max_of,
    maximum,
    me,
    min_of,
    minimum,
    node,
    receiver,
    sender,
    where,
)
from mechgap.semantics.batch import Batch

HIGH = 64.0
VALUES = (-64.0, -1.5, -0.1, -1e-7, 0.0, 1e-7, 0.1, 1.5, 63.9)


def _signed(name: str) -> Number:
    parts = [Form.of(Carried(HIGH, False, name, f"{name}{sign}")) for sign in "+-"]
    return Number(parts[0] - parts[1], -HIGH, HIGH, False)


def _given(numbers: dict[str, Number], bits: dict[str, Bit]) -> tuple[dict[str, np.ndarray], dict]:
    """All combinations of values by name, and what they are stored as."""
    names = [*numbers, *bits]
    found = dict(zip(names, columns(*[VALUES] * len(numbers), *[(0, 1)] * len(bits)), strict=True))
    given: dict[Atom, np.ndarray] = {stored(value): found[name] for name, value in bits.items()}
    for name, number in numbers.items():
        up, down = number.form.atoms
        given[up], given[down] = np.maximum(found[name], 0), np.maximum(-found[name], 0)
    return found, given


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_is_rounded_once_and_has_one_part(sign: float) -> None:
    make, x, y = Gadgets("test"), _signed("x"), _signed("y")
    values, given = _given({"x": x, "y": y}, {})
    total = make.simple(Number(x.form + y.form * sign, -2 * HIGH, 2 * HIGH, False, simple=False))
    assert np.array_equal(computed(total.form, given), values["x"] + np.float32(sign) * values["y"])
    parts = [computed(Form.of(atom), given) for atom in total.form.atoms]
    assert all((part >= 0).all() for part in parts)
    assert not (parts[0] * parts[1]).any()


def test_comparisons_of_signed_numbers() -> None:
    make, x, y = Gadgets("test"), _signed("x"), _signed("y")
    values, given = _given({"x": x, "y": y}, {})
    assert np.array_equal(computed(make.form(make.less(x, y)), given), values["x"] < values["y"])
    assert np.array_equal(computed(make.form(make.equal(x, y)), given), values["x"] == values["y"])


def test_a_choice_between_signed_numbers() -> None:
    make, x, y, condition = Gadgets("test"), _signed("x"), _signed("y"), bit("c")
    values, given = _given({"x": x, "y": y}, {"c": condition})
    low = Number(Form((), -0.3), -0.3, -0.3, False)
    for one, other in itertools.permutations((x, y, low), 2):
        read = [values["x"] if v is x else values["y"] if v is y else np.float32(-0.3) for v in (one, other)]
        found = computed(make.pick([(condition, one), (~condition, other)]).form, given)
        assert np.array_equal(found, np.where(values["c"] == 1, *read))


adj, s = edge.mask("adj"), node.mask_one("s")
A = edge.scalar("A", low=-8, high=8)
x = node.scalar("x", low=-99, high=99)
pull = graph.scalar("pull", low=-2, high=2)
once = graph.mask("once")

READS: dict[str, Expression] = {
    "an input of the graph": where(s, pull, x),
    "the smallest": min_of(A, adj, default=-7),
    "the largest": max_of(sender(x) + A, adj, default=0),
    "the one with the smallest": follow(argmin(sender(x) + A, adj), x),
    "the one with the largest": follow(argmax(x, x < 1), x),
    "a comparison of sums": where(any_of(adj & (sender(x) + A < receiver(x))), -1.5, x),
    "an equality on edges": where(any_of(adj & (sender(x) == receiver(x))), x, -0.25),
    "the smaller of two": minimum(x, maximum(x - 3, pull)),
    "a weight at a pair": at_pair(A, s, me) - x,
    "half of it": x * -0.5,
}


@by_target
@pytest.mark.parametrize("name", READS)
def test_programs_with_signed_numbers_are_exact(name: str, target: str) -> None:
    start = where(s, -2.5, at_pair(A, me, me))
    program = Program(
        "signed",
        (adj, A, s, pull),
        {x: start, once: True},
        {x: READS[name], once: False},
        ~once,
        {"x": x, "less": x - 0.1},
        limit=4,
    )
    compiled = compile_program(program, CompileSettings(target=target))
    for size, weights in itertools.product((1, 2, 6), ("random", "equal", "tenths")):
        batch = graphs(size, 6, 0.5, weights, directed=True)
        values = dict(batch.values) | {"pull": (np.arange(6) - 3) * 0.3}
        values["pull"] = batch.values["A"].new_tensor(values["pull"])
        values["A"] = (values["A"] - 0.5) * batch.values["adj"]
        kept = {v.name: values[v.name] for v in program.inputs}
        assert not disagreements(compiled, Batch(kept, batch.nodes)), (size, weights)
