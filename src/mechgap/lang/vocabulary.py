"""The words in which programs are written: constructors of variables and of expressions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..kinds.categorical import Categorical
from ..kinds.mask import Mask, MaskOne
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from .expression import (
    Along,
    Any,
    At,
    Best,
    Constant,
    End,
    Expression,
    Follow,
    Leg,
    Lift,
    Operand,
    Own,
    Reverse,
    Select,
    Size,
    Tie,
    Variable,
    apply,
    as_expression,
)
from .location import Location
from .operations import Operation


@dataclass(frozen=True)
class Place:
    """A location as a maker of variables: ``node.mask("reached")``."""

    location: Location

    def scalar(
        self,
        name: str,
        *,
        low: float = -math.inf,
        high: float = math.inf,
        whole: bool = False,
        unit: float = 1.0,
        internal: bool = False,
    ) -> Variable:
        """A number; bounds are in units, and are what a certificate of exactness is about."""
        return Variable(name, self.location, Scalar(low, high, whole, unit), internal)

    def mask(self, name: str, *, internal: bool = False, defined: Expression | None = None) -> Variable:
        """A truth value."""
        return Variable(name, self.location, Mask(), internal, defined)

    def mask_one(self, name: str, *, internal: bool = False) -> Variable:
        """A truth value that holds at exactly one node."""
        return Variable(name, self.location, MaskOne(), internal)

    def pointer(self, name: str, *, internal: bool = False) -> Variable:
        """A reference to a node."""
        return Variable(name, self.location, Pointer(), internal)

    def categorical(
        self,
        name: str,
        categories: Sequence[str],
        *,
        internal: bool = False,
        defined: Expression | None = None,
    ) -> Variable:
        """One of the named categories."""
        return Variable(name, self.location, Categorical(tuple(categories)), internal, defined)


node = Place(Location.NODE)
edge = Place(Location.EDGE)
graph = Place(Location.GRAPH)
me = Own()
size = Size()


def where(condition: Operand, then: Operand, otherwise: Operand) -> Expression:
    """``then`` where the condition holds, else ``otherwise``."""
    return apply(Operation.WHERE, condition, then, otherwise)


def minimum(left: Operand, right: Operand) -> Expression:
    """The smaller of two numbers of the same place."""
    return apply(Operation.MINIMUM, left, right)


def maximum(left: Operand, right: Operand) -> Expression:
    """The larger of two numbers of the same place."""
    return apply(Operation.MAXIMUM, left, right)


def arctan2(y: Operand, x: Operand) -> Expression:
    """The angle of the point (x, y) in radians, in [-pi, pi]."""
    return apply(Operation.ARCTAN2, y, x)


def index(pointer: Operand) -> Expression:
    """The position of the node that a pointer names, a whole number from 0."""
    return apply(Operation.INDEX, pointer)


def node_at(position: Operand) -> Expression:
    """The pointer to the node at a position; outside of the graph it points to no node."""
    return apply(Operation.NODE_AT, position)


def sender(value: Operand) -> Expression:
    """At every ordered pair of nodes, the value at the sender."""
    return Lift(End.SENDER, as_expression(value))


def receiver(value: Operand) -> Expression:
    """At every ordered pair of nodes, the value at the receiver."""
    return Lift(End.RECEIVER, as_expression(value))


def reverse(value: Operand) -> Expression:
    """The value at the opposite pair."""
    return Reverse(as_expression(value))


def first_leg(value: Operand) -> Expression:
    """At every triple (sender, middle, receiver), the value at the pair (sender, middle)."""
    return Along(Leg.FIRST, as_expression(value))


def second_leg(value: Operand) -> Expression:
    """At every triple (sender, middle, receiver), the value at the pair (middle, receiver)."""
    return Along(Leg.SECOND, as_expression(value))


def direct(value: Operand) -> Expression:
    """At every triple (sender, middle, receiver), the value at the pair (sender, receiver)."""
    return Along(Leg.DIRECT, as_expression(value))


def any_of(mask: Operand) -> Expression:
    """Whether the mask holds for any sender of a receiver (or any node of the graph)."""
    return Any(as_expression(mask))


def all_of(mask: Operand) -> Expression:
    """Whether the mask holds for all senders of a receiver (or all nodes of the graph)."""
    return ~Any(~as_expression(mask))


anywhere = any_of
everywhere = all_of


def first(among: Operand, *, default: Operand | None = None) -> Expression:
    """The node of the lowest index among those where the mask holds; no other would be right."""
    return _select(among, None, False, Tie.FIRST, False, default)


def last(among: Operand, *, default: Operand | None = None) -> Expression:
    """The node of the highest index among those where the mask holds; no other would be right."""
    return _select(among, None, False, Tie.LAST, False, default)


def choose(among: Operand, *, default: Operand | None = None, tie: str = "first") -> Expression:
    """A node where the mask holds; any would be right, the reference run takes the ``tie`` one."""
    return _select(among, None, False, Tie(tie), True, default)


def argmin(
    key: Operand, among: Operand, *, tie: str = "first", free: bool = False, default: Operand | None = None
) -> Expression:
    """The node of the smallest key among those where the mask holds."""
    return _select(among, as_expression(key), False, Tie(tie), free, default)


def argmax(
    key: Operand, among: Operand, *, tie: str = "first", free: bool = False, default: Operand | None = None
) -> Expression:
    """The node of the largest key among those where the mask holds."""
    return _select(among, as_expression(key), True, Tie(tie), free, default)


def _select(
    among: Operand, key: Expression | None, largest: bool, tie: Tie, free: bool, default: Operand | None
) -> Select:
    fallback = None if default is None else as_expression(default)
    return Select(as_expression(among), key, largest, tie, free, fallback)


def min_of(value: Operand, among: Operand, *, default: Operand = 0) -> Expression:
    """The smallest value among the places where the mask holds."""
    return Best(as_expression(value), as_expression(among), False, as_expression(default))


def max_of(value: Operand, among: Operand, *, default: Operand = 0) -> Expression:
    """The largest value among the places where the mask holds."""
    return Best(as_expression(value), as_expression(among), True, as_expression(default))


def follow(reference: Operand, value: Operand) -> Expression:
    """The value at the node that a pointer or a mask_one names."""
    return Follow(as_expression(reference), as_expression(value))


def at_pair(value: Operand, start: Operand, end: Operand) -> Expression:
    """The value at the pair (sender, receiver) that two pointers or mask_ones name."""
    return At(as_expression(value), as_expression(start), as_expression(end))


@dataclass(frozen=True)
class Rule:
    """A guard and what happens to some variables where it holds."""

    condition: Expression
    changes: Mapping[Variable, Expression]


def when(condition: Operand, changes: Mapping[Variable, Operand]) -> Rule:
    """A rule: where the condition holds, the named variables change."""
    return Rule(as_expression(condition), {v: as_expression(value) for v, value in changes.items()})


def otherwise(changes: Mapping[Variable, Operand]) -> Rule:
    """A rule for where no rule before it holds."""
    return when(True, changes)


def rules(*alternatives: Rule) -> dict[Variable, Expression]:
    """A step made of guarded rules: the first whose guard holds wins, unnamed variables stay.

    Example:
        >>> token = node.mask("token")
        >>> step = rules(when(token, {token: False}), otherwise({token: True}))
        >>> list(step) == [token]
        True
    """
    step: dict[Variable, Expression] = {}
    for variable in dict.fromkeys(v for rule in alternatives for v in rule.changes):
        value: Expression = variable
        for rule in reversed(alternatives):
            new = rule.changes.get(variable, variable)
            always = isinstance(rule.condition, Constant) and rule.condition.value is True
            value = new if always or new is value else where(rule.condition, new, value)
        step[variable] = value
    return step
