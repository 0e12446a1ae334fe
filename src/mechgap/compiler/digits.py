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
        steps: whether the number that they form is at least 1, 2, 3 …: each a form that is 0 or 1.
        bits: each binary digit, the highest first, with what it counts; one layer later than the steps.
    """

    weight: float
    steps: tuple[Form, ...]
    bits: tuple[tuple[float, Form], ...]

    @property
    def form(self) -> Form:
        """What they add to the number."""
        total = Form()
        for step in self.steps:
            total = total + step * self.weight
        return total


def digits(gadgets: Gadgets, number: Form, high: float) -> tuple[Digit, ...]:
    """The binary digits of a whole number from 0 to ``high``, the highest first.

    Each group of up to four takes two layers of at most 30 units.
    """
    count = int(high).bit_length()
    found: list[Digit] = []
    while count:
        size = count % GROUP or GROUP
        count -= size
        if found:
            # Of the group before, only its steps are there yet; of those before it, there are fewer bits.
            rest = number - found[-1].form
            for weight, bit in found[-1].bits:
                number = number - bit * weight
        else:
            rest = number
        found.append(_digit(gadgets, rest, high, (2.0**count, size)))
    return tuple(found)


def _digit(gadgets: Gadgets, rest: Form, high: float, place: tuple[float, int]) -> Digit:
    """The highest digits of what is left of a number, from their weight and how many they are."""
    weight, size = place
    steps: list[Form] = []
    for value in range(1, 2**size):
        if value * weight > high:
            break
        missing = gadgets.unit(Form((), value * weight) - rest, value * weight)
        steps.append(gadgets.unit(Form((), 1.0) - missing, 1.0))
    bits = []
    for k in reversed(range(size)):
        total = Form()
        for value, step in enumerate(steps, 1):
            total = total + step * float((value >> k & 1) - (value - 1 >> k & 1))
        bits.append((weight * 2.0**k, gadgets.unit(total, 1.0)))
    return Digit(weight, tuple(steps), tuple(bits))
