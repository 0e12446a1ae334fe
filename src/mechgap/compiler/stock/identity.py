"""How a node of the benchmark's network knows which one it is: from its position i / n, its only mark."""

from __future__ import annotations

from ..gadgets import NO_FRACTION, Gadgets
from ..ir import Atom, Feature, Form, Unit
from ..message_ir import Pooled
from ..pair_ir import EndAtom
from ...lang.expression import End

POSITION = "pos"
"""The input that holds i / n for node i of n."""

DIGITS = 16
"""Base in which a position is counted; two digits."""

COUNTED = DIGITS**2
"""Largest number of nodes whose indices can be counted."""

_SHARP = 2.0**12
"""Makes half a place between neighbouring positions at least 1."""


def code(n: int, gadgets: Gadgets) -> Atom:
    """A whole number that tells nodes apart and grows with their index: the position times n, rounded.

    It is not the index, so that only its order means something.

    Args:
        n: number of codes, a power of two; at most half as many nodes are told apart for certain.
        gadgets: makes the units.
    """
    position = Feature(1.0, False, "me", POSITION, 0)
    large = Unit(NO_FRACTION + n, False, "me", Form(((position, float(n)),), NO_FRACTION))
    return Unit(n - 1.0, True, "me", Form.of(large).plus(-NO_FRACTION))


def index(n: int, gadgets: Gadgets) -> Atom:
    """The index of a node: its position over that of the second node, divided digit by digit.

    A threshold lies half a place beside any position, so that rounding never matters.

    Args:
        n: largest number of nodes, at most ``COUNTED``.
        gadgets: makes the units.
    """
    position = Feature(1.0, False, "me", POSITION, 0)
    step = _spacing(position)
    high, rest = _digit(Form.of(position), step, float(DIGITS), True)
    low, _ = _digit(rest, step, 1.0, False)
    return Unit(n - 1.0, True, "me", high * float(DIGITS) + low)


def _spacing(position: Feature) -> Atom:
    """The smallest position that is not 0."""
    first = Unit(1.0, False, "first node", Form(((position, -2.0 * COUNTED),), 1.0))
    ends = [EndAtom(atom.high, atom.whole, atom.origin, atom, End.SENDER) for atom in (position, first)]
    smallest = Pooled(4.0, False, "1 / n", Form(((ends[0], -1.0), (ends[1], -4.0))), -5.0)
    return Unit(1.0, False, "1 / n", Form(((smallest, -1.0),)))


def _digit(value: Form, step: Atom, place: float, rest: bool) -> tuple[Form, Form]:
    """How many steps of a place fit into a value, and what is left of it."""
    digit, left = Form((), DIGITS - 1.0), value
    for count in range(1, DIGITS):
        gap = (value + Form(((step, 0.5 - count * place),))) * _SHARP
        large = Unit(_SHARP, False, "me", gap)
        below = Unit(1.0, True, "me", Form(((large, -1.0),), 1.0))
        digit = digit - Form.of(below)
        if rest:
            taken = Unit(DIGITS, False, "me", Form(((step, place), (below, -float(DIGITS)))))
            left = left - Form.of(taken)
    return digit, left
