"""How networks with attention read beyond a node: every node attends others and copies from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lang.expression import Any, At, Best, Expression, Follow, Select
from .fetches import Fetches
from .pairs import PairLowering
from .reading import Reading
from .reductions import Reductions
from .rules import AbstractRules
from .values import Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering, Scope


class AttentionRules(AbstractRules):
    """Reductions and reads as fetches.

    Args:
        nodes: lowers what lives at nodes.
        scope: what the compiler was asked for.
    """

    def __init__(self, nodes: NodeLowering, scope: Scope) -> None:
        fetches = Fetches(nodes.program, nodes.gadgets, nodes.own)
        self._pairs = PairLowering(nodes, scope.pairs, fetches)
        self._reductions = Reductions(nodes, self._pairs, fetches, scope.resolve)
        self._reading = Reading(nodes, self._pairs, fetches)

    def any(self, expression: Any) -> Value:
        return self._reductions.any(expression)

    def best(self, expression: Best) -> Value:
        return self._reductions.best(expression)

    def select(self, expression: Select) -> Value:
        return self._reductions.select(expression)

    def follow(self, expression: Follow) -> Value:
        return self._reading.follow(expression)

    def at(self, expression: At) -> Value:
        return self._reading.at(expression)

    def last_node(self) -> Number:
        return self._reductions.last_node()

    def at_pairs(self, expression: Expression) -> Value:
        assert self._pairs.values is not None
        return self._pairs.values.of(expression)
