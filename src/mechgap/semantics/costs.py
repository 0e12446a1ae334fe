"""How much work an expression is: over how many swept axes its values and those below it range."""

from __future__ import annotations

from ..lang.expression import Any, At, Best, Expression, Follow, Select
from ..lang.location import Location
from ..lang.types import Type


class Costs:
    """The largest number of swept axes that evaluating an expression needs.

    Args:
        types: types of all expressions of a program.
    """

    def __init__(self, types: dict[Expression, Type]) -> None:
        self._types = types
        self._known: dict[tuple[Expression, int], int] = {}

    def of(self, expression: Expression, swept: int) -> int:
        """The number of axes, where the scope of the expression itself sweeps ``swept``."""
        swept = min(swept, self._types[expression].location.rank)
        key = (expression, swept)
        if key not in self._known:
            self._known[key] = max([swept, *self._below(expression, swept)])
        return self._known[key]

    def _below(self, expression: Expression, swept: int) -> list[int]:
        match expression:
            case Any() | Best() | Select():
                default = getattr(expression, "default", None)
                reduced = [child for child in expression.children if child is not default]
                below = [self.of(child, swept + 1) for child in reduced]
                return below if default is None else [*below, self.of(default, swept)]
            case Follow():
                single = swept == 0 or self._types[expression.reference].location is Location.GRAPH
                value = self.of(expression.value, 0 if single else 1)
                return [value, self.of(expression.reference, swept)]
            case At():
                ends = [self.of(end, swept) for end in (expression.sender, expression.receiver)]
                return [self.of(expression.value, 0 if swept == 0 else 2), *ends]
        return [self.of(child, swept) for child in expression.children]
