"""Angles of vectors, arctan2(y, x), by rotations through fixed angles.

A vector is turned towards the first axis by 90° and then by arctan 2^-k for k = 0, 1, 2 …, and mirrored
at that axis whenever it is below: affine maps and absolute values, which are ReLU units. Whether it was
mirrored says with which sign each angle counts (Volder 1959, "The CORDIC trigonometric computing technique").
Turning also makes vectors longer, which no angle depends on, so nothing is multiplied but by powers of two.
"""

from __future__ import annotations

import math

from .gadgets import Gadgets
from .ir import Form
from .values import Number

TURNS = 26
"""Rotations by arctan 2^-k; what is left is below 2^-25."""

COARSE, FINE = 2.0**-20, 2.0**-36
"""Angles are summed as whole numbers of these two units; both sums stay below 2^24."""

ERROR = 3.0 * 2.0**-22
"""Largest difference to a run of the interpreter, in radians, in units of 2^-24: 4 for rounding while
turning (the k-th turn adds at most 2^-k to each coordinate's share), 1/2 for what is left in the end, 2 for
rounding the result, and 4 for the interpreter, whose arctan2 is off by one unit in the last place of pi."""

NEAREST = -48
"""Vectors are (0, 0) or have a coordinate of at least 2^NEAREST: below, comparisons are not exact."""

FARTHEST = 2.0**24
"""Largest coordinate."""

PI = 13176795 * 2.0**-22
"""The float32 number next to pi."""

LARGEST = PI + ERROR
"""Upper bound of what is found."""

ONE = Form((), 1.0)


class Angles:
    """Finds angles.

    Args:
        gadgets: makes the units.
    """

    def __init__(self, gadgets: Gadgets) -> None:
        self._gadgets = gadgets

    def of(self, y: Number, x: Number) -> Number:
        """arctan2(y, x) in radians: from -pi to pi, 0 at (0, 0), and exact where y is 0.

        It is within ``ERROR`` of the angle elsewhere. A zero counts as positive.
        """
        gadgets = self._gadgets
        zero = Number(Form(), 0, 0, True)
        y, x = gadgets.simple(y), gadgets.simple(x)
        self._check(max(abs(bound) for number in (y, x) for bound in (number.low, number.high)))
        below, above = gadgets.less(y, zero), gadgets.less(zero, y)
        behind = gadgets.less(x, zero)
        (up, down), (right, left) = self._parts(y), self._parts(x)
        angle = Number(self._turned((up + down, right, left), self._reach(y, x)), 0.0, LARGEST, False)
        form = gadgets.gated(angle, above, clean=True) - gadgets.gated(angle, below, clean=True)
        level = gadgets.both(~above, ~below, behind)
        straight = gadgets.unit(gadgets.form(level), 1.0)
        return Number(form + straight * PI, -LARGEST if y.low < 0 else 0.0, LARGEST, False)

    def _check(self, reach: float) -> None:
        if reach > FARTHEST:
            raise self._gadgets.refuse(
                f"the angle of coordinates up to {reach:g}",
                f"at most 2^24 = {FARTHEST:g}, so that comparisons of small ones are exact too",
                "declare smaller bounds (high=…), or scale the coordinates",
            )

    def _parts(self, number: Number) -> tuple[Form, Form]:
        """The positive and the negative part, as one atom each."""
        found = []
        for sign, bound in ((1.0, number.high), (-1.0, -number.low)):
            form = self._gadgets.fresh(number.form * sign, bound) if bound > 0 else Form()
            found.append(form)
        return found[0], found[1]

    def _reach(self, y: Number, x: Number) -> float:
        """Upper bound of what turning makes of the coordinates."""
        return 2.0 * sum(max(-number.low, number.high) for number in (y, x))

    def _turned(self, vector: tuple[Form, Form, Form], reach: float) -> Form:
        """The angle from 0 to pi of a vector in the upper half plane.

        Args:
            vector: its second coordinate; the positive and the negative part of the first one.
            reach: upper bound of the coordinates.
        """
        unit = self._gadgets.unit
        along, mirrored, beyond = vector
        turns = [math.pi / 2] + [math.atan(2.0**-k) for k in range(TURNS)]
        sign, sums = Form(), [Form(), Form()]
        for k in range(TURNS):
            # An angle counts negatively after an odd number of mirrors, which are turns too far.
            flip = ONE - self._positive(beyond, reach)
            sign = unit(sign - flip, 1.0) + unit(flip - sign, 1.0) if k else flip
            sums = self._added(sums, sign, turns[: k + 2])
            across, step = beyond + mirrored, 2.0**-k
            beyond, mirrored, along = (
                unit(across - along * step, reach),
                unit(along * step - across, reach),
                unit(along + across * step, reach),
            )
        return self._total(sums, turns)

    def _positive(self, part: Form, reach: float) -> Form:
        """Whether a number is above 0."""
        if not part.terms:
            return Form()
        unit = self._gadgets.unit
        sharp = self._gadgets.sharpness(reach)
        return ONE - unit(ONE - unit(part * sharp, sharp * reach), 1.0, whole=True)

    def _added(self, sums: list[Form], sign: Form, turns: list[float]) -> list[Form]:
        """Two sums of the angles that count negatively, with one more."""
        before = zip(*map(_units, turns[1:]), strict=True)
        parts = zip(sums, _units(turns[-1]), before, strict=True)
        return [self._gadgets.unit(total + sign * part, sum(most)) for total, part, most in parts]

    def _total(self, sums: list[Form], turns: list[float]) -> Form:
        """All angles, less twice those that count negatively."""
        unit = self._gadgets.unit
        total = Form()
        for total_of, negative, scale in zip(
            (sum(part) for part in zip(*map(_units, turns), strict=True)), sums, (COARSE, FINE), strict=True
        ):
            form = Form((), total_of) - negative * 2.0
            for side in (1.0, -1.0):
                total = total + unit(form * side, form.reach) * (side * scale)
        return unit(total, LARGEST)


def _units(angle: float) -> tuple[float, float]:
    """An angle as whole numbers of coarse and of fine units."""
    coarse = math.floor(angle / COARSE)
    return float(coarse), float(round((angle - coarse * COARSE) / FINE))
