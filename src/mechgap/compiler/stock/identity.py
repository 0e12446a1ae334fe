"""How a node of the benchmark's network knows which one it is: from its position i / n, its only mark."""

from __future__ import annotations

from dataclasses import dataclass

from ...lang.expression import End
from ...lang.program import Program
from ..gadgets import NO_FRACTION
from ..ir import Atom, Feature, Form, Unit
from ..message_ir import Pooled
from ..pair_ir import at_end

POSITION = "pos"
"""The input that holds i / n for node i of n."""

SECOND = "string"
"""The input that marks a second row of nodes, whose positions begin anew: two strings side by side."""

DIGITS = 16
"""Base in which a position is counted; two digits."""

COUNTED = DIGITS**2
"""Largest number of nodes whose indices can be counted."""

_SHARP = 2.0**12
"""Makes half a place between neighbouring positions at least 1."""


@dataclass(frozen=True)
class Marks:
    """The inputs that tell nodes apart.

    Attributes:
        position: i / n.
        second: whether a node belongs to a second row, whose positions begin anew; None if there is one row.
    """

    position: Feature
    second: Feature | None

    @classmethod
    def of(cls, program: Program) -> Marks:
        """The marks that the benchmark gives to the nodes of a program."""
        rows = [port.name for port in program.interface.inputs if port.name == SECOND]
        second = Feature(1.0, True, "me", SECOND, 0) if rows else None
        return cls(Feature(1.0, False, "me", POSITION, 0), second)


def code(n: int, marks: Marks) -> Atom:
    """A whole number that tells nodes apart and grows with their index: the position times n, rounded.

    It is not the index, so that only its order means something.

    Args:
        n: number of codes, a power of two; at most half as many nodes are told apart for certain.
        marks: of the nodes.
    """
    room = n if marks.second is None else n // 2
    terms: list[tuple[Atom, float]] = [(marks.position, float(room))]
    if marks.second is not None:
        terms.append((marks.second, float(room)))
    large = Unit(NO_FRACTION + n, False, "me", Form(tuple(terms), NO_FRACTION))
    return Unit(n - 1.0, True, "me", Form.of(large).plus(-NO_FRACTION))


def index(n: int, marks: Marks) -> Atom:
    """The index of a node: its position over that of the second node, divided digit by digit.

    A threshold lies half a place beside any position, so that rounding never matters.

    Args:
        n: largest number of nodes, at most ``COUNTED``.
        marks: of the nodes.
    """
    first = Unit(1.0, False, "first node", Form(((marks.position, -2.0 * COUNTED),), 1.0))
    step = _spacing(marks, first)
    high, rest = _digit(Form.of(marks.position), step, float(DIGITS), True)
    low, _ = _digit(rest, step, 1.0, False)
    place = high * float(DIGITS) + low
    if marks.second is None:
        return Unit(n - 1.0, True, "me", place)
    front = Form.of(Unit(n - 1.0, True, "me in the first row", place - Form(((marks.second, 2.0 * n),))))
    longest = Pooled(n - 1.0, True, "last of the first row", _sent(front), 0.0)
    ahead = Form(((longest, 1.0), (marks.second, 2.0 * n)), 1.0 - 2.0 * n)
    return Unit(n - 1.0, True, "me", place + Form.of(Unit(float(n), True, "length of the first row", ahead)))


def _spacing(marks: Marks, first: Atom) -> Form:
    """The smallest position in the row of a node that is not 0."""
    keys = Form(((marks.position, -1.0), (first, -4.0)))
    if marks.second is None:
        return Form.of(_least(keys))
    total = Form()
    for outside in (Form(((marks.second, 4.0),)), Form(((marks.second, -4.0),), 4.0)):
        smallest = Form.of(_least(keys - outside))
        total = total + Form.of(Unit(16.0, False, "1 / n", smallest - outside * 4.0))
    return total


def _least(keys: Form) -> Atom:
    """The smallest number of which a form is the opposite."""
    pool = Pooled(16.0, False, "1 / n", _sent(keys), -16.0)
    return Unit(16.0, False, "1 / n", Form(((pool, -1.0),)))


def _sent(form: Form) -> Form:
    return at_end(form, End.SENDER)


def _digit(value: Form, step: Form, place: float, rest: bool) -> tuple[Form, Form]:
    """How many steps of a place fit into a value, and what is left of it."""
    digit, left = Form((), DIGITS - 1.0), value
    for count in range(1, DIGITS):
        gap = (value + step * (0.5 - count * place)) * _SHARP
        large = Unit(_SHARP, False, "me", gap)
        below = Unit(1.0, True, "me", Form(((large, -1.0),), 1.0))
        digit = digit - Form.of(below)
        if rest:
            taken = Unit(place, False, "me", step * place - Form(((below, 16.0 * place),)))
            left = left - Form.of(taken)
    return digit, left
