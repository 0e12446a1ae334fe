"""Lowers operations on values of one place: the same rules at nodes, and at the ends of an attended pair."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..lang.expression import Apply, Constant, Expression
from ..lang.operations import Operation
from ..lang.program import Program
from .angles import Angles
from .gadgets import Gadgets
from .ir import Form
from .products import Products
from .values import FALSE, TRUE, Bit, Category, Number, Value


class AbstractPointwise(ABC):
    """Values of expressions of one location as forms over atoms.

    Args:
        program: whose expressions are lowered.
        gadgets: makes the units.
        n: largest number of nodes.
    """

    def __init__(self, program: Program, gadgets: Gadgets, n: int) -> None:
        self.program = program
        self.gadgets = gadgets
        self.n = n

    @abstractmethod
    def of(self, expression: Expression) -> Value:
        """The lowered value of an expression."""

    def bit(self, expression: Expression) -> Bit:
        """The lowered value of a mask."""
        value = self.of(expression)
        assert isinstance(value, Bit)
        return value

    def number(self, expression: Expression) -> Number:
        """The lowered value of a scalar or of a pointer."""
        value = self.of(expression)
        assert isinstance(value, Number)
        return value

    def constant(self, expression: Constant) -> Value:
        """The value of a literal."""
        value = expression.value
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if isinstance(value, str):
            categories = self.program.types[expression].categories
            return Category(tuple(TRUE if value == name else FALSE for name in categories))
        return Number(Form((), float(value)), value, value, float(value).is_integer())

    def apply(self, expression: Apply) -> Value:
        """The value of an operation on values."""
        values = [self.of(argument) for argument in expression.arguments]
        gadgets, operation = self.gadgets, expression.operation
        if operation is Operation.NODE_AT:
            return self._node_at(values[0])
        if operation is Operation.INDEX:
            return values[0]
        match values:
            case [Bit() as bit] if operation is Operation.NOT:
                return ~bit
            case [Bit() as left, Bit() as right] if operation is Operation.AND:
                return gadgets.both(left, right)
            case [Bit() as left, Bit() as right] if operation is Operation.OR:
                return gadgets.either(left, right)
            case [left, right] if operation is Operation.EQUAL:
                return self.same(left, right)
            case [Number() as left, Number() as right]:
                return self.arithmetic(operation, left, right)
            case [Bit() as condition, then, otherwise]:
                return gadgets.choose(self._cases(expression, condition, then, otherwise))
        raise TypeError(f"{operation.name} of {values}")

    def _cases(
        self, expression: Apply, condition: Bit, then: Value, otherwise: Value
    ) -> list[tuple[Bit, Value]]:
        """The cases of a chain of conditionals, each with the condition under which it holds."""
        cases: list[tuple[Bit, Value]] = [(condition, then)]
        rest, tail = ~condition, expression.arguments[2]
        while isinstance(tail, Apply) and tail.operation is Operation.WHERE:
            inner = self.bit(tail.arguments[0])
            cases.append((self.gadgets.both(rest, inner), self.of(tail.arguments[1])))
            rest, tail = self.gadgets.both(rest, ~inner), tail.arguments[2]
            otherwise = self.of(tail)
        return [*cases, (rest, otherwise)]

    def _node_at(self, value: Value) -> Value:
        assert isinstance(value, Number)
        return Number(value.form, value.low, value.high, True, True, loose=True)

    def same(self, left: Value, right: Value) -> Bit:
        """Whether two values of one kind are equal."""
        gadgets = self.gadgets
        match left, right:
            case Number(), Number():
                return gadgets.equal(left, right)
            case Bit(), Bit():
                return gadgets.either(gadgets.both(left, right), gadgets.both(~left, ~right))
            case Category(), Category():
                agree = [gadgets.both(a, b) for a, b in zip(left.bits, right.bits, strict=True)]
                agree = [bit for bit in agree if bit.constant is not False]
                return agree[0] if len(agree) == 1 else gadgets.pick_bit([(TRUE, bit) for bit in agree])
        raise TypeError(f"{left} = {right}")

    def arithmetic(self, operation: Operation, left: Number, right: Number) -> Value:
        """Sums, products, comparisons, minima, and angles."""
        gadgets = self.gadgets
        match operation:
            case Operation.LESS:
                return gadgets.less(left, right)
            case Operation.LESS_EQUAL:
                return ~gadgets.less(right, left)
            case Operation.MINIMUM | Operation.MAXIMUM:
                less = gadgets.less(left, right)
                small, large = (left, right) if operation is Operation.MINIMUM else (right, left)
                found = gadgets.pick([(less, small), (~less, large)])
                pick = min if operation is Operation.MINIMUM else max
                low, high = pick(left.low, right.low), pick(left.high, right.high)
                return Number(found.form, low, high, found.whole)
            case Operation.ADD:
                return self._sum(left, right, 1.0)
            case Operation.SUBTRACT:
                return self._sum(left, right, -1.0)
            case Operation.ARCTAN2:
                return Angles(self.gadgets).of(left, right)
        return self._product(left, right)

    def _sum(self, left: Number, right: Number, sign: float) -> Number:
        low = left.low + (right.low if sign > 0 else -right.high)
        high = left.high + (right.high if sign > 0 else -right.low)
        if left.whole and right.whole:
            return Number(left.form + right.form * sign, low, high, True)
        left, right = self.gadgets.term(left), self.gadgets.term(right)
        trivial = (not right.form.terms and right.form.constant == 0) or (
            not left.form.terms and left.form.constant == 0 and sign > 0
        )
        return Number(left.form + right.form * sign, low, high, False, trivial)

    def _product(self, left: Number, right: Number) -> Number:
        if left.form.terms and right.form.terms:
            return Products(self.gadgets).of(left, right)
        number, factor = (left, right.form.constant) if left.form.terms else (right, left.form.constant)
        number = self.gadgets.simple(number)
        ends = sorted((number.low * factor, number.high * factor))
        whole = number.whole and float(factor).is_integer()
        return Number(number.form * factor, ends[0], ends[1], whole, number.whole)
