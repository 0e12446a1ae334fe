"""Lowers reads at pointers: of a value at a node (Follow) and of a value at a pair of nodes (At)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lang.expression import At, Expression, Follow, Own
from ..lang.location import Location
from .fetches import Fetches
from .landed import LandedLowering
from .pairs import PairLowering
from .values import Bit, Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering


class Reading:
    """Lowers Follow and At.

    Args:
        nodes: lowers what lives at nodes.
        pairs: knows the columns of variables of edges.
        fetches: copies.
    """

    def __init__(self, nodes: NodeLowering, pairs: PairLowering, fetches: Fetches) -> None:
        self._nodes = nodes
        self._pairs = pairs
        self._fetches = fetches
        self._landed: dict[object, LandedLowering] = {}

    def follow(self, expression: Follow) -> Value:
        """The value at the node that a pointer or a mask_one names."""
        reference, value = self._reference(expression.reference), self._nodes.of(expression.value)
        return self._read(expression, reference, value)

    def at(self, expression: At) -> Value:
        """The value at the pair that two references name.

        A node attends the node at the other end and copies what lives there and on the edge. So one
        end must be the node itself, or known to every node: the value is then computed where the
        other end is, and read there. Otherwise it takes units of pairs.
        """
        sender, receiver = expression.sender, expression.receiver
        if isinstance(receiver, Own):
            return self._beside(expression.value, sender, False)
        if isinstance(sender, Own):
            return self._beside(expression.value, receiver, True)
        if self._shared(sender):
            return self._read(
                expression, self._reference(receiver), self._beside(expression.value, sender, False)
            )
        if self._shared(receiver):
            return self._read(
                expression, self._reference(sender), self._beside(expression.value, receiver, True)
            )
        if self._pairs.values is not None:
            return self._pairs.following.at_nodes(expression.value, sender, receiver)
        raise self._nodes.gadgets.refuse(
            "the value of a pair of which both ends differ from node to node",
            "a pair of which one end is the node itself, a mask_one or a pointer of the graph",
            "let one of the ends keep the value in a variable, and read it there",
        )

    def _shared(self, reference: Expression) -> bool:
        """Whether a reference names the same node everywhere."""
        return self._nodes.location(reference) is Location.GRAPH or isinstance(
            self._reference(reference), Bit
        )

    def _reference(self, reference: Expression) -> Bit | Number:
        value = self._nodes.of(reference)
        assert isinstance(value, (Bit, Number))
        return value

    def _read(self, expression: Expression, reference: Bit | Number, value: Value) -> Value:
        """A value of nodes at the node that a reference names."""
        fetch = self._fetches.named(reference)
        self._fetches.anchor(fetch, expression)
        return self._fetches.checked(fetch, reference, self._fetches.copied(fetch, value))

    def _beside(self, value: Expression, reference: Expression, swapped: bool) -> Value:
        """At every node, a value of edges at the pair with the node that a reference names."""
        where = self._reference(reference)
        fetch = self._fetches.named(where)
        memory = (fetch, swapped)
        if memory not in self._landed:
            self._landed[memory] = LandedLowering(self._nodes, self._pairs, self._fetches, fetch, swapped)
        return self._fetches.checked(fetch, where, self._landed[memory].of(value))
