"""Conditionals: a costly branch is evaluated only where its condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..lang.expression import Apply, Expression
from .elementwise import choose
from .scope import Scope

if TYPE_CHECKING:
    from .evaluation import Evaluation

_FEW = 0.5
"""Below this share of places a costly branch is evaluated one by one."""


class Conditionals:
    """Evaluates ``where``.

    Args:
        evaluation: gives the values below.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def value(self, expression: Apply, scope: Scope) -> Tensor:
        """The value of one branch or the other at every place."""
        condition, then, otherwise = expression.arguments
        holds = self._evaluation.value(condition, scope)
        if holds.dim() == 0:
            return self._evaluation.value(then if bool(holds) else otherwise, scope)
        for branch, other, flag in ((then, otherwise, True), (otherwise, then, False)):
            if self._costly(branch, scope):
                found = self._few(condition, flag, branch, other, scope)
                if found is not None:
                    return found
        return choose(holds, self._evaluation.value(then, scope), self._evaluation.value(otherwise, scope))

    def _costly(self, branch: Expression, scope: Scope) -> bool:
        work = self._evaluation.facts.costs.of(branch, scope.swept)
        return work >= 2 and branch not in scope.values and branch not in self._evaluation.facts.fixed

    def _few(
        self, condition: Expression, flag: bool, branch: Expression, other: Expression, scope: Scope
    ) -> Tensor | None:
        """The conditional with one branch evaluated where it counts; None if that is at most places."""
        evaluation = self._evaluation
        holds = evaluation.value(condition, scope)
        holds = holds if flag else ~holds
        shape = (evaluation.count(scope), *[evaluation.batch.width] * scope.swept)
        if holds.numel() == holds.shape[0]:
            holds = holds.reshape(-1)  # one truth value for each graph
        elif evaluation.facts.costs.of(branch, 0) == 0:
            return None  # nothing is saved: no reduction below
        else:
            holds = holds.expand(shape)
        number = int(holds.count_nonzero())
        if number > _FEW * holds.numel():
            return None
        rest = evaluation.value(other, scope)
        if number == 0:
            return rest
        index = holds.nonzero(as_tuple=True)
        part = scope.derived((condition, flag), lambda: scope.among(index))
        found = evaluation.value(branch, part)
        wide = torch.promote_types(rest.dtype, found.dtype)  # a pointer to no node may need more bytes
        filled = rest.expand(shape).to(wide).clone()
        filled[index] = found.to(wide)
        return filled
