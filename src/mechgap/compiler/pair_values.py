"""Lowers expressions of edges to units of pairs: what a network with vectors at pairs can compute of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from typing import Any as Anything

from ..lang.expression import Apply, Constant, End, Expression, Lift, Reverse, Variable
from ..lang.location import Location
from .edge_inputs import entered_at_pairs
from .gadgets import Gadgets
from .ir import Form, PairForm
from .origin import Origin
from .pair_ir import apart, lifted, turned
from .pointwise import AbstractPointwise
from .values import Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering


class PairValues(AbstractPointwise):
    """Values of edge expressions as forms over numbers of pairs.

    Args:
        nodes: lowers what lives at the ends.
        gadgets: makes units of pairs.
    """

    def __init__(
        self,
        nodes: NodeLowering,
        gadgets: Gadgets,
    ) -> None:
        super().__init__(nodes.program, gadgets, nodes.n)
        self.nodes = nodes
        self._values: dict[Expression, Value] = {}
        self._rules: dict[type[Expression], Callable[[Anything], Value]] = {
            Constant: self.constant,
            Variable: self._variable,
            Apply: self.apply,
            Lift: lambda e: self._lifted(e.value, e.end),
            Reverse: lambda e: turned(self.of(e.value)),
        }

    def extend(self, rules: Mapping[type[Expression], Callable[[Anything], Value]]) -> None:
        """Lower further sorts of expressions too: those that read beyond a pair."""
        self._rules |= rules

    def of(self, expression: Expression) -> Value:
        """The lowered value of an expression of edges, or of the graph."""
        if expression not in self._values:
            with self.gadgets.about(Origin(expression)):
                self._values[expression] = self._found(expression)
        return self._values[expression]

    def settled(self, number: Number) -> Number:
        """The same number, of which the attention of a receiver reads nothing but the pair."""
        gadgets = self.gadgets
        number = gadgets.simple(number)
        if number.whole or not apart(number.form).receiver.terms:
            return number
        form = Form.of(gadgets.made(number.form, max(0.0, number.high), False))
        if number.low < 0:
            form = form - Form.of(gadgets.made(number.form * -1.0, -number.low, False))
        return Number(form, number.low, number.high, False)

    def apart(self, form: Form) -> PairForm:
        """A truth value as attention reads it; a key reads no more of the receiver than the pair does."""
        found = apart(form)
        mixed = found.receiver.terms and (found.sender.terms or found.pair)
        if mixed and not self.nodes.dialect.compares:
            return apart(self.gadgets.unit(form, 1.0))
        return found

    def _found(self, expression: Expression) -> Value:
        if isinstance(expression, Constant):
            return self.constant(expression)
        if self.nodes.location(expression) is Location.GRAPH:
            return self._lifted(expression, End.RECEIVER)
        return self._rules.get(type(expression), self._misplaced)(expression)

    def _lifted(self, expression: Expression, end: End) -> Value:
        value = self.nodes.of(expression)
        return lifted(self.nodes.gadgets.readable(value), end)

    def _variable(self, variable: Variable) -> Value:
        value = entered_at_pairs(self.nodes, variable, self.gadgets)
        if isinstance(value, Number) and value.low < 0 and any(a.low < 0 for a in value.form.atoms):
            (column,) = value.form.atoms
            return Number(self.gadgets.split(column), value.low, value.high, value.whole)
        return value

    def _misplaced(self, expression: Expression) -> Value:
        raise self.gadgets.refuse(
            "a value of pairs that is computed of more than their two ends",
            "values of the two ends of a pair, and of the pair itself",
            "compute it at the nodes, or in steps, with state on edges",
        )
