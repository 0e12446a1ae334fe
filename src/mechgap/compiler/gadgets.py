"""Bit-exact building blocks in float32: conjunctions, comparisons, gates, choices.

Every gadget is made of ReLU units. Whole numbers stay below 2^24, so that their sums are exact. A
real number is only ever added to exact zeros or to one other real number, so that it is rounded
exactly where the interpreter rounds it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..errors import Refusal
from .ir import Atom, Form, Unit
from .origin import Words
from .values import FALSE, TRUE, Bit, Category, Number, Value

EXACT = 2.0**24
"""Whole numbers up to this are exact in float32."""

NO_FRACTION = 2.0**23
"""From here on float32 has whole numbers only."""

SHARP = 2.0**100
"""Scale at which any two different float32 numbers above 2^-76 are at least one apart."""

LARGEST_REAL = 2.0**50
"""Real numbers up to this can be selected and compared without leaving float32."""


class TooLarge(Refusal):
    """Numbers do not fit into float32 exactly; a smaller n or smaller bounds may."""


def power_above(value: float) -> float:
    """The smallest power of two that is larger than a value."""
    return 2.0 ** (math.floor(math.log2(value)) + 1) if value >= 1 else 1.0


class Gadgets:
    """Makes units, each only once.

    Args:
        where: named in refusals.
        family: what a unit is: one of nodes, or one of pairs.
    """

    def __init__(self, where: str, family: Callable[[float, bool, Words, Form], Atom] = Unit) -> None:
        self.where = where
        self._family = family
        self.origin: Words = ""
        self._units: dict[tuple[frozenset[tuple[object, float]], float], Atom] = {}

    @contextmanager
    def about(self, origin: Words) -> Iterator[None]:
        """While it lasts, units are about the expression at hand."""
        outer, self.origin = self.origin, origin
        yield
        self.origin = outer

    def refuse(self, given: str, expected: str, remedy: str) -> Refusal:
        """A refusal that names the expression at hand."""
        return Refusal(f"{self.where}, in `{self.origin}`", given, expected, remedy)

    def made(self, form: Form, high: float, whole: bool) -> Atom:
        """A new unit relu(form)."""
        return self._family(high, whole, self.origin, form)

    def unit(self, form: Form, high: float, whole: bool = False) -> Form:
        """relu(form); a form that is one atom is returned as it is.

        Args:
            form: what is computed.
            high: upper bound of the result.
            whole: whether the result is a whole number although the form need not be.
        """
        if form.single is not None:
            return form
        if not form.terms:
            return Form((), max(0.0, form.constant))
        if form.whole and form.summed > EXACT:
            raise TooLarge(
                f"{self.where}, in `{self.origin}`",
                f"whole numbers up to {form.reach:g} in one sum",
                f"at most 2^24 = {EXACT:g}, beyond which float32 is not exact",
                "declare smaller bounds (high=…), or compile for a smaller n",
            )
        key = (frozenset(form.terms), form.constant)
        if key not in self._units:
            self._units[key] = self.made(form, high, whole or form.whole)
        return Form.of(self._units[key])

    def fresh(self, form: Form, high: float) -> Form:
        """relu(form) as a number that need not be whole, whatever the form is made of."""
        key = (frozenset((*form.terms, ("real", 1.0))), form.constant)
        if key not in self._units:
            self._units[key] = self.made(form, high, False)
        return Form.of(self._units[key])

    # ---- truth values

    def both(self, *bits: Bit) -> Bit:
        """The conjunction."""
        factors: list[Form] = []
        for bit in bits:
            if bit.constant is False:
                return FALSE
            if bit.constant is True:
                continue
            parts = (self.form(bit),) if bit.negated else bit.factors
            factors.extend(part for part in parts if part not in factors)
        return Bit(tuple(factors))

    def either(self, *bits: Bit) -> Bit:
        """The disjunction."""
        return ~self.both(*(~bit for bit in bits))

    def form(self, bit: Bit) -> Form:
        """A truth value as a form that is 0 or 1."""
        if bit.constant is not None:
            return Form((), float(bit.constant))
        base = bit.factors[0]
        if len(bit.factors) > 1:
            base = self.all_of(bit.factors)
        return Form((), 1.0) - base if bit.negated else base

    def all_of(self, factors: tuple[Form, ...]) -> Form:
        """Whether all factors are 1: exactly 0 or 1, even if a sum of factors is off by some rounding.

        What a fetch copies where no sender fulfils its conditions is an average over several
        senders, which float32 rounds; the factors then sum to one less than their number, nearly.
        """
        return self.unit(_sum(factors) * 2.0 + Form((), 1.0 - 2.0 * len(factors)), 1.0)

    def settled(self, bit: Bit) -> Form:
        """A truth value as one atom, or as 1 minus one atom: nothing in it is larger than 1."""
        positive = self.form(~bit if bit.negated else bit)
        atom = self.unit(positive, 1.0)
        return Form((), 1.0) - atom if bit.negated else atom

    def penalty(self, bit: Bit) -> Form:
        """A whole form that is 0 where a truth value holds and at least 1 where it does not."""
        if bit.constant is not None:
            return Form((), 0.0 if bit.constant else 1.0)
        if bit.negated:
            return self.form(~bit)
        return Form((), float(len(bit.factors))) - _sum(bit.factors)

    def clean_penalty(self, bit: Bit) -> Form:
        """A penalty made of atoms that are all exactly zero where the truth value holds."""
        penalty = self.penalty(bit)
        if penalty.constant == 0.0 and all(c > 0 for _, c in penalty.terms):
            return penalty
        return self.unit(penalty, penalty.top)

    # ---- numbers

    def simple(self, number: Number) -> Number:
        """The same number, in a form that can be read without rounding."""
        if number.whole or number.simple:
            return number
        return Number(self._parts(number), number.low, number.high, False)

    def readable(self, value: Value) -> Value:
        """The same value, in forms that can be read without rounding: at an end of a pair, by a copy."""
        return self.simple(value) if isinstance(value, Number) else value

    def _parts(self, number: Number) -> Form:
        """A number as its positive part less its negative one, of which one is exactly zero."""
        form = self.unit(number.form, number.high, number.whole) if number.high > 0 else Form()
        if number.low < 0:
            form = form - self.unit(number.form * -1.0, -number.low, number.whole)
        return form

    def split(self, atom: Atom) -> Form:
        """An atom that may be negative, as its positive part less its negative one."""
        form, total = Form.of(atom), Form()
        for sign in (1.0, -1.0) if atom.low < 0 else ():
            key = (frozenset((form * sign).terms), 0.0)
            if key not in self._units:
                self._units[key] = self.made(form * sign, atom.high, atom.whole)
            total = total + Form.of(self._units[key]) * sign
        return total if atom.low < 0 else form

    def term(self, number: Number) -> Number:
        """The same number, in a form that adds at most one number that is not zero to a sum."""
        form = number.form
        if not number.whole:
            return self.simple(number)
        if not form.terms or (form.constant == 0.0 and len(form.terms) == 1):
            return number
        return Number(self._parts(number), number.low, number.high, True)

    def difference(self, left: Number, right: Number) -> Form:
        """left - right, rounded at most once."""
        if left.whole and right.whole:
            return left.form - right.form
        return self.term(left).form - self.term(right).form

    def less(self, left: Number, right: Number) -> Bit:
        """left < right."""
        gap = self.difference(right, left)
        if left.high < right.low:
            return TRUE
        if left.low >= right.high:
            return FALSE
        if left.whole and right.whole:
            up = self.unit(gap, right.high - left.low)
            if right.high - left.low <= 1:
                return Bit((up,))
            return Bit((up - self.unit(gap.plus(-1.0), right.high - left.low),))
        sharp = self.sharpness(max(abs(left.low), abs(right.high), right.high - left.low, 1.0))
        large = self.unit(gap * sharp, sharp * max(1.0, right.high - left.low))
        return Bit((Form((), 1.0) - self.unit(Form((), 1.0) - large, 1.0, whole=True),))

    def sharpness(self, reach: float) -> float:
        """Scale at which a difference is at least 1 but never infinite."""
        if reach > LARGEST_REAL:
            raise self.refuse(
                f"a comparison of real numbers up to {reach:g}",
                f"at most {LARGEST_REAL:g}: float32 ends at 2^128",
                "declare smaller bounds (high=…), or scale the numbers",
            )
        return min(SHARP, 2.0**125 / power_above(reach))

    def equal(self, left: Number, right: Number) -> Bit:
        """left = right."""
        if not (left.whole and right.whole):
            return self.both(~self.less(left, right), ~self.less(right, left))
        gap = left.form - right.form
        low, high = left.low - right.high, left.high - right.low
        if low > 0 or high < 0:
            return FALSE
        if not gap.terms:
            return TRUE if gap.constant == 0 else FALSE
        if low >= 0 or high <= 0:
            return Bit((self.unit(Form((), 1.0) - gap * (1.0 if low >= 0 else -1.0), 1.0),))
        span = max(-low, high) + 1.0
        up, middle, down = (self.unit(gap.plus(d), span) for d in (1.0, 0.0, -1.0))
        return Bit((up - middle * 2.0 + down,))

    def near(self, pointer: Number, n: int) -> Number:
        """A pointer that may be far from all nodes, or one to a place just behind them in its stead."""
        if -2 * n <= pointer.low and pointer.high <= 2 * n:
            return pointer
        low, high = max(pointer.low, -1), min(pointer.high, n)
        inside = self.both(
            ~self.less(pointer, Number(Form((), low), low, low, True)),
            ~self.less(Number(Form((), high), high, high, True), pointer),
        )
        behind = Number(Form((), float(n)), n, n, True)
        close, reach = replace(pointer, low=low, high=high), max(-pointer.low, pointer.high)
        outside = Bit((self.settled(~inside),))
        return self.pick([(~outside, close), (outside, behind)], reach)

    def rounded(self, form: Form, high: float) -> Form:
        """A number below 2^22 rounded to a whole one, by float32 itself: next to 2^23 it has no fraction."""
        large = self.made(form.plus(NO_FRACTION), NO_FRACTION + high, False)
        return self.unit(Form.of(large).plus(-NO_FRACTION), high, whole=True)

    def gated(self, number: Number, condition: Bit, clean: bool = False, reach: float = 0.0) -> Form:
        """The number where a condition holds, else 0.

        Args:
            number: what is let through or not.
            condition: when.
            clean: whether the form must be made of atoms that are all exactly zero where the
                condition does not hold, so that a real number can be added to it.
            reach: how large it may be where the condition does not hold, if that is more than its bounds.
        """
        if condition.constant is not None:
            return number.form if condition.constant else Form()
        if not number.form.terms:
            form = self.form(condition)
            if clean and (form.constant or any(c < 0 for _, c in form.terms)):
                form = self.unit(form, 1.0)
            return form * number.form.constant
        if number.low >= 0:
            return self._let_through(number, condition, reach)
        opposite = Number(number.form * -1.0, -number.high, -number.low, number.whole)
        part, other = (self._let_through(x, condition, reach) for x in (number, opposite))
        return part - other

    def _let_through(self, number: Number, condition: Bit, reach: float) -> Form:
        """The positive part of a number where a condition holds, else 0."""
        if number.high <= 0:
            return Form()
        # What a fetch copies where no sender fulfils its conditions is bounded by its atoms only.
        parts = [abs(c) * atom.high for atom, c in number.form.terms]
        scale = 2.0 * power_above(max([number.high, reach, *parts] if number.whole else [number.form.top]))
        penalty = self.penalty(condition) if number.whole else self.clean_penalty(condition)
        if number.whole and number.form.reach + scale * penalty.reach > EXACT:
            penalty = Form((), 1.0) - self.settled(condition)
        return self.unit(number.form - penalty * scale, number.high)

    def pick(self, cases: list[tuple[Bit, Number]], reach: float = 0.0) -> Number:
        """The number of the one case whose condition holds (exactly one does).

        Args:
            cases: conditions and numbers.
            reach: how large a number may be where its condition does not hold, if not within its bounds.
        """
        merged: list[tuple[Bit, Number]] = []
        for condition, number in cases:
            if condition.constant is False:
                continue
            number = self.simple(number)
            for position, (known, other) in enumerate(merged):
                if other.form == number.form:
                    merged[position] = (self.either(known, condition), other)
                    break
            else:
                merged.append((condition, number))
        if len(merged) == 1:
            return merged[0][1]
        low = min(number.low for _, number in merged)
        high = max(number.high for _, number in merged)
        whole = all(number.whole for _, number in merged)
        shift = min(0.0, low) if whole else 0.0
        form = Form((), shift)
        for condition, number in merged:
            moved = Number(number.form.plus(-shift), number.low - shift, number.high - shift, number.whole)
            form = form + self.gated(moved, condition, not whole, reach and reach - shift)
        loose = any(number.loose for _, number in merged)
        return Number(form, low, high, whole, True, loose)

    def pick_bit(self, cases: list[tuple[Bit, Bit]]) -> Bit:
        """The truth value of the one case whose condition holds."""
        chosen = [self.both(condition, bit) for condition, bit in cases]
        chosen = [bit for bit in chosen if bit.constant is not False]
        if len(chosen) == 1:
            return chosen[0]
        if not chosen:
            return FALSE
        return Bit((_sum(tuple(self.form(bit) for bit in chosen)),))

    def choose(self, cases: list[tuple[Bit, Value]]) -> Value:
        """The value of the one case whose condition holds (exactly one does)."""
        cases = [(condition, value) for condition, value in cases if condition.constant is not False]
        first = cases[0][1]
        if len(cases) == 1:
            return first
        if isinstance(first, Number):
            return self.pick([(c, v) for c, v in cases if isinstance(v, Number)])
        if isinstance(first, Bit):
            return self.pick_bit([(c, v) for c, v in cases if isinstance(v, Bit)])
        columns = [
            [(c, v.bits[k]) for c, v in cases if isinstance(v, Category)] for k in range(len(first.bits))
        ]
        return Category(tuple(self.pick_bit(column) for column in columns))


def _sum(forms: tuple[Form, ...]) -> Form:
    total = Form()
    for form in forms:
        total = total + form
    return total
