"""Lowers reductions and pointers to fetches: every one attends a sender and copies from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..lang.expression import Any, Best, Expression, Select, Tie
from ..lang.location import Location
from .conditions import Alternative, PairNumber, is_key
from .fetches import Fetches
from .ir import Condition, Fetch, Form, Order, PairForm, Relation
from .pairs import PairLowering
from .values import FALSE, TRUE, Bit, Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering

REFINEMENTS = 2
"""Rounds that tell equal real keys apart by index."""

WIDE, WIDEST = 2.0**16, 2.0**20
"""Whole keys beyond the first are chosen in two rounds; beyond the second an average cannot be rounded."""

_ORDER = {Tie.FIRST: Order.FIRST, Tie.LAST: Order.LAST}


@dataclass(frozen=True)
class Choice:
    """What a fetch found.

    Attributes:
        found: whether the sender that was attended fulfils the conditions.
        key: its key, if the choice has one; its bounds are those where nothing was found too.
        index: its index.
        span: bounds of the key where something was found.
    """

    found: Bit
    key: Number | None
    index: Number
    span: tuple[float, float] = (0.0, 0.0)


class Reductions:
    """Lowers Any, Best and Select.

    Args:
        nodes: lowers what lives at nodes.
        pairs: lowers what lives on edges.
        fetches: copies.
        resolve: whether equal real keys are told apart by index.
    """

    def __init__(self, nodes: NodeLowering, pairs: PairLowering, fetches: Fetches, resolve: bool) -> None:
        self._nodes = nodes
        self._pairs = pairs
        self._fetches = fetches
        self._resolve = resolve
        self._choices: dict[object, Choice] = {}
        self._anchors: dict[object, Fetch] = {}

    # ---- expressions

    def any(self, expression: Any) -> Value:
        """Whether a mask holds for any sender."""
        for other in self._fetches.names:
            if not isinstance(other, (Best, Select)) or other.among is not expression.mask:
                continue
            if not _contains(other, expression) and self._nodes.knows(other):
                return self._chosen(
                    other, _ORDER[other.tie] if isinstance(other, Select) else Order.FIRST
                ).found
        found = []
        for conditions in self._pairs.alternatives(expression.mask):
            if not conditions:
                return TRUE
            found.append(self._settled(conditions, self._fetches.fetch(conditions))[0])
        return self._nodes.gadgets.either(*found) if found else FALSE

    def best(self, expression: Best) -> Value:
        """The smallest or largest number among senders."""
        choice = self._chosen(expression, Order.FIRST)
        default = self._nodes.number(expression.default)
        assert choice.key is not None
        (low, high), reach = choice.span, max(abs(choice.key.low), abs(choice.key.high))
        key = replace(choice.key, low=low, high=high)
        return self._nodes.gadgets.pick([(choice.found, key), (~choice.found, default)], reach)

    def select(self, expression: Select) -> Value:
        """The index of the chosen sender."""
        choice = self._chosen(expression, _ORDER[expression.tie])
        if expression.default is not None:
            default = self._nodes.number(expression.default)
        elif self._nodes.location(expression) is Location.NODE:
            default = self._nodes.own
        else:
            default = Number(Form(), 0, 0, True)
        return self._nodes.gadgets.pick([(choice.found, choice.index), (~choice.found, default)])

    def last_node(self) -> Number:
        """The index of the last node of the graph."""
        return self._fetches.index(self._fetches.fetch((), order=Order.LAST))

    # ---- choices

    def _chosen(self, expression: Best | Select, order: Order) -> Choice:
        """The choice among all alternatives of the mask and all cases of the key."""
        key = expression.value if isinstance(expression, Best) else expression.key
        entries: list[tuple[Alternative, PairNumber | None]] = []
        for conditions in self._pairs.alternatives(expression.among):
            if key is None:
                entries.append((conditions, None))
                continue
            for case in self._pairs.cases(key):
                entries.append((tuple(dict.fromkeys((*conditions, *case.conditions))), case))
        if not entries:
            return Choice(FALSE, Number(Form(), 0, 0, True), Number(Form(), 0, 0, True))
        largest = expression.largest
        choices = [self._decide(c, case, largest, order, expression) for c, case in entries]
        best = choices[0]
        for other in choices[1:]:
            best = self._better(best, other, largest, order)
        return best

    def _better(self, left: Choice, right: Choice, largest: bool, order: Order) -> Choice:
        """The better one of two choices."""
        gadgets = self._nodes.gadgets
        earlier = gadgets.less(right.index, left.index)
        if order is Order.LAST:
            earlier = gadgets.less(left.index, right.index)
        wins = earlier
        if left.key is not None and right.key is not None:
            small, large = (left.key, right.key) if largest else (right.key, left.key)
            tied = gadgets.both(~gadgets.less(small, large), ~gadgets.less(large, small))
            wins = gadgets.either(gadgets.less(small, large), gadgets.both(tied, earlier))
        take = gadgets.both(right.found, gadgets.either(~left.found, wins))
        found = gadgets.either(left.found, right.found)
        index = gadgets.pick([(take, right.index), (~take, left.index)])
        if left.key is None or right.key is None:
            return Choice(found, None, index)
        span = (min(left.span[0], right.span[0]), max(left.span[1], right.span[1]))
        return Choice(found, gadgets.pick([(take, right.key), (~take, left.key)]), index, span)

    def _decide(
        self,
        conditions: Alternative,
        case: PairNumber | None,
        largest: bool,
        order: Order,
        origin: Best | Select,
    ) -> Choice:
        """One alternative in one case of the key."""
        memory = (frozenset(conditions), case, largest, order)
        if memory not in self._choices:
            if case is None or self._pinned(conditions):
                fetch = self._fetches.fetch(conditions, order=order)
            elif is_wide(conditions, case):
                fetch = self._wide(conditions, case, largest, order)
            elif case.whole:
                fetch = self._whole(conditions, case, largest, order)
            else:
                fetch = self._real(conditions, case, largest, order)
            found, source = self._settled(conditions, fetch)
            key = None if case is None else self._key(source, case)
            span = (0.0, 0.0) if case is None else (case.low, case.high)
            self._choices[memory] = Choice(found, key, self._fetches.index(source), span)
            self._anchors[memory] = fetch
        self._fetches.anchor(self._anchors[memory], origin)
        return self._choices[memory]

    def _pinned(self, conditions: Alternative) -> bool:
        """Whether the sender of one index is attended, whatever its key and the other conditions are."""
        return self._nodes.dialect.pin(conditions) is not None

    def _wide(self, conditions: Alternative, case: PairNumber, largest: bool, order: Order) -> Fetch:
        """Whole keys too large for one logit with the index: first about the best key, then its first sender.

        Senders with the best key share the attention of the first round. Float32 may add up their
        average in any order; it is off by at most ``error``. The second round orders by the difference
        to it, which is small for the best keys.
        """
        first = self._fetches.fetch(conditions, *self._order_by(case, largest, None))
        error = math.ceil((self._nodes.n + 8.0) * 2.0**-23 * case.form.reach) + 1.0
        form = self._fetches.landed(first, case.form).plus(-case.low)
        about = self._nodes.gadgets.rounded(form, max(case.high - case.low, form.top)).plus(case.low)
        key = (case.form - PairForm(receiver=about)) * (-1.0 if largest else 1.0)
        return self._fetches.fetch(conditions, key.plus(error), order, (0.0, 2.0 * error), cut=True)

    def _order_by(
        self, case: PairNumber, largest: bool, order: Order | None
    ) -> tuple[PairForm, Order | None, tuple[float, float]]:
        """A whole key as fetches take it: not negative, the best one first."""
        key = (case.form * -1.0).plus(case.high) if largest else case.form.plus(-case.low)
        return key, order, (0.0, case.high - case.low)

    def _whole(self, conditions: Alternative, case: PairNumber, largest: bool, order: Order) -> Fetch:
        return self._fetches.fetch(conditions, *self._order_by(case, largest, order))

    def _real(self, conditions: Alternative, case: PairNumber, largest: bool, order: Order) -> Fetch:
        """Real keys: find the best key, then order by the difference to it, and by index.

        Equal keys share the attention of the first round evenly, and an average of equal float32
        numbers may be off by some units in the last place. The difference of a key to that average
        is exact, and small for the best keys, so that it fits into one float together with the
        index. The second such round repairs what many equal keys may have left of the error.
        """
        self._check_real(case)
        sign = -1.0 if largest else 1.0
        span = (-case.high, -case.low) if largest else (case.low, case.high)
        fetch = self._fetches.fetch(conditions, case.form * sign, None, span)
        for _ in range(REFINEMENTS if self._resolve else 0):
            near = PairForm(receiver=self._key(fetch, case).form)
            width = case.high - min(case.low, 0.0)
            fetch = self._fetches.fetch(conditions, (case.form - near) * sign, order, (-width, width))
        return fetch

    def _check_real(self, case: PairNumber) -> None:
        if not is_key(case):
            raise self._nodes.gadgets.refuse(
                "a real key that depends on the receiver",
                "a key made of a value of the sender and one of the edge",
                "leave out what depends on the receiver only: it does not change the choice",
            )

    def _key(self, fetch: Fetch, case: PairNumber) -> Number:
        form = self._fetches.landed(fetch, case.form)
        simple = case.whole or not (case.form.pair and case.form.sender.terms)
        # Where nothing was found the key means nothing, and only the bounds of the atoms hold.
        low, high = min(case.low, form.bottom), max(case.high, form.top)
        return self._nodes.gadgets.simple(Number(form, low, high, case.whole, simple))

    def _settled(self, conditions: Alternative, fetch: Fetch) -> tuple[Bit, Fetch]:
        """Whether any sender fulfils the conditions, and the fetch to copy from.

        The conditions are computed again from what was copied. Where no sender fulfils them,
        attention may be shared by several, and an average can fulfil comparisons that none of them
        does. Logits that are whole numbers rule that out; with real ones, a further round attends
        the one sender at the rounded average index.
        """
        if not fetch.plain:
            fetch.notes.checked = True
            if not fetch.whole and not self._pinned(conditions):
                place = self._nodes.gadgets.rounded(self._fetches.index(fetch).form, self._nodes.n - 1.0)
                gap = PairForm(sender=self._nodes.own.form) - PairForm(receiver=place)
                fetch = self._fetches.fetch((Condition(gap, Relation.ZERO),))
        gadgets = self._nodes.gadgets
        found = gadgets.both(*(self._holds(fetch, c) for c in conditions))
        if found.constant is None and len(found.factors) == 1 and not found.negated:
            found = Bit((gadgets.all_of(found.factors),))
        return found, fetch

    def _holds(self, fetch: Fetch, condition: Condition) -> Bit:
        gadgets, form = self._nodes.gadgets, condition.form
        if condition.relation is Relation.TRUE:
            return Bit((self._fetches.landed(fetch, form),))
        reach, zero = form.reach, Number(Form(), 0, 0, True)
        value = Number(self._fetches.landed(fetch, form), -reach, reach, form.whole)
        if not form.whole:
            return self._holds_real(fetch, condition)
        if condition.relation is Relation.ZERO:
            return gadgets.equal(value, zero)
        if condition.relation is Relation.NOT_POSITIVE:
            return ~gadgets.less(zero, value)
        return gadgets.less(value, zero)

    def _holds_real(self, fetch: Fetch, condition: Condition) -> Bit:
        """(sender + edge) against receiver, rounded as the interpreter rounds."""
        gadgets = self._nodes.gadgets
        assert condition.sides is not None
        left, right = (self._side(fetch, side) for side in condition.sides)
        match condition.relation:
            case Relation.ZERO:
                return gadgets.equal(left, right)
            case Relation.NOT_POSITIVE:
                return ~gadgets.less(right, left)
        return gadgets.less(left, right)

    def _side(self, fetch: Fetch, side: PairForm) -> Number:
        """One side of a comparison, at the receiver; a sum is rounded before it is compared."""
        form = self._fetches.landed(fetch, side)
        simple = sum(map(bool, (side.sender.terms, side.receiver.terms, side.pair))) < 2
        return self._nodes.gadgets.simple(Number(form, form.bottom, form.top, form.whole, simple))


def is_wide(conditions: Alternative, case: PairNumber) -> bool:
    """Whether a whole key is chosen in two rounds: for its size, and where that can be done exactly."""
    plain = all(condition.relation is Relation.TRUE for condition in conditions)
    return case.whole and plain and WIDE < max(case.high - case.low, case.form.reach) <= WIDEST


def _contains(expression: Expression, wanted: Expression) -> bool:
    """Whether an expression is made of another one."""
    seen: set[Expression] = set()
    stack = [expression]
    while stack:
        part = stack.pop()
        if part is wanted:
            return True
        if part not in seen:
            seen.add(part)
            stack.extend(part.children)
    return False
