"""Lowers expressions of edges: masks to alternatives of conditions, numbers to cases of affine forms."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..kinds.mask import Mask
from ..kinds.scalar import Scalar
from ..lang.expression import Apply, Constant, End, Expression, Lift, Reverse, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from .bounds import check_input
from .ir import Condition, EdgeColumn, Form, PairForm, Relation
from .values import Bit, Category, Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering

Alternative = tuple[Condition, ...]

MOST_ALTERNATIVES = 16


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


class PairLowering:
    """Alternatives and cases of edge expressions. ``swapped`` exchanges sender and receiver.

    Args:
        nodes: lowers what lives at the ends.
    """

    def __init__(self, nodes: NodeLowering) -> None:
        self._nodes = nodes

    def alternatives(self, mask: Expression) -> list[Alternative]:
        """A mask of edges, or of nodes seen as senders, as a disjunction of conjunctions."""
        if self._nodes.location(mask) is not Location.EDGE:
            found = self._end(self._nodes.bit(mask), End.SENDER, True)
        else:
            found = self._mask(mask, True, False)
        if len(found) > MOST_ALTERNATIVES:
            raise self._nodes.gadgets.refuse(
                f"a mask of edges with {len(found)} alternatives",
                f"at most {MOST_ALTERNATIVES}: each is an attention head",
                "compute parts of the mask at the nodes, in a variable",
            )
        return found

    def cases(self, value: Expression) -> list[PairNumber]:
        """A number of edges, or of nodes seen as senders, as cases."""
        if self._nodes.location(value) is not Location.EDGE:
            return [self._lifted(value, End.SENDER)]
        return self._number(value, False)

    def entered(self, variable: Variable, swapped: bool) -> Value:
        """A variable of edges over numbers of pairs, read at the opposite pair if ``swapped``."""
        form = Form.of(self._column(variable, swapped))
        if isinstance(variable.kind, Mask):
            return Bit((form,))
        assert isinstance(variable.kind, Scalar)
        return Number(form, variable.kind.low, variable.kind.high, form.whole)

    # ---- masks

    def _mask(self, mask: Expression, positive: bool, swapped: bool) -> list[Alternative]:
        match mask:
            case Reverse():
                return self._mask(mask.value, positive, not swapped)
            case Lift():
                return self._end(self._nodes.bit(mask.value), _turned(mask.end, swapped), positive)
            case Variable() if mask.location is Location.EDGE:
                column = PairForm(pair=((self._column(mask, swapped), 1.0),))
                return [(_true(column if positive else _negated(column)),)]
            case Apply() if self._nodes.location(mask) is Location.EDGE:
                return self._apply(mask, positive, swapped)
        return self._end(self._nodes.bit(mask), End.RECEIVER, positive)

    def _end(self, bit: Bit, end: End, positive: bool) -> list[Alternative]:
        """A truth value of nodes at one end."""
        bit = bit if positive else ~bit
        if bit.constant is not None:
            return [()] if bit.constant else []
        forms = (self._nodes.gadgets.form(bit),) if bit.negated else bit.factors
        return [tuple(_true(_at(form, end)) for form in forms)]

    def _apply(self, mask: Apply, positive: bool, swapped: bool) -> list[Alternative]:
        operation, arguments = mask.operation, mask.arguments
        if operation is Operation.NOT:
            return self._mask(arguments[0], not positive, swapped)
        if operation in (Operation.AND, Operation.OR):
            parts = [self._mask(argument, positive, swapped) for argument in arguments]
            if (operation is Operation.AND) == positive:
                return _product(*parts)
            return [*parts[0], *parts[1]]
        if operation is Operation.WHERE:
            condition, then, otherwise = arguments
            yes, no = self._mask(condition, True, swapped), self._mask(condition, False, swapped)
            return [
                *_product(yes, self._mask(then, positive, swapped)),
                *_product(no, self._mask(otherwise, positive, swapped)),
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
            *_product(self._mask(left, True, swapped), self._mask(right, positive, swapped)),
            *_product(self._mask(left, False, swapped), self._mask(right, not positive, swapped)),
        ]

    def _same_category(
        self, arguments: tuple[Expression, ...], positive: bool, swapped: bool
    ) -> list[Alternative]:
        (left, left_end), (right, right_end) = (self._category(a, swapped) for a in arguments)
        found: list[Alternative] = []
        for one, other in zip(left.bits, right.bits, strict=True):
            found += _product(self._end(one, left_end, True), self._end(other, right_end, positive))
        return found

    def _category(self, value: Expression, swapped: bool) -> tuple[Category, End]:
        end = End.RECEIVER
        while isinstance(value, (Lift, Reverse)):
            if isinstance(value, Lift):
                end = _turned(value.end, swapped)
            else:
                swapped = not swapped
            value = value.value
        if self._nodes.location(value) is Location.EDGE:
            raise self._nodes.gadgets.refuse(
                "a category computed on edges", "categories of nodes", "choose the category at the nodes"
            )
        category = self._nodes.of(value)
        assert isinstance(category, Category)
        return category, end

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
            return _known(_condition(forward, Relation.ZERO, whole))
        if operation is Operation.EQUAL:
            return [
                *_known(_condition(forward, Relation.NEGATIVE, whole)),
                *_known(_condition(backward, Relation.NEGATIVE, whole)),
            ]
        strict = (operation is Operation.LESS) == positive
        relation = Relation.NEGATIVE if strict else Relation.NOT_POSITIVE
        return _known(_condition(forward if positive else backward, relation, whole))

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
                return [self._lifted(value.value, _turned(value.end, swapped))]
            case Constant():
                return [self._lifted(value, End.RECEIVER)]
            case Variable() if value.location is Location.EDGE:
                column, kind = self._column(value, swapped), value.kind
                assert isinstance(kind, Scalar)
                return [PairNumber((), PairForm(pair=((column, 1.0),)), kind.low, kind.high, column.whole)]
            case Apply() if self._nodes.location(value) is Location.EDGE:
                return self._arithmetic(value, swapped)
        return [self._lifted(value, End.RECEIVER)]

    def _lifted(self, value: Expression, end: End) -> PairNumber:
        number = self._nodes.gadgets.simple(self._nodes.number(value))
        return PairNumber((), _at(number.form, end), number.low, number.high, number.whole)

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
                small, large = _bounded(operation, small, large)
                return [*self._given(lower, [small]), *self._given(upper, [large])]
            case Operation.MULTIPLY:
                for number, factor in ((left, right), (right, left)):
                    if not (factor.form.sender.terms or factor.form.receiver.terms or factor.form.pair):
                        return [self._scaled(number, factor.form.constant)]
        raise self._nodes.gadgets.refuse(
            "a product of two numbers that both vary" if operation is Operation.MULTIPLY else operation.name,
            "sums, minima, maxima and products with a constant: what a ReLU network computes exactly",
            "if one factor is a mask, write where(mask, number, 0); otherwise no exact network exists",
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

    def _column(self, variable: Variable, swapped: bool) -> EdgeColumn:
        if all(variable is not known for known in self._nodes.program.inputs):
            raise self._nodes.gadgets.refuse(
                f"the state variable {variable.name!r} of edges",
                "state of nodes and of the graph: this target has no memory on edges",
                "keep what is needed at the nodes, or run the program with the interpreter",
            )
        if isinstance(variable.kind, Mask):
            return EdgeColumn(1.0, True, variable.name, variable.name, 0, swapped)
        if isinstance(variable.kind, Scalar):
            check_input(self._nodes.gadgets, variable.name, variable.kind)
            low, high = variable.kind.low, variable.kind.high
            high = max(-low, high)
            return EdgeColumn(high, variable.kind.whole, variable.name, variable.name, 0, swapped, low < 0)
        raise self._nodes.gadgets.refuse(
            f"the edge input {variable.name!r}, a {variable.kind.name}",
            "masks and scalars on edges",
            "give it as masks",
        )


def rounds(factor: float) -> bool:
    """Whether multiplication with a factor may round."""
    magnitude = abs(factor)
    return magnitude != 0.0 and magnitude != 2.0 ** round(math.log2(magnitude))


def _bounded(operation: Operation, one: PairNumber, other: PairNumber) -> tuple[PairNumber, PairNumber]:
    """Two numbers where each is the minimum (maximum) of both: neither is above (below) the other."""
    if operation is Operation.MINIMUM:
        high = min(one.high, other.high)
        return replace(one, high=max(high, one.low)), replace(other, high=max(high, other.low))
    low = max(one.low, other.low)
    return replace(one, low=min(low, one.high)), replace(other, low=min(low, other.high))


def _turned(end: End, swapped: bool) -> End:
    if not swapped:
        return end
    return End.RECEIVER if end is End.SENDER else End.SENDER


def _at(form: Form, end: End) -> PairForm:
    return PairForm(sender=form) if end is End.SENDER else PairForm(receiver=form)


def _true(form: PairForm) -> Condition:
    return Condition(form, Relation.TRUE)


def _negated(form: PairForm) -> PairForm:
    return (form * -1.0).plus(1.0)


def _condition(sides: tuple[PairForm, PairForm], relation: Relation, whole: bool) -> Condition:
    """How the first side less the second one is related to zero."""
    form = sides[0] - sides[1]
    if not whole:
        return Condition(form, relation, sides)
    if relation is Relation.NEGATIVE:
        return Condition(form.plus(1.0), Relation.NOT_POSITIVE)
    return Condition(form, relation)


def _known(condition: Condition) -> list[Alternative]:
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


def _product(left: list[Alternative], right: list[Alternative]) -> list[Alternative]:
    return [tuple(dict.fromkeys((*one, *other))) for one in left for other in right]
