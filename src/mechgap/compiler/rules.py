"""What the lowering asks of a family of networks: how a node reads beyond itself."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..lang.expression import Any, At, Best, Expression, Follow, Select
from .values import Number, Value


class AbstractRules(ABC):
    """Lowers the expressions that read other nodes, for one family of networks."""

    @abstractmethod
    def any(self, expression: Any) -> Value:
        """Whether a mask holds for any sender."""

    @abstractmethod
    def best(self, expression: Best) -> Value:
        """The smallest or largest number among senders."""

    @abstractmethod
    def select(self, expression: Select) -> Value:
        """The index of the chosen sender."""

    @abstractmethod
    def follow(self, expression: Follow) -> Value:
        """The value at the node that a pointer or a mask_one names."""

    @abstractmethod
    def at(self, expression: At) -> Value:
        """The value at the pair that two references name."""

    @abstractmethod
    def last_node(self) -> Number:
        """The index of the last node of the graph."""

    @abstractmethod
    def at_pairs(self, expression: Expression) -> Value:
        """The lowered value of an expression, at every pair of nodes."""
