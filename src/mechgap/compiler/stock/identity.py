"""How a node of the benchmark's network knows which one it is: from its position i / n, its only mark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...lang.expression import End
from ...lang.program import Program
from ..gadgets import NO_FRACTION
from ..ir import (
    Atom,
    Condition,
    Feature,
    Fetch,
    Fetched,
    Form,
    Notes,
    Order,
    PairForm,
    Relation,
    Unit,
)
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
    return _counted(n, marks, _pooled_spacing(marks), _pooled_length)


def attended_index(n: int, marks: Marks) -> Atom:
    """The same by attention, which copies numbers of a chosen node."""
    return _counted(n, marks, _attended_spacing(marks), _attended_length)


def _counted(n: int, marks: Marks, step: Form, length: Callable[[int, Feature, Form], Form]) -> Atom:
    high, rest = _digit(Form.of(marks.position), step, float(DIGITS), True)
    low, _ = _digit(rest, step, 1.0, False)
    place = high * float(DIGITS) + low
    if marks.second is not None:
        ahead = length(n, marks.second, place) - Form(((marks.second, -2.0 * n),), 2.0 * n)
        place = place + Form.of(Unit(float(n), True, "length of the first row", ahead))
    return Unit(n - 1.0, True, "me", place)


def _first(marks: Marks) -> Atom:
    return Unit(1.0, True, "first node", Form(((marks.position, -2.0 * COUNTED),), 1.0))


# ---- by the largest messages


def _pooled_spacing(marks: Marks) -> Form:
    """The smallest position in the row of a node that is not 0."""
    keys = Form(((marks.position, -1.0), (_first(marks), -4.0)))
    if marks.second is None:
        return Form.of(_least(keys))
    total = Form()
    for outside in (Form(((marks.second, 4.0),)), Form(((marks.second, -4.0),), 4.0)):
        smallest = Form.of(_least(keys - outside))
        total = total + Form.of(Unit(16.0, False, "1 / n", smallest - outside * 4.0))
    return total


def _least(keys: Form) -> Atom:
    """The smallest number of which a form is the opposite."""
    pool = Pooled(16.0, False, "1 / n", at_end(keys, End.SENDER), -16.0)
    return Unit(16.0, False, "1 / n", Form(((pool, -1.0),)))


def _pooled_length(n: int, second: Feature, place: Form) -> Form:
    """One more than the largest place in the first row."""
    front = Unit(n - 1.0, True, "me in the first row", place - Form(((second, 2.0 * n),)))
    last = Pooled(n - 1.0, True, "last of the first row", at_end(Form.of(front), End.SENDER), 0.0)
    return Form(((last, 1.0),), 1.0)


# ---- by attention


def _attended_spacing(marks: Marks) -> Form:
    """The position of the second node in the row of a node."""
    conditions = [Condition(PairForm(sender=Form(((_first(marks), -1.0),), 1.0)), Relation.TRUE)]
    if marks.second is not None:
        row = Form.of(marks.second)
        conditions.append(Condition(PairForm(row) - PairForm(receiver=row), Relation.ZERO))
    fetch = Fetch(tuple(conditions), PairForm(Form.of(marks.position)), None, 0.0, 1.0, 1, "1 / n", Notes())
    copy = Form.of(Fetched(1.0, False, "1 / n", fetch, marks.position))
    return Form.of(Unit(1.0, False, "1 / n", copy + Form(((_alone(copy), 1.0),))))


def _alone(copy: Form) -> Atom:
    """1 where nothing was found to copy but position 0: any spacing will do for a single node."""
    return Unit(1.0, False, "alone", copy * (-2.0 * COUNTED) + Form((), 1.0))


def _attended_length(n: int, second: Feature, place: Form) -> Form:
    """One more than the place of the last node in the first row."""
    whole = Unit(n - 1.0, True, "me in a row", place)
    first = Condition(PairForm(sender=Form(((second, -1.0),), 1.0)), Relation.TRUE)
    key = PairForm(sender=Form(((whole, -1.0),), n - 1.0))
    fetch = Fetch((first,), key, Order.FIRST, 0.0, n - 1.0, whole.level, "last of the first row", Notes())
    return Form.of(Fetched(n - 1.0, True, "last of the first row", fetch, whole)).plus(1.0)


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
