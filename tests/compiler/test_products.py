"""Products of two numbers that vary: rounded as float32 rounds them, in any order of summation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.agreement import disagreements
from compiler.arithmetic import Floats, columns, computed, signed, stored, whole
from compiler.cases import graphs
from mechgap.compiler.digits import digits
from mechgap.compiler.gadgets import Gadgets, TooLarge
from mechgap.compiler.ir import Form, Unit
from mechgap.compiler.passes import compile_program
from mechgap.compiler.products import FINEST, Products
from mechgap.compiler.values import Number
from mechgap.errors import Refusal
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    argmin,
    at_pair,
    edge,
    graph,
    index,
    max_of,
    maximum,
    me,
    min_of,
    minimum,
    node,
    receiver,
    sender,
)
from mechgap.semantics.batch import Batch

HIGH = 2.0**24
SMALLEST = 2.0**FINEST

make = Gadgets("program case, compiling")
X, Y = signed(HIGH, "x"), signed(HIGH, "y")
PRODUCT = Products(make).of(X.number, Y.number)


def multiplied(left: Floats, right: Floats) -> Floats:
    return computed(PRODUCT.form, {**X.given(left), **Y.given(right)})


def depth(form: Form) -> int:
    """Layers of units."""
    known: dict[object, int] = {}

    def layers(atom: object) -> int:
        if atom not in known:
            known[atom] = 1 + max(map(layers, atom.form.atoms)) if isinstance(atom, Unit) else 0
        return known[atom]

    return max(map(layers, form.atoms))


# ---- real numbers

magnitudes = st.floats(SMALLEST, HIGH, width=32)
factors = st.one_of(st.just(0.0), magnitudes, magnitudes.map(lambda v: -v))


@given(st.lists(st.tuples(factors, factors), min_size=1, max_size=200))
@settings(max_examples=25)
def test_a_product_is_that_of_float32(pairs):
    left, right = (np.array(column, dtype=np.float32) for column in zip(*pairs, strict=True))
    assert np.array_equal(multiplied(left, right), left * right)
    assert np.array_equal(multiplied(left, left), left * left)


def test_products_of_the_numbers_next_to_powers_of_two():
    powers = np.float32(2.0) ** np.arange(FINEST, 24, 3, dtype=np.float32)
    edges = np.concatenate([powers, np.nextafter(powers, np.float32(np.inf)), powers[1:] * (1 - 2.0**-24)])
    edges = np.unique(np.concatenate([edges, -edges, [0.0, HIGH, -HIGH]]).astype(np.float32))
    left, right = columns(edges, edges)
    assert np.array_equal(multiplied(left, right), left * right)


def test_ties_are_rounded_to_even():
    """Significands of 12 and 13 digits make products of 25: half of them lie between two numbers."""
    source = np.random.default_rng(0)
    left = (source.integers(2**11, 2**12, 20000) * 2 + 1).astype(np.float32)
    right = source.integers(2**11, 2**12, 20000).astype(np.float32)
    exact = left.astype(np.float64) * right
    assert (exact % 2 == 1).any() and (exact > HIGH).any()
    for scale in (1.0, 2.0**-20):
        assert np.array_equal(multiplied(left, right * np.float32(scale)), left * right * np.float32(scale))


def test_random_products():
    source = np.random.default_rng(1)
    left, right = (
        (np.exp2(source.uniform(-62, 24, 20000)) * source.choice([-1, 1], 20000)).astype(np.float32)
        for _ in range(2)
    )
    assert np.array_equal(multiplied(left, right), left * right)


def test_smaller_factors_count_as_zero():
    tiny = np.array([SMALLEST * (1 - 2.0**-24), -SMALLEST / 2, 2.0**-100], dtype=np.float32)
    assert np.array_equal(multiplied(tiny, np.full(3, HIGH, np.float32)), np.zeros(3, np.float32))


def test_a_product_takes_few_layers():
    assert depth(PRODUCT.form) <= 36
    assert len(make._units) <= 700


def test_numbers_that_are_never_negative_need_no_signs():
    plain = Gadgets("program case, compiling")
    left, right = signed(8.0, "a", low=0.0), signed(8.0, "b", low=0.0)
    found = Products(plain).of(left.number, right.number)
    assert (found.low, found.high, found.whole) == (0.0, 64.0, False)
    a, b = columns([0.0, 0.1, 1.0, 7.3, 8.0], [0.0, 0.3, 1.0, 8.0])
    assert np.array_equal(computed(found.form, {**left.given(a), **right.given(b)}), a * b)
    assert len(plain._units) < len(make._units)


# ---- whole numbers


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 5), (-3, 3), (2, 9), (-9, -2), (-1, 17)])
def test_products_of_whole_numbers_are_exact(low, high):
    plain = Gadgets("program case, compiling")
    for other in ((0, 1), (0, 37), (-20, 20)):
        left, right = whole(low, high, "a"), whole(*other, "b")
        found = Products(plain).of(left, right)
        a, b = columns(range(low, high + 1), range(other[0], other[1] + 1))
        given_ = {stored(left): a - min(low, 0), stored(right): b - min(other[0], 0)}
        assert np.array_equal(computed(found.form, given_), a * b)
        assert found.whole and found.low == (a * b).min() and found.high == (a * b).max()


def test_the_largest_whole_product():
    plain = Gadgets("program case, compiling")
    left, right = whole(0, 4095, "a"), whole(0, 4096, "b")
    found = Products(plain).of(left, right)
    values = [0, 1, 2, 1023, 1024, 2047, 4094, 4095]
    a, b = columns(values, [*values, 4096])
    assert np.array_equal(computed(found.form, {stored(left): a, stored(right): b}), a * b)
    with pytest.raises(TooLarge, match="2\\^24"):
        Products(plain).of(whole(0, 4097, "a"), whole(0, 4096, "b"))


def test_a_whole_number_times_a_real_one():
    plain = Gadgets("program case, compiling")
    left, right = whole(-40, 40, "a"), signed(8.0, "b")
    found = Products(plain).of(left, right.number)
    a, b = columns(range(-40, 41), [-8.0, -0.1, 0.0, 1 / 3, 7.7])
    assert np.array_equal(computed(found.form, {stored(left): a + 40, **right.given(b)}), a * b)


def test_a_number_that_is_zero_or_one_is_a_gate():
    plain = Gadgets("program case, compiling")
    left, right = whole(0, 1, "a"), signed(8.0, "b")
    found = Products(plain).of(left, right.number)
    a, b = columns([0, 1], [-8.0, -(2.0**-100), 0.0, 0.1, 8.0])
    assert np.array_equal(computed(found.form, {stored(left): a, **right.given(b)}), a * b)
    assert depth(found.form) <= 2


@pytest.mark.parametrize("high", [1, 2, 6, 15, 16, 100, 255, 256, 1000])
def test_digits_make_the_number(high):
    plain, number = Gadgets("program case, compiling"), whole(0, high)
    (values,) = columns(range(high + 1))
    found = digits(plain, number.form, high)
    for digit in found:
        for weight, bit in digit.bits:
            assert np.array_equal(computed(bit, {stored(number): values}), values // weight % 2)


# ---- programs


def test_too_large_products_are_refused():
    left, right = signed(2.0**26, "a"), signed(2.0**26, "b")
    with pytest.raises(Refusal, match=r"2\^50"):
        Products(make).of(left.number, right.number)


def _program(place: str) -> Program:
    adj, weight = edge.mask("adj"), edge.scalar("A", low=0, high=8)
    x = node.scalar("x", low=0, high=64)
    product = {
        "nodes": minimum(x * x, 64),
        "key": minimum(min_of(sender(x) * weight, adj), 64),
        "ends": minimum(min_of(sender(x) * receiver(x) + weight, adj), 64),
    }[place]
    start = min_of(weight, adj) + 0.7
    passed = graph.scalar("passed", low=0, high=3, whole=True)
    return Program(
        place, (adj, weight), {x: start, passed: 0}, {x: product, passed: passed + 1}, passed == 3, {"y": x}
    )


@pytest.mark.parametrize("place", ["nodes", "key", "ends"])
def test_products_at_nodes_and_at_pairs(place):
    compiled = compile_program(_program(place))
    assert bool(compiled.certificate.pairs) == (place != "nodes")
    assert any("factors of products" in c for c in compiled.certificate.conditions)
    assert not compiled.certificate.errors
    for size, weights in itertools.product((1, 4, 7), ("random", "tenths")):
        assert not disagreements(compiled, graphs(size, 4, 0.5, weights)), (size, weights)


SIGNED, START = edge.scalar("A", low=-8, high=8), node.mask_one("s")
EITHER, ADJ = node.scalar("x", low=-64, high=64), edge.mask("adj")
AT_PAIRS = {
    "of inputs": max_of(SIGNED * SIGNED, ADJ),
    "of an end and an input": min_of(sender(EITHER) * SIGNED, ADJ),
    "beside a node": at_pair(SIGNED * sender(EITHER), START, me),
    "as a key": index(argmin(sender(EITHER) * SIGNED, ADJ)),
    "compared": min_of(SIGNED, ADJ & (sender(EITHER) * SIGNED < receiver(EITHER))),
}


@pytest.mark.parametrize("place", AT_PAIRS)
def test_products_at_pairs_have_signs(place):
    passed = graph.scalar("passed", low=0, high=3, whole=True)
    new = maximum(minimum(AT_PAIRS[place], 64), -64)
    first = max_of(SIGNED, ADJ)
    program = Program(
        "signs",
        (ADJ, SIGNED, START),
        {EITHER: first, passed: 0},
        {EITHER: new, passed: passed + 1},
        passed == 3,
        {"y": EITHER},
    )
    batch = graphs(6, 4, 0.5, "random", directed=True)
    values = {**batch.values, "A": (batch.values["A"] * 16 - 8) * batch.values["adj"]}
    inputs = {name: values[name] for name in ("adj", "A", "s")}
    assert not disagreements(compile_program(program), Batch(inputs, batch.nodes))


def test_a_product_of_numbers_is_a_number():
    assert isinstance(PRODUCT, Number)
    assert (PRODUCT.low, PRODUCT.high) == (-(HIGH**2), HIGH**2)
