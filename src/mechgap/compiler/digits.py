"""The binary digits of whole numbers, found by comparisons, a few at a time."""

from __future__ import annotations

from dataclasses import dataclass

from .gadgets import Gadgets
from .ir import Form

GROUP = 4
"""Binary digits that are found together, by 2^GROUP - 1 comparisons at once."""


@dataclass(frozen=True)
class Digit:
    """A few binary digits of a number.

    Attributes:
        weight: what the lowest of them counts.
        size: how many they are.
        steps: whether the number that they form is at least 1, 2, 3 …: each a form that is 0 or 1.
    """

    weight: float
    size: int
    steps: tuple[Form, ...]

    @property
    def form(self) -> Form:
        """What they add to the number."""
        total = Form()
        for step in self.steps:
            total = total + step * self.weight
        return total

    @property
    def bits(self) -> list[tuple[float, Form]]:
        """Each binary digit, the highest first, with what it counts."""
        found = []
        for place in reversed(range(self.size)):
            total = Form()
            for value, step in enumerate(self.steps, 1):
                total = total + step * float((value >> place & 1) - (value - 1 >> place & 1))
            found.append((self.weight * 2.0**place, total))
        return found


def digits(gadgets: Gadgets, number: Form, high: float) -> tuple[Digit, ...]:
    """The binary digits of a whole number from 0 to ``high``, the highest first.

    Each group of up to four takes two layers of at most 30 units.
    """
    count = int(high).bit_length()
    found: list[Digit] = []
    while count:
        size = count % GROUP or GROUP
        count -= size
        weight = 2.0**count
        steps = []
        for value in range(1, 2**size):
            if value * weight > high:
                break
            missing = gadgets.unit(Form((), value * weight) - number, value * weight)
            steps.append(gadgets.unit(Form((), 1.0) - missing, 1.0))
        digit = Digit(weight, size, tuple(steps))
        found.append(digit)
        number = number - digit.form
    return tuple(found)
