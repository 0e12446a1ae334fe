"""Products of two numbers that vary, rounded as float32 rounds them.

A network of ReLU units multiplies as one does on paper. The significand of each factor, a whole number of
24 binary digits, is found by comparisons with powers of two, and its digits by comparisons too. Each digit
of one half lets a half of the other factor through or not, so that all partial products are whole numbers
below 2^24. Their carries are brought together, and one last addition of two exact numbers rounds as a
multiplication does. Then the power of two is put back. Nothing is approximated; the halves are those of
Dekker (1971), "A floating-point technique for extending the available precision".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .digits import Digit, digits
from .gadgets import EXACT, LARGEST_REAL, Gadgets, TooLarge, power_above
from .ir import Form
from .values import FALSE, TRUE, Bit, Number

FINEST = -63
"""Real factors are 0 or at least 2^FINEST in magnitude; smaller ones count as 0.

The product of two that are larger is above 2^-126, so that float32 holds it with all of its digits.
"""

DIGITS, HALF = 24, 12
"""Binary digits of a significand, and of each of its halves."""

ONE = Form((), 1.0)
Shifts = tuple[tuple[int, Form], ...]
"""Powers of two, each with a form that is 0 where a number was divided by it, and 1 elsewhere."""


@dataclass(frozen=True)
class _Normal:
    """A number as significand times powers of two.

    Attributes:
        lead: the leading digit of the significand: 1, or 0 if the number is 0.
        digits: the other 23, in groups.
        fraction: the whole number that these are.
        coarse, fine: the powers of two; together they say where the leading digit is.
        reach: the number is below 2^reach.
    """

    lead: Form
    digits: tuple[Digit, ...]
    fraction: Form
    coarse: Shifts
    fine: Shifts
    reach: int

    @property
    def halves(self) -> tuple[Form, Form]:
        """The higher 12 digits of the significand as a whole number, and the lower ones."""
        upper = _above(self.digits)
        high, rest = self.lead * 2.0 ** (HALF - 1), self.fraction
        for digit in upper:
            high = high + digit.form * 2.0**-HALF
            rest = rest - digit.form
        return high, rest

    @property
    def bits(self) -> tuple[list[tuple[float, Form]], list[tuple[float, Form]]]:
        """The digits of both halves, each with its weight in its half."""
        upper = _above(self.digits)
        high = [(2.0 ** (HALF - 1), self.lead)]
        high += [(weight * 2.0**-HALF, bit) for digit in upper for weight, bit in digit.bits]
        low = [entry for digit in self.digits if digit not in upper for entry in digit.bits]
        return high, low


class Products:
    """Multiplies numbers.

    Args:
        gadgets: makes the units.
    """

    def __init__(self, gadgets: Gadgets) -> None:
        self._gadgets = gadgets

    def of(self, left: Number, right: Number) -> Number:
        """left * right: of whole numbers exactly, of others rounded once, to the nearest (ties to even).

        Raises:
            TooLarge: if whole numbers may leave those that are exact in float32.
            Refusal: if real ones become larger than can be stored and compared.
        """
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        low, high, whole = min(corners), max(corners), left.whole and right.whole
        self._check(max(-low, high), whole)
        left, right = self._gadgets.simple(left), self._gadgets.simple(right)
        for gate, number in ((left, right), (right, left)):
            if gate.whole and gate.low >= 0 and gate.high <= 1:
                form = self._gadgets.gated(number, Bit((gate.form,)), clean=not whole)
                return Number(form, low, high, whole)
        one, other = self._magnitude(left), self._magnitude(right)
        found = self._whole(one, other) if whole else self._real(one, other)
        return Number(self._signed(found, (left, right), one.high * other.high), low, high, whole)

    def _check(self, reach: float, whole: bool) -> None:
        if whole and reach > EXACT:
            raise TooLarge(
                f"{self._gadgets.where}, in `{self._gadgets.origin}`",
                f"a product of whole numbers up to {reach:g}",
                f"at most 2^24 = {EXACT:g}, beyond which float32 is not exact",
                "declare smaller bounds (high=…), or scalars that need not be whole: then it is rounded",
            )
        if reach > LARGEST_REAL:
            raise self._gadgets.refuse(
                f"a product of numbers up to {reach:g}",
                f"at most 2^50 = {LARGEST_REAL:g}, so that it can be stored and compared",
                "declare smaller bounds (high=…), or scale the numbers",
            )

    # ---- signs

    def _magnitude(self, number: Number) -> Number:
        """The absolute value."""
        high = max(-number.low, number.high)
        if number.low >= 0:
            return number
        form = number.form
        if number.whole or form.constant or any(atom.low < 0 for atom in form.atoms):
            up, down = (self._gadgets.unit(form * sign, high, number.whole) for sign in (1.0, -1.0))
            return Number(up + down, 0.0, high, number.whole)
        return Number(Form(tuple((atom, abs(c)) for atom, c in form.terms)), 0.0, high, False)

    def _signed(self, magnitude: Form, factors: tuple[Number, Number], high: float) -> Form:
        """A magnitude with the sign of a product."""
        bits = [self._negative(factor) for factor in factors]
        unit = self._gadgets.unit
        if all(bit.constant is not None for bit in bits):
            return magnitude * (1.0 if bits[0].constant == bits[1].constant else -1.0)
        one, other = (self._gadgets.settled(bit) for bit in bits)
        differ = unit(unit(one - other, 1.0) + unit(other - one, 1.0), 1.0)
        same = unit(ONE - differ, 1.0)
        scale = high if magnitude.whole else power_above(high)
        return unit(magnitude - differ * scale, high) - unit(magnitude - same * scale, high)

    def _negative(self, number: Number) -> Bit:
        if number.low >= 0:
            return FALSE
        zero = Number(Form(), 0, 0, number.whole)
        return TRUE if number.high <= 0 else self._gadgets.less(number, zero)

    # ---- whole numbers

    def _whole(self, one: Number, other: Number) -> Form:
        """The product of whole numbers that are not negative: every digit of the smaller one lets through."""
        small, large = sorted((one, other), key=lambda number: number.high)
        unit = self._gadgets.unit
        through = unit(large.form, large.high)
        total = Form()
        for digit in digits(self._gadgets, small.form, small.high):
            for weight, bit in digit.bits:
                absent = unit(ONE - bit, 1.0)
                total = total + unit(through - absent * large.high, large.high) * weight
        return unit(total, one.high * other.high)

    # ---- real numbers

    def _real(self, one: Number, other: Number) -> Form:
        """The product of real numbers that are not negative, rounded once."""
        unit = self._gadgets.unit
        left, right = self._normal(one), self._normal(other)
        upper, lower = (unit(half, 2.0**HALF - 1.0, whole=True) for half in right.halves)
        high, low = left.bits
        product = self._rounded(
            self._partial(high, upper),
            (self._carried(self._partial(high, lower)), self._carried(self._partial(low, upper))),
            self._carried(self._partial(low, lower)),
        )
        return self._placed(product, left, right, one.high * other.high)

    def _normal(self, number: Number) -> _Normal:
        """The significand and the powers of two of a number, in two steps of a few alternatives each."""
        form, lowest = number.form, FINEST
        if number.whole:
            # Thresholds of real numbers are scaled: their sums are exact, but not below 2^24.
            form, lowest = self._gadgets.fresh(form, number.high), 0
        reach = round(math.log2(power_above(number.high)))
        count = max(reach - lowest, 2)
        inner = math.ceil(math.sqrt(count))
        starts = [lowest + k * inner for k in range(math.ceil(count / inner))]
        near, coarse, lead = self._ladder(form, starts, reach, 0)
        fraction, fine, _ = self._ladder(near, list(range(inner)), inner, DIGITS - 1)
        largest = 2.0 ** (DIGITS - 1) - 1.0
        whole = self._gadgets.unit(fraction, largest, whole=True)
        return _Normal(lead, digits(self._gadgets, whole, largest), whole, coarse, fine, reach)

    def _ladder(self, form: Form, starts: list[int], reach: int, target: int) -> tuple[Form, Shifts, Form]:
        """A number divided by the largest of some powers of two that it reaches, times 2^target.

        If the target is not 0, the leading digit is taken away. Two numbers of 24 digits next to each
        other differ at a power of two by 2^-24 of it, so a scaled difference is 0 or at least 1.

        Returns:
            The sum of what each power makes of the number, of which all but one are 0; the powers; and
            whether any is reached.
        """
        unit = self._gadgets.unit
        sharp = 2.0**DIGITS
        short = [unit(Form((), sharp) - form * 2.0 ** (DIGITS - s), sharp) for s in starts]
        reached = [unit(ONE - below, 1.0, whole=True) for below in short]
        total, shifts = Form(), []
        for k, (start, below) in enumerate(zip(starts, short, strict=True)):
            room = (starts[k + 1] if k + 1 < len(starts) else reach) - start
            scaled = form * 2.0 ** (target - start) - below * 2.0 ** (target + 1)
            absent = ONE - reached[k]
            if k + 1 < len(starts):
                scaled = scaled - reached[k + 1] * 2.0 ** (target + reach - start)
                absent = absent + reached[k + 1]
            if target:
                scaled = scaled.plus(-(2.0**target))
            total = total + unit(scaled, 2.0 ** (target + room))
            shifts.append((start, unit(absent, 1.0)))
        return total, tuple(shifts), reached[0]

    def _partial(self, bits: list[tuple[float, Form]], half: Form) -> Form:
        """A half of one significand times a half of the other: a whole number below 2^24."""
        unit, largest = self._gadgets.unit, 2.0**HALF - 1.0
        total = Form()
        for weight, bit in bits:
            total = total + unit(half - (ONE - bit) * 2.0**HALF, largest) * weight
        return unit(total, largest * largest)

    def _carried(self, product: Form) -> tuple[Form, Form]:
        """A whole number below 2^24 as a multiple of 2^12 and a rest from 0 to 1, both in units of 2^12.

        A half is taken away before float32 rounds, so that the rest is never negative; where that is a
        tie, either way is right.
        """
        scaled = product * 2.0**-HALF
        carry = self._gadgets.rounded(scaled.plus(-0.5), 2.0**HALF - 2.0)
        return carry, self._gadgets.unit(scaled - carry, 1.0)

    def _rounded(
        self, upper: Form, middle: tuple[tuple[Form, Form], tuple[Form, Form]], lower: tuple[Form, Form]
    ) -> Form:
        """The product of two significands, divided by 2^46: from 1 to 4, or 0.

        Args:
            upper: the product of the higher halves.
            middle: the products of a higher and a lower half, with their carries.
            lower: the product of the lower halves, with its carry.
        """
        unit, step = self._gadgets.unit, 2.0**HALF
        (one, first), (two, second) = middle
        between = (first + second) * step + lower[0]
        carries = [unit(ONE - unit(Form((), k * step) - between, k * step), 1.0, True) for k in (1, 2)]
        carry = carries[0] + carries[1]
        rest = unit(between - carry * step, step - 1.0, whole=True)
        high = unit(upper + one + two + carry, EXACT - 1.0)
        below = unit((rest + lower[1]) * (1.0 / step), 1.0)
        return unit((high + below) * 2.0 ** (2 - DIGITS), 4.0)

    def _placed(self, product: Form, left: _Normal, right: _Normal, limit: float) -> Form:
        """A product of significands, times the powers of two of both factors."""
        small, large = sorted((left, right), key=lambda number: number.reach)
        high, rest = 4.0, 2.0 ** len(large.fine)
        for shifts, most in (
            (small.fine, 4.0 * 2.0 ** len(small.fine)),
            (large.fine, 4.0 * 2.0 ** len(small.fine) * rest),
            (small.coarse, 4.0 * 2.0**small.reach * rest),
            (large.coarse, limit),
        ):
            total = Form()
            for exponent, absent in shifts:
                scaled = high * 2.0**exponent
                total = total + self._gadgets.unit(
                    product * 2.0**exponent - absent * power_above(scaled), min(scaled, most)
                )
            product, high = total, most
        return self._gadgets.unit(product, limit)


def _above(groups: tuple[Digit, ...]) -> tuple[Digit, ...]:
    """The groups of digits of the higher half."""
    return tuple(digit for digit in groups if digit.weight >= 2.0**HALF)
