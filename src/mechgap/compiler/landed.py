"""Lowers expressions of edges at one pair of every node: that with the node which it attends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any as Anything

from ..lang.expression import Apply, Constant, End, Expression, Lift, Reverse, Variable
from ..lang.location import Location
from .fetches import Fetches
from .ir import Fetch
from .pair_ir import turned
from .pairs import PairLowering
from .pointwise import AbstractPointwise
from .values import Value

if TYPE_CHECKING:
    from .nodes import NodeLowering


class LandedLowering(AbstractPointwise):
    """Values of edge expressions at the pair (attended node, node), or at (node, attended node).

    What lives at the attended node, and on the pair, is copied; everything else is computed by the node.

    Args:
        nodes: lowers what lives at nodes.
        pairs: knows the columns of variables of edges.
        fetches: copies.
        fetch: what is attended.
        swapped: whether the attended node is the receiver of the pair.
    """

    def __init__(
        self, nodes: NodeLowering, pairs: PairLowering, fetches: Fetches, fetch: Fetch, swapped: bool
    ) -> None:
        super().__init__(nodes.program, nodes.gadgets, nodes.n)
        self._nodes = nodes
        self._pairs = pairs
        self._fetches = fetches
        self._fetch = fetch
        self._swapped = swapped
        self._values: dict[tuple[Expression, bool], Value] = {}
        self._rules: dict[type[Expression], Callable[[Anything], Value]] = {
            Constant: self.constant,
            Variable: self._variable,
            Apply: self.apply,
            Lift: self._lift,
            Reverse: self._reverse,
        }

    def of(self, expression: Expression) -> Value:
        """The lowered value of an expression of edges or of the graph."""
        memory = (expression, self._swapped)
        if memory not in self._values:
            if self._nodes.location(expression) is Location.GRAPH:
                self._values[memory] = self._nodes.of(expression)
            else:
                rule = self._rules.get(type(expression), self._misplaced)
                self._values[memory] = rule(expression)
        return self._values[memory]

    def _variable(self, variable: Variable) -> Value:
        value = self._pairs.entered(variable)
        return self._fetches.at_pair(self._fetch, turned(value) if self._swapped else value)

    def _lift(self, expression: Lift) -> Value:
        value = self._nodes.of(expression.value)
        attended = End.RECEIVER if self._swapped else End.SENDER
        return self._fetches.copied(self._fetch, value) if expression.end is attended else value

    def _reverse(self, expression: Reverse) -> Value:
        self._swapped = not self._swapped
        value = self.of(expression.value)
        self._swapped = not self._swapped
        return value

    def _misplaced(self, expression: Expression) -> Value:
        """What units of pairs compute, copied; a network without them cannot."""
        values = self._pairs.values
        if values is not None:
            found = values.of(expression)
            found = values.gadgets.readable(found)
            return self._fetches.at_pair(self._fetch, turned(found) if self._swapped else found)
        raise self.gadgets.refuse(
            "a value that is computed of more than the two ends of a pair, read at a pair",
            "values of the two ends and of the edge between them",
            "read it at the nodes, or keep it in a variable of edges",
        )
