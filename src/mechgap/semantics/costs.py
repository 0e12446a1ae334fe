"""How much work an expression is: over how many swept axes its values and those below it range."""

from __future__ import annotations

from ..lang.expression import Any, At, Best, Expression, Follow, Select, Variable
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
                single = self._single(expression.reference) or swept == 0
                return [
                    self._read(expression.value, swept, 0 if single else 1),
                    *self._ends(expression, swept),
                ]
            case At():
                ends = [expression.sender, expression.receiver]
                axes = 0 if swept == 0 else 2 - sum(self._single(end) for end in ends)
                return [self._read(expression.value, swept, axes), *self._ends(expression, swept)]
        return [self.of(child, swept) for child in expression.children]

    def _single(self, reference: Expression) -> bool:
        """Whether a reference names one node for the whole graph."""
        return self._types[reference].location is Location.GRAPH or not self._types[reference].is_pointer

    def _read(self, value: Expression, swept: int, axes: int) -> int:
        """The work for a value that is read along so many axes; variables are read for nothing."""
        return swept if isinstance(value, Variable) else self.of(value, axes)

    def _ends(self, expression: Follow | At, swept: int) -> list[int]:
        ends = expression.children[1:] if isinstance(expression, At) else expression.children[:1]
        return [self.of(end, swept) for end in ends]
