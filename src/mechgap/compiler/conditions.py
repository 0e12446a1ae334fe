"""Conditions on a pair of nodes, and numbers of pairs in cases."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..lang.expression import End
from ..lang.operations import Operation
from .dialect import Dialect
from .ir import Condition, Form, PairForm, Relation

Alternative = tuple[Condition, ...]
"""Conditions that hold together."""


FEW_ALTERNATIVES = 4
"""Heads for one mask, or one key, that are cheaper than units of pairs."""

LARGE = 2.0**13
"""Whole numbers beyond this are cut where they are compared with smaller ones."""


@dataclass(frozen=True)
class PairNumber:
    """A number on every pair, in one of its cases.

    Attributes:
        conditions: when this case holds.
        form: its value.
        low, high: bounds.
        whole: whether its values are whole numbers.
    """

    conditions: Alternative
    form: PairForm
    low: float
    high: float
    whole: bool


def is_cheap(alternatives: list[Alternative], dialect: Dialect) -> bool:
    """Whether heads for some alternatives cost less than a unit of pairs, and no room for large graphs."""
    if not dialect.compares:
        return len(alternatives) <= FEW_ALTERNATIVES and all(map(dialect.tells, alternatives))
    wholes = [c.form for conditions in alternatives for c in conditions if c.form.whole]
    return len(alternatives) <= FEW_ALTERNATIVES and all(form.reach <= 2.0 * LARGE for form in wholes)


def is_key(number: PairNumber) -> bool:
    """Whether attention can order senders by a number: a real one must not depend on the receiver."""
    return number.whole or not (number.form.receiver.terms or number.form.constant)


def rounds(factor: float) -> bool:
    """Whether multiplication with a factor may round."""
    magnitude = abs(factor)
    return magnitude != 0.0 and magnitude != 2.0 ** round(math.log2(magnitude))


def bounded(operation: Operation, one: PairNumber, other: PairNumber) -> tuple[PairNumber, PairNumber]:
    """Two numbers where each is the minimum (maximum) of both: neither is above (below) the other."""
    if operation is Operation.MINIMUM:
        high = min(one.high, other.high)
        return replace(one, high=max(high, one.low)), replace(other, high=max(high, other.low))
    low = max(one.low, other.low)
    return replace(one, low=min(low, one.high)), replace(other, low=min(low, other.high))


def turned_end(end: End, swapped: bool) -> End:
    """An end, or the other one if sender and receiver are exchanged."""
    if not swapped:
        return end
    return End.RECEIVER if end is End.SENDER else End.SENDER


def of_end(form: Form, end: End) -> PairForm:
    """A form of nodes, at one end of a pair."""
    return PairForm(sender=form) if end is End.SENDER else PairForm(receiver=form)


def true(form: PairForm) -> Condition:
    """That a truth value holds."""
    return Condition(form, Relation.TRUE)


def condition(sides: tuple[PairForm, PairForm], relation: Relation, whole: bool) -> Condition:
    """How the first side less the second one is related to zero."""
    form = sides[0] - sides[1]
    if not whole:
        return Condition(form, relation, sides)
    if relation is Relation.NEGATIVE:
        return Condition(form.plus(1.0), Relation.NOT_POSITIVE)
    return Condition(form, relation)


def known(condition: Condition) -> list[Alternative]:
    """A condition as an alternative; none or an empty one if its truth does not depend on the pair."""
    form = condition.form
    if form.sender.terms or form.receiver.terms or form.pair:
        return [(condition,)]
    value = form.constant
    holds = {
        Relation.TRUE: value == 1,
        Relation.ZERO: value == 0,
        Relation.NOT_POSITIVE: value <= 0,
        Relation.NEGATIVE: value < 0,
    }[condition.relation]
    return [()] if holds else []


def product(left: list[Alternative], right: list[Alternative]) -> list[Alternative]:
    """The alternatives of a conjunction."""
    return [tuple(dict.fromkeys((*one, *other))) for one in left for other in right]
