"""Every gadget computed in float32, in several orders of summation, against plain Python."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.arithmetic import bit, columns, computed, real, stored, whole
from mechgap.compiler.gadgets import EXACT, Gadgets, TooLarge, power_above
from mechgap.compiler.ir import Form, Unit
from mechgap.compiler.values import FALSE, TRUE, Category, Number

BOTH = (0.0, 1.0)
SMALLEST = 2.0**-76
HIGH = 64.0


def gadgets() -> Gadgets:
    return Gadgets("program case, compiling")


def neighbours(*values: float) -> list[float]:
    """Float32 numbers, each with the ones next to it."""
    found = []
    for value in np.array(values, dtype=np.float32):
        found += [np.nextafter(value, np.float32(0)), value, np.nextafter(value, np.float32(np.inf))]
    return sorted({float(v) for v in found})


REALS = [v for v in neighbours(SMALLEST, 1e-3, 0.1, 0.3, 1.0, 8.0, 63.5, 64.0) if SMALLEST <= v <= HIGH] + [
    0.0
]
real_numbers = st.floats(SMALLEST, HIGH, width=32) | st.just(0.0)


# ---- truth values


@pytest.mark.parametrize("signs", list(itertools.product([False, True], repeat=3)))
def test_conjunctions_and_disjunctions(signs):
    bits = [bit(name, negated=sign) for name, sign in zip("abc", signs, strict=True)]
    values = columns(BOTH, BOTH, BOTH)
    given_ = {stored(b): v for b, v in zip(bits, values, strict=True)}
    truth = [(v > 0) != sign for v, sign in zip(values, signs, strict=True)]
    make = gadgets()
    assert np.array_equal(computed(make.form(make.both(*bits)), given_), np.logical_and.reduce(truth))
    assert np.array_equal(computed(make.form(make.either(*bits)), given_), np.logical_or.reduce(truth))
    nested = make.either(make.both(bits[0], ~bits[1]), make.both(~bits[0], bits[2]))
    wanted = np.where(truth[0], ~truth[1], truth[2])
    assert np.array_equal(computed(make.form(nested), given_), wanted)
    assert np.array_equal(computed(make.form(~nested), given_), ~wanted)


def test_constants_are_folded():
    make, a = gadgets(), bit("a")
    assert make.both() == TRUE
    assert make.both(a, FALSE) == FALSE
    assert make.both(a, TRUE, a) == a
    assert make.either(a, TRUE).constant is True
    assert make.either(a, FALSE).constant is None
    assert make.form(TRUE) == Form((), 1.0)
    assert make.penalty(FALSE) == Form((), 1.0)


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_a_conjunction_is_exact_on_averages_that_are_rounded(count):
    """Copies where no sender fulfils the conditions are averages: one less than the number, nearly."""
    names = [f"c{k}" for k in range(count)]
    factors = [bit(name) for name in names]
    make = gadgets()
    form = make.all_of(tuple(b.factors[0] for b in factors))
    for ulps in (-4, 0, 4):
        sure = np.full(1, 1 + ulps * 2.0**-24, dtype=np.float32)
        values = [sure] * (count - 1) + [np.full(1, abs(ulps) * 2.0**-24, dtype=np.float32)]
        assert computed(form, {stored(b): v for b, v in zip(factors, values, strict=True)})[0] == 0.0
    every = {stored(b): np.ones(1, dtype=np.float32) for b in factors}
    assert computed(form, every)[0] == 1.0


@pytest.mark.parametrize("signs", list(itertools.product([False, True], repeat=2)))
def test_penalties_are_zero_where_a_condition_holds(signs):
    make = gadgets()
    bits = [bit(name, negated=sign) for name, sign in zip("ab", signs, strict=True)]
    values = columns(BOTH, BOTH)
    given_ = {stored(b): v for b, v in zip(bits, values, strict=True)}
    truth = np.logical_and.reduce([(v > 0) != sign for v, sign in zip(values, signs, strict=True)])
    for condition, holds in ((make.both(*bits), truth), (~make.both(*bits), ~truth)):
        for penalty in (make.penalty(condition), make.clean_penalty(condition)):
            found = computed(penalty, given_)
            assert np.array_equal(found == 0, holds)
            assert (found[~holds] >= 1).all()
        clean = make.clean_penalty(condition)
        assert clean.constant == 0.0
        assert all(c > 0 for _, c in clean.terms)
        settled = make.settled(condition)
        assert np.array_equal(computed(settled, given_), holds)
        assert settled.reach <= 2.0


# ---- comparisons

BOUNDS = [(0, 1), (0, 7), (-3, 4), (-5, -2), (0, 2**20 - 1)]


def _some(low: float, high: float) -> list[float]:
    if high - low < 16:
        return [float(v) for v in range(int(low), int(high) + 1)]
    return [low, low + 1, low + 2, (low + high) // 2, (low + high) // 2 + 1, high - 1, high]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(BOUNDS, repeat=2)))
def test_whole_numbers_are_compared_exactly(one, other):
    left, right = whole(*one, "l"), whole(*other, "r")
    a, b = columns(_some(*one), _some(*other))
    given_ = {stored(left): a - left.form.constant, stored(right): b - right.form.constant}
    make = gadgets()
    for found, wanted in (
        (make.less(left, right), a < b),
        (make.less(right, left), b < a),
        (make.equal(left, right), a == b),
    ):
        assert np.array_equal(computed(make.form(found), given_), wanted)
        assert np.array_equal(computed(make.form(~found), given_), ~wanted)


def test_a_number_is_compared_with_a_constant():
    left = whole(0, 7)
    values = np.arange(8, dtype=np.float32)
    make = gadgets()
    for threshold in (-1.0, 0.0, 3.0, 7.0, 8.0):
        constant = Number(Form((), threshold), threshold, threshold, True)
        for found, wanted in (
            (make.less(left, constant), values < threshold),
            (make.less(constant, left), threshold < values),
            (make.equal(left, constant), values == threshold),
        ):
            assert np.array_equal(computed(make.form(found), {stored(left): values}), wanted)


def _compare_reals(a: np.ndarray, b: np.ndarray) -> None:
    left, right = real(HIGH, "l"), real(HIGH, "r")
    given_ = {stored(left): a, stored(right): b}
    make = gadgets()
    for found, wanted in (
        (make.less(left, right), a < b),
        (make.equal(left, right), a == b),
        (make.both(~make.less(left, right), ~make.less(right, left)), a == b),
    ):
        assert np.array_equal(computed(make.form(found), given_), wanted)


def test_real_numbers_are_compared_exactly_to_the_last_place():
    _compare_reals(*columns(REALS, REALS))


@given(real_numbers, real_numbers)
def test_any_real_numbers_are_compared_exactly(a, b):
    values = [a, b, *(v for v in neighbours(a, b) if SMALLEST <= v <= HIGH)]
    _compare_reals(*columns(values, values))


def test_a_sum_of_reals_is_rounded_once_and_then_compared():
    left, edge, right = real(HIGH, "l"), real(HIGH, "e"), real(2 * HIGH, "r")
    a, e, b = columns(REALS, REALS, [0.1, 0.4, 64.0])
    b = np.concatenate([b, a + e])
    a, e = np.concatenate([a, a]), np.concatenate([e, e])
    total = Number(left.form + edge.form, 0, 2 * HIGH, False, simple=False)
    make = gadgets()
    given_ = {stored(left): a, stored(edge): e, stored(right): b}
    assert np.array_equal(computed(make.form(make.less(total, right)), given_), a + e < b)
    assert np.array_equal(computed(make.form(make.equal(total, right)), given_), a + e == b)


def test_what_the_bounds_decide_costs_no_unit():
    make = gadgets()
    assert make.less(whole(0, 3, "l"), whole(4, 9, "r")) == TRUE
    assert make.less(whole(4, 9, "l"), whole(0, 4, "r")) == FALSE
    assert make.equal(whole(0, 3, "l"), whole(4, 9, "r")) == FALSE
    assert make._units == {}


# ---- gates and choices


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("kind", ["whole", "real"])
def test_gates_let_through_exactly(count, negated, kind):
    number = whole(0, 1023, "x") if kind == "whole" else real(HIGH, "x")
    values = [0.0, 1.0, 511.0, 1023.0] if kind == "whole" else REALS
    bits = [bit(f"c{k}") for k in range(count)]
    x, *conditions = columns(values, *[BOTH] * count)
    given_ = {stored(b): c for b, c in zip(bits, conditions, strict=True)} | {stored(number): x}
    make = gadgets()
    condition = make.both(*bits)
    holds = np.logical_and.reduce([c > 0 for c in conditions])
    if negated:
        condition, holds = ~condition, ~holds
    assert np.array_equal(computed(make.gated(number, condition), given_), np.where(holds, x, np.float32(0)))


def test_a_gate_that_would_leave_float32_is_made_of_a_settled_condition():
    number = whole(0, 2**20 - 1, "x")
    bits = [bit(f"c{k}") for k in range(6)]
    make = gadgets()
    form = make.gated(number, make.both(*bits))
    units = [atom for atom in form.atoms if isinstance(atom, Unit)]
    assert units
    assert all(unit.form.reach <= EXACT for unit in units)
    x, *conditions = columns([0.0, 1.0, 2.0**20 - 1], *[BOTH] * 6)
    given_ = {stored(b): c for b, c in zip(bits, conditions, strict=True)} | {stored(number): x}
    holds = np.logical_and.reduce([c > 0 for c in conditions])
    assert np.array_equal(computed(form, given_), np.where(holds, x, np.float32(0)))


@pytest.mark.parametrize("bounds", [(0, 1), (-4, 5), (-9, -3), (0, 2**20)])
def test_picks_between_whole_numbers(bounds):
    numbers = [whole(*bounds, name) for name in "xyz"]
    a, b = bit("a"), bit("b")
    *values, av, bv = columns(*[_some(*bounds)[:3]] * 3, BOTH, BOTH)
    given_ = {stored(n): v - n.form.constant for n, v in zip(numbers, values, strict=True)}
    given_ |= {stored(a): av, stored(b): bv}
    make = gadgets()
    cases = [(a, numbers[0]), (make.both(~a, b), numbers[1]), (make.both(~a, ~b), numbers[2])]
    found = make.pick(cases)
    wanted = np.where(av > 0, values[0], np.where(bv > 0, values[1], values[2]))
    assert np.array_equal(computed(found.form, given_), wanted)
    assert found.whole
    assert (found.low, found.high) == bounds


@settings(max_examples=60)
@given(real_numbers, real_numbers, st.booleans())
def test_picks_between_reals(x, y, first):
    left, right, a = real(HIGH, "l"), real(HIGH, "r"), bit("a")
    given_ = {
        stored(n): np.array([v], dtype=np.float32) for n, v in ((left, x), (right, y), (a, float(first)))
    }
    make = gadgets()
    found = make.pick([(a, left), (~a, right)])
    assert computed(found.form, given_)[0] == np.float32(x if first else y)
    # A pick is read without rounding: it can be added to, compared and picked again.
    assert found.simple
    total = make.simple(Number(found.form + right.form, 0, 2 * HIGH, False, simple=False))
    assert computed(total.form, given_)[0] == np.float32(x if first else y) + np.float32(y)


def test_equal_cases_are_merged():
    make, x, a, b = gadgets(), whole(0, 9, "x"), bit("a"), bit("b")
    assert make.pick([(a, x), (~a, x)]).form == x.form
    assert make.pick([(FALSE, whole(0, 3)), (TRUE, x)]) == x
    assert make.pick([(a, x), (make.both(~a, b), whole(0, 9, "y")), (make.both(~a, ~b), x)]).high == 9


@pytest.mark.parametrize("signs", list(itertools.product([False, True], repeat=3)))
def test_picks_between_truth_values(signs):
    bits = [bit(name, negated=sign) for name, sign in zip("cxy", signs, strict=True)]
    values = columns(BOTH, BOTH, BOTH)
    given_ = {stored(b): v for b, v in zip(bits, values, strict=True)}
    c, x, y = ((v > 0) != sign for v, sign in zip(values, signs, strict=True))
    make = gadgets()
    found = make.pick_bit([(bits[0], bits[1]), (~bits[0], bits[2])])
    assert np.array_equal(computed(make.form(found), given_), np.where(c, x, y))
    assert np.array_equal(computed(make.form(make.both(~found, bits[1])), given_), ~np.where(c, x, y) & x)


def test_chooses_between_categories():
    left, right = (Category(tuple(bit(f"{n}{k}") for k in range(3))) for n in "lr")
    a = bit("a")
    make = gadgets()
    found = make.choose([(a, left), (~a, right)])
    assert isinstance(found, Category)
    for first, one, other in itertools.product((0, 1), range(3), range(3)):
        codes = [(left, one), (right, other)]
        given_ = {
            stored(b): np.array([k == code], dtype=np.float32)
            for category, code in codes
            for k, b in enumerate(category.bits)
        } | {stored(a): np.array([first], dtype=np.float32)}
        wanted = one if first else other
        assert [computed(make.form(b), given_)[0] for b in found.bits] == [k == wanted for k in range(3)]


@pytest.mark.parametrize("high", [1.0, 15.0, 2.0**16 - 1, 2.0**22 - 2])
def test_rounding_to_a_whole_number_for_certain(high):
    """A copied index is an average of equal ones, off by some units in the last place."""
    x = real(high, "x")
    exact = np.array(sorted({0.0, 1.0, high // 2, high - 1, high}), dtype=np.float32)
    make = gadgets()
    for shift in (-0.25, -(2.0**-12), 0.0, 2.0**-12, 0.25):
        near = np.maximum(exact + np.float32(shift), np.float32(0))
        found = computed(make.rounded(x.form, high), {stored(x): near})
        assert np.array_equal(found, exact)


def test_a_minimum_of_reals_is_one_of_them():
    left, right = real(HIGH, "l"), real(HIGH, "r")
    a, b = columns(REALS, REALS)
    make = gadgets()
    less = make.less(left, right)
    found = make.pick([(less, left), (~less, right)])
    assert np.array_equal(computed(found.form, {stored(left): a, stored(right): b}), np.minimum(a, b))


# ---- bounds


def test_sums_beyond_the_whole_numbers_of_float32_are_refused():
    make = gadgets()
    make.origin = "x + y"
    form = whole(0, 2**23, "x").form + whole(0, 2**23, "y").form
    assert make.unit(form, 2.0**24).single is not None
    with pytest.raises(TooLarge, match=r"(?s)in `x \+ y`.*2\^24"):
        make.unit(form.plus(1.0), 2.0**24 + 1)


def test_units_are_made_once():
    make = gadgets()
    x, y = whole(0, 5, "x"), whole(0, 5, "y")
    assert make.unit(x.form + y.form, 10) == make.unit(y.form + x.form, 10)
    assert make.unit(x.form, 5) == x.form
    assert make.unit(Form((), -2.0), 0) == Form()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 1.5, 2.0, 63.99, 64.0, 2.0**23])
def test_the_power_above_is_the_smallest_larger_power_of_two(value):
    power = power_above(value)
    assert power > value
    assert power == 1 or power / 2 <= value
    assert np.log2(power).is_integer()
