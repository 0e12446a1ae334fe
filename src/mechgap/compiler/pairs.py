"""Lowers expressions of edges: masks to alternatives of conditions, numbers to cases of affine forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import Refusal
from ..lang.expression import Apply, At, Constant, End, Expression, Follow, Lift, Reverse, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from .conditions import (
    FEW_ALTERNATIVES,
    LARGE,
    Alternative,
    PairNumber,
    bounded,
    condition,
    is_cheap,
    is_key,
    known,
    of_end,
    product,
    rounds,
    true,
    turned_end,
)
from .edge_inputs import entered_at_pairs
from .fetches import Fetches
from .following import Following
from .gadgets import Gadgets, TooLarge
from .ir import Condition, Form, PairForm, Relation
from .pair_ir import apart, turned
from .pair_values import PairValues
from .values import Bit, Category, Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering

MOST_ALTERNATIVES = 16
"""Heads for one mask, where only attention can compute it."""


class PairLowering:
    """Alternatives and cases of edge expressions. ``swapped`` exchanges sender and receiver.

    Attention finds out about conditions on its own. What it cannot, or not with few heads, units of
    pairs compute before, in networks that have them.

    Args:
        nodes: lowers what lives at the ends, and knows the variables.
        gadgets: makes units of pairs; None in networks that keep nothing at pairs.
        fetches: of the nodes.
    """

    def __init__(self, nodes: NodeLowering, gadgets: Gadgets | None, fetches: Fetches) -> None:
        self._nodes = nodes
        self.values = None if gadgets is None else PairValues(nodes, gadgets)
        if self.values is not None:
            self.following = Following(self.values, fetches)
            self.values.extend({Follow: self.following.follow, At: self.following.at})

    def alternatives(self, mask: Expression) -> list[Alternative]:
        """A mask of edges, or of nodes seen as senders, as a disjunction of conjunctions."""
        if self._nodes.location(mask) is not Location.EDGE:
            return self._end(self._nodes.bit(mask), End.SENDER, True)
        try:
            found = self._mask(mask, True, False)
            if self.values is None and len(found) <= MOST_ALTERNATIVES:
                return found
            if self.values is not None and is_cheap(found, self._nodes.dialect):
                return found
        except TooLarge:
            raise
        except Refusal:
            if self.values is None:
                raise
        if self.values is None:
            raise self._nodes.gadgets.refuse(
                f"a mask of edges with {len(found)} alternatives",
                f"at most {MOST_ALTERNATIVES}: each is an attention head",
                "compute parts of the mask at the nodes, in a variable",
            )
        return self._bit(self.values.bit(mask), True)

    def cases(self, value: Expression) -> list[PairNumber]:
        """A number of edges, or of nodes seen as senders, as cases."""
        if self._nodes.location(value) is not Location.EDGE:
            return [self._lifted(value, End.SENDER)]
        try:
            found = self._number(value, False)
            told = all(self._nodes.dialect.tells(case.conditions) for case in found)
            if self.values is None or (told and len(found) <= FEW_ALTERNATIVES and all(map(is_key, found))):
                return found
        except TooLarge:
            raise
        except Refusal:
            if self.values is None:
                raise
        number = self.values.settled(self.values.number(value))
        return [PairNumber((), apart(number.form), number.low, number.high, number.whole)]

    def entered(self, variable: Variable) -> Value:
        """A variable of edges over numbers of pairs."""
        return entered_at_pairs(self._nodes, variable, None if self.values is None else self.values.gadgets)

    def _entered(self, variable: Variable, swapped: bool) -> Value:
        value = self.entered(variable)
        return turned(value) if swapped else value

    # ---- masks

    def _mask(self, mask: Expression, positive: bool, swapped: bool) -> list[Alternative]:
        match mask:
            case Reverse():
                return self._mask(mask.value, positive, not swapped)
            case Lift():
                return self._end(self._nodes.bit(mask.value), turned_end(mask.end, swapped), positive)
            case Variable() if mask.location is Location.EDGE:
                bit = self._entered(mask, swapped)
                assert isinstance(bit, Bit)
                return self._bit(bit, positive)
            case Apply() if self._nodes.location(mask) is Location.EDGE:
                return self._apply(mask, positive, swapped)
        self._check_place(mask)
        return self._end(self._nodes.bit(mask), End.RECEIVER, positive)

    def _end(self, bit: Bit, end: End, positive: bool) -> list[Alternative]:
        """A truth value of nodes at one end."""
        bit = bit if positive else ~bit
        if bit.constant is not None:
            return [()] if bit.constant else []
        forms = (self._nodes.gadgets.form(bit),) if bit.negated else bit.factors
        return [tuple(true(of_end(form, end)) for form in forms)]

    def _bit(self, bit: Bit, positive: bool) -> list[Alternative]:
        """A truth value of pairs."""
        bit = bit if positive else ~bit
        if bit.constant is not None:
            return [()] if bit.constant else []
        forms = bit.factors
        if bit.negated and len(forms) == 1:
            forms = (Form((), 1.0) - forms[0],)
        elif bit.negated:
            assert self.values is not None
            forms = (self.values.gadgets.form(bit),)
        split = apart if self.values is None else self.values.apart
        return [tuple(true(split(form)) for form in forms)]

    def _apply(self, mask: Apply, positive: bool, swapped: bool) -> list[Alternative]:
        operation, arguments = mask.operation, mask.arguments
        if operation is Operation.NOT:
            return self._mask(arguments[0], not positive, swapped)
        if operation in (Operation.AND, Operation.OR):
            parts = [self._mask(argument, positive, swapped) for argument in arguments]
            if (operation is Operation.AND) == positive:
                return product(*parts)
            return [*parts[0], *parts[1]]
        if operation is Operation.WHERE:
            condition, then, otherwise = arguments
            yes, no = self._mask(condition, True, swapped), self._mask(condition, False, swapped)
            return [
                *product(yes, self._mask(then, positive, swapped)),
                *product(no, self._mask(otherwise, positive, swapped)),
            ]
        kind = self._nodes.program.types[arguments[0]]
        if kind.is_mask:
            return self._same_mask(arguments, positive, swapped)
        if kind.is_categorical:
            return self._same_category(arguments, positive, swapped)
        return self._compare(mask, positive, swapped)

    def _same_mask(
        self, arguments: tuple[Expression, ...], positive: bool, swapped: bool
    ) -> list[Alternative]:
        left, right = arguments
        return [
            *product(self._mask(left, True, swapped), self._mask(right, positive, swapped)),
            *product(self._mask(left, False, swapped), self._mask(right, not positive, swapped)),
        ]

    def _same_category(
        self, arguments: tuple[Expression, ...], positive: bool, swapped: bool
    ) -> list[Alternative]:
        left, right = (self._categories(argument, swapped) for argument in arguments)
        found: list[Alternative] = []
        for one, other in zip(left, right, strict=True):
            found += product(one(True), other(positive))
        return found

    def _categories(self, value: Expression, swapped: bool) -> list[Callable[[bool], list[Alternative]]]:
        """For each category when a value is that one, or is not."""
        end = End.RECEIVER
        while isinstance(value, (Lift, Reverse)):
            if isinstance(value, Lift):
                end = turned_end(value.end, swapped)
            else:
                swapped = not swapped
            value = value.value
        if self._nodes.location(value) is not Location.EDGE:
            category = self._nodes.of(value)
            assert isinstance(category, Category)
            return [partial(self._end, bit, end) for bit in category.bits]
        if not isinstance(value, Variable):
            raise self._nodes.gadgets.refuse(
                "a category computed on edges", "categories of nodes", "choose the category at the nodes"
            )
        category = self._entered(value, swapped)
        assert isinstance(category, Category)
        return [partial(self._bit, bit) for bit in category.bits]

    def _compare(self, mask: Apply, positive: bool, swapped: bool) -> list[Alternative]:
        found: list[Alternative] = []
        for left in self._number(mask.arguments[0], swapped):
            for right in self._number(mask.arguments[1], swapped):
                for conditions in self._relate(mask.operation, left, right, positive):
                    found.append((*left.conditions, *right.conditions, *conditions))
        return found

    def _relate(
        self, operation: Operation, left: PairNumber, right: PairNumber, positive: bool
    ) -> list[Alternative]:
        """left (operation) right as conditions on a difference."""
        whole = left.whole and right.whole
        if not whole:
            self._check_rounding(left, right)
        forward, backward = (left.form, right.form), (right.form, left.form)
        if operation is Operation.EQUAL and positive:
            return known(self._clipped(condition(forward, Relation.ZERO, whole)))
        if operation is Operation.EQUAL:
            return [
                *known(condition(forward, Relation.NEGATIVE, whole)),
                *known(condition(backward, Relation.NEGATIVE, whole)),
            ]
        strict = (operation is Operation.LESS) == positive
        relation = Relation.NEGATIVE if strict else Relation.NOT_POSITIVE
        return known(self._clipped(condition(forward if positive else backward, relation, whole)))

    def _clipped(self, relation: Condition) -> Condition:
        """The same condition; a large whole number of the receiver is cut to what the rest can reach.

        Beyond that it decides nothing, and small numbers leave room for more nodes.
        """
        form = relation.form
        rest = form.sender + Form(form.pair)
        low, high = -rest.top - 1.0, -rest.bottom + 1.0
        if relation.sides is not None or form.receiver.reach <= LARGE or high - low >= form.receiver.reach:
            return relation
        gadgets, span = self._nodes.gadgets, form.receiver.reach + max(abs(low), abs(high))
        up, down = (gadgets.unit(form.receiver.plus(-bound), span) for bound in (low, high))
        cut = gadgets.unit(up - down, high - low)
        return Condition(PairForm(form.sender, cut.plus(low), form.pair), relation.relation)

    def _check_rounding(self, left: PairNumber, right: PairNumber) -> None:
        """Real sums must be rounded as the interpreter rounds them: (sender + edge) against receiver."""
        for one, other in ((left.form, right.form), (right.form, left.form)):
            together = bool(one.sender.terms or one.receiver.terms) and bool(one.pair)
            if together and (one.receiver.terms or other.sender.terms or other.pair):
                raise self._nodes.gadgets.refuse(
                    "a comparison of real sums over both ends of an edge",
                    "(sender + edge) on one side and a value of the receiver on the other",
                    "bring the terms into that order, or reduce with min_of before comparing",
                )

    # ---- numbers

    def _number(self, value: Expression, swapped: bool) -> list[PairNumber]:
        match value:
            case Reverse():
                return self._number(value.value, not swapped)
            case Lift():
                return [self._lifted(value.value, turned_end(value.end, swapped))]
            case Constant():
                return [self._lifted(value, End.RECEIVER)]
            case Variable() if value.location is Location.EDGE:
                number = self._entered(value, swapped)
                assert isinstance(number, Number)
                return [PairNumber((), apart(number.form), number.low, number.high, number.whole)]
            case Apply() if self._nodes.location(value) is Location.EDGE:
                return self._arithmetic(value, swapped)
        self._check_place(value)
        return [self._lifted(value, End.RECEIVER)]

    def _check_place(self, value: Expression) -> None:
        if self._nodes.location(value) is Location.EDGE:
            raise self._nodes.gadgets.refuse(
                "a value of pairs that is computed of more than their two ends",
                "values of the two ends of a pair, and of the edge between them",
                "compute it at the nodes",
            )

    def _lifted(self, value: Expression, end: End) -> PairNumber:
        number = self._nodes.gadgets.simple(self._nodes.number(value))
        return PairNumber((), of_end(number.form, end), number.low, number.high, number.whole)

    def _arithmetic(self, value: Apply, swapped: bool) -> list[PairNumber]:
        operation = value.operation
        if operation in (Operation.INDEX, Operation.NODE_AT):
            return self._number(value.arguments[0], swapped)
        if operation is Operation.WHERE:
            condition, then, otherwise = value.arguments
            return [
                *self._given(self._mask(condition, True, swapped), self._number(then, swapped)),
                *self._given(self._mask(condition, False, swapped), self._number(otherwise, swapped)),
            ]
        found: list[PairNumber] = []
        for left in self._number(value.arguments[0], swapped):
            for right in self._number(value.arguments[1], swapped):
                conditions = (*left.conditions, *right.conditions)
                for case in self._combined(operation, left, right):
                    found.append(replace(case, conditions=(*conditions, *case.conditions)))
        return found

    def _given(self, alternatives: list[Alternative], cases: list[PairNumber]) -> list[PairNumber]:
        return [
            replace(case, conditions=(*conditions, *case.conditions))
            for conditions in alternatives
            for case in cases
        ]

    def _combined(self, operation: Operation, left: PairNumber, right: PairNumber) -> list[PairNumber]:
        whole = left.whole and right.whole
        if operation in (Operation.ADD, Operation.SUBTRACT) and not whole:
            self._check_real_sum(left.form, right.form)
        match operation:
            case Operation.ADD:
                return [
                    PairNumber(
                        (), left.form + right.form, left.low + right.low, left.high + right.high, whole
                    )
                ]
            case Operation.SUBTRACT:
                form = left.form - right.form
                return [PairNumber((), form, left.low - right.high, left.high - right.low, whole)]
            case Operation.MINIMUM | Operation.MAXIMUM:
                small, large = (left, right) if operation is Operation.MINIMUM else (right, left)
                lower = self._relate(Operation.LESS_EQUAL, left, right, True)
                upper = self._relate(Operation.LESS_EQUAL, left, right, False)
                small, large = bounded(operation, small, large)
                return [*self._given(lower, [small]), *self._given(upper, [large])]
            case Operation.MULTIPLY:
                for number, factor in ((left, right), (right, left)):
                    if not (factor.form.sender.terms or factor.form.receiver.terms or factor.form.pair):
                        return [self._scaled(number, factor.form.constant)]
        raise self._nodes.gadgets.refuse(
            "a product of two numbers that both vary" if operation is Operation.MULTIPLY else operation.name,
            "sums, minima, maxima and products with a constant, as far as attention computes them",
            "compute it in a variable of edges, or at the nodes",
        )

    def _check_real_sum(self, left: PairForm, right: PairForm) -> None:
        """A real sum on edges takes one number of the sender, one of the receiver and one of the edge."""
        groups = [(f.sender.terms, f.receiver.terms, f.pair) for f in (left, right)]
        shared = any(one and other for one, other in zip(*groups, strict=True))
        if shared or (left.constant and any(groups[1])) or (right.constant and any(groups[0])):
            raise self._nodes.gadgets.refuse(
                "a real sum on edges with a constant, or with two numbers of the same end",
                "sender + edge: sums that are rounded in one order only",
                "add what belongs to one end at the nodes, sender(a + b)",
            )

    def _scaled(self, number: PairNumber, factor: float) -> PairNumber:
        varies = number.form.sender.terms or number.form.receiver.terms or number.form.pair
        if varies and not number.whole and rounds(factor):
            raise self._nodes.gadgets.refuse(
                f"a real number on edges times {factor:g}",
                "factors that are powers of two, which round nothing",
                "multiply at the nodes, or scale the input",
            )
        ends = sorted((number.low * factor, number.high * factor))
        whole = number.whole and float(factor).is_integer()
        return PairNumber((), number.form * factor, ends[0], ends[1], whole)
