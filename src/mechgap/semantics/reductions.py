"""Reductions: any, smallest, largest, and selections, over the first end of the places below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..lang.expression import Any, Best, Expression, Select, Tie
from .elementwise import any_along, ends_along, extreme_along
from .scope import Scope

if TYPE_CHECKING:
    from .evaluation import Evaluation


class Reductions:
    """Evaluates reductions; the reduced nodes are on axis 1 of the values below.

    Args:
        evaluation: gives the values below.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._extremes: dict[tuple[tuple[Expression, Expression, bool], Scope], Tensor] = {}

    def any(self, expression: Any, scope: Scope) -> Tensor:
        """Whether the mask holds anywhere."""
        return any_along(self.candidates(expression, scope))

    def best(self, expression: Best, scope: Scope) -> Tensor:
        """The smallest or largest value among the candidates."""
        best = self._extreme(expression, expression.value, self.candidates(expression, scope), scope)
        default = self._evaluation.value(expression.default, scope)
        return torch.where(best.isinf(), default.to(best.dtype), best)

    def select(self, expression: Select, scope: Scope) -> Tensor:
        """The selected node: int64."""
        ties = self.ties(expression, scope)
        chosen = ends_along(ties, self._evaluation.batch.width, expression.tie is Tie.LAST)
        return torch.where(chosen >= 0, chosen, self._fallback(expression, scope))

    def candidates(self, expression: Any | Best | Select, scope: Scope) -> Tensor:
        """The places that a reduction looks at: [K, N or 1, …], the reduced ones on axis 1."""
        mask = expression.mask if isinstance(expression, Any) else expression.among
        below = self._below(scope)
        value = self._evaluation.value(mask, below)
        if value.dim() == 0:
            value = value.expand(self._evaluation.count(scope), *[1] * below.swept)
        return value & self._real(below) if self._evaluation.inputs.padding else value

    def ties(self, expression: Best | Select, scope: Scope) -> Tensor:
        """The candidates that have the best key, same shape as ``candidates``."""
        candidates = self.candidates(expression, scope)
        key = expression.value if isinstance(expression, Best) else expression.key
        if key is None:
            return candidates
        values = self._evaluation.value(key, self._below(scope))
        return candidates & (values == self._extreme(expression, key, candidates, scope)[:, None])

    def _extreme(
        self, expression: Best | Select, key: Expression, candidates: Tensor, scope: Scope
    ) -> Tensor:
        """The best value of a key, which a selection and a smallest value of the same key share."""
        same = self._evaluation.facts.same
        read = (same.get(key, key), same.get(expression.among, expression.among), expression.largest)
        if (read, scope) not in self._extremes:
            values = self._evaluation.value(key, self._below(scope))
            self._extremes[read, scope] = extreme_along(values, candidates, expression.largest)
        return self._extremes[read, scope]

    def _below(self, scope: Scope) -> Scope:
        return scope.derived("below", lambda: self._evaluation.scope(scope.rows, (None, *scope.ends)))

    def _real(self, scope: Scope) -> Tensor:
        """Which places of a scope are made of nodes: [K, …]; only swept ends are looked at."""
        nodes = self._evaluation.batch.nodes
        nodes = nodes if scope.rows is None else nodes[scope.rows]
        real = torch.ones((), dtype=torch.bool, device=nodes.device)
        for end, node in enumerate(scope.ends):
            if node is None:
                real = real & scope.axes(nodes, (end,))
        return real

    def _fallback(self, expression: Select, scope: Scope) -> Tensor:
        """What a selection yields where there is no candidate."""
        if expression.default is not None:
            return self._evaluation.value(expression.default, scope)
        if not scope.ends:
            return torch.zeros((), dtype=torch.int64, device=self._evaluation.batch.nodes.device)
        own = scope.ends[-1]
        if own is None:
            own = self._evaluation.inputs.positions.expand(self._evaluation.count(scope), -1)
        return scope.axes(own, (len(scope.ends) - 1,))
