"""Lowers expressions of nodes and of the graph; a value of the graph is held at every node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from ..errors import Refusal
from ..lang.expression import (
    Any,
    Apply,
    Best,
    Constant,
    Expression,
    Follow,
    Lift,
    Own,
    Reverse,
    Select,
    Size,
    Variable,
)
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Program
from .gadgets import Gadgets
from .ir import Feature, Form
from .origin import Origin
from .pairs import PairLowering
from .reductions import Reductions
from .values import FALSE, TRUE, Bit, Category, Number, Value

INDEX_PORT = "index"
"""Port of the feature that holds the index of a node."""


@dataclass(frozen=True)
class Scope:
    """What a program is compiled for.

    Attributes:
        n: largest number of nodes.
        index: the feature that holds the index of each node.
        resolve: whether equal real keys are told apart by index, which takes two more rounds.
    """

    n: int
    index: Feature
    resolve: bool


class NodeLowering:
    """Values of expressions as forms over atoms.

    Args:
        program: whose expressions are lowered.
        gadgets: makes the units.
        variables: the lowered value of every variable that may be read, or why it may not.
        scope: what the compiler was asked for.
    """

    def __init__(
        self,
        program: Program,
        gadgets: Gadgets,
        variables: Mapping[Variable, Value | Refusal],
        scope: Scope,
    ) -> None:
        self.program = program
        self.gadgets = gadgets
        self.n = scope.n
        self.own = Number(Form.of(scope.index), 0, scope.n - 1, True)
        self._variables = variables
        self._values: dict[Expression, Value] = {}
        self._reductions = Reductions(self, PairLowering(self), scope.resolve)
        self._rules: dict[type[Expression], Callable[[Anything], Value]] = {
            Constant: self._constant,
            Own: lambda e: self.own,
            Size: self._size,
            Variable: self._variable,
            Apply: self._apply,
            Any: self._reductions.any,
            Best: self._reductions.best,
            Select: self._reductions.select,
            Follow: self._reductions.follow,
            Lift: self._misplaced,
            Reverse: self._misplaced,
        }

    def of(self, expression: Expression) -> Value:
        """The lowered value of an expression of nodes or of the graph."""
        if expression not in self._values:
            for child in _local_children(expression):
                self.of(child)
            outer, self.gadgets.origin = self.gadgets.origin, Origin(expression)
            self._values[expression] = self._rules[type(expression)](expression)
            self.gadgets.origin = outer
        return self._values[expression]

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

    def location(self, expression: Expression) -> Location:
        """Where the value of an expression lives."""
        return self.program.types[expression].location

    def _constant(self, expression: Constant) -> Value:
        value = expression.value
        if isinstance(value, bool):
            return TRUE if value else FALSE
        if isinstance(value, str):
            categories = self.program.types[expression].categories
            return Category(tuple(TRUE if value == name else FALSE for name in categories))
        return Number(Form((), float(value)), value, value, float(value).is_integer())

    def _size(self, expression: Size) -> Value:
        """The index of the last node, plus one."""
        return Number(self._reductions.last_node().form.plus(1.0), 1, self.n, True)

    def _variable(self, expression: Variable) -> Value:
        value = self._variables.get(expression)
        if isinstance(value, Refusal):
            raise value
        if value is not None:
            return value
        raise Refusal(
            f"program {self.program.name}, variable {expression.name}",
            f"an {expression.location.value} {expression.kind.name} read where values of nodes are computed",
            "values of nodes",
            "reduce it over senders first: any_of, min_of, first …",
        )

    def _apply(self, expression: Apply) -> Value:
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
        if value.low < 0 or value.high > 2 * self.n:
            low, high = max(value.low, 0), min(value.high, 2 * self.n)
            inside = self.gadgets.both(
                ~self.gadgets.less(value, Number(Form((), low), low, low, True)),
                ~self.gadgets.less(Number(Form((), high), high, high, True), value),
            )
            nowhere = Number(Form((), float(self.n)), self.n, self.n, True)
            value = self.gadgets.pick([(inside, value), (~inside, nowhere)])
        return Number(value.form, max(value.low, 0), value.high, True, True, loose=True)

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
        """Sums, comparisons, minima, and products with a constant."""
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
            raise self.gadgets.refuse(
                "a product of two numbers that both vary",
                "products with a constant: a ReLU network computes piecewise linear functions exactly",
                "if one factor is a mask, write where(mask, number, 0); otherwise no exact network exists",
            )
        number, factor = (left, right.form.constant) if left.form.terms else (right, left.form.constant)
        number = self.gadgets.simple(number)
        ends = sorted((number.low * factor, number.high * factor))
        whole = number.whole and float(factor).is_integer()
        return Number(number.form * factor, ends[0], ends[1], whole, number.whole)

    def _misplaced(self, expression: Expression) -> Value:
        raise self.gadgets.refuse(
            "a value of edges where values of nodes are computed",
            "edge values inside a reduction over senders",
            "reduce it: any_of, min_of, first …; edge state is not supported by this target",
        )


def _local_children(expression: Expression) -> tuple[Expression, ...]:
    """The children that are lowered as values of nodes: none below a reduction."""
    return expression.children if isinstance(expression, Apply) else ()
