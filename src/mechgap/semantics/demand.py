"""Which choices matter: a reverse sweep over the expressions of a step.

A value is *demanded* at a place if a change of it, at that place, can change the next frame: the
branch of a conditional that is not taken, or an operand of ``and`` beside a false one, is not,
unless one choice lies below both and can change them together. Comparisons and arithmetic count as
changing whenever an operand does. So the sweep may call a choice active that happens to make no
difference, but never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Anything

import torch
from torch import Tensor

from ..lang.expression import (
    Any,
    Apply,
    Best,
    End,
    Expression,
    Follow,
    Lift,
    Reverse,
    Select,
)
from ..lang.location import Location
from ..lang.operations import Operation
from .evaluation import Evaluation


class Demand:
    """Where each expression of a step is demanded, with the full shape of its location.

    Args:
        evaluation: the values in the state that is stepped from.
        roots: the expressions of the step, with the location of the variables they are assigned to.
    """

    def __init__(self, evaluation: Evaluation, roots: list[tuple[Expression, Location]]) -> None:
        self._evaluation = evaluation
        self._demand: dict[Expression, Tensor] = {}
        self._below_choices: dict[Expression, frozenset[Expression]] = {}
        self._rules: dict[type[Expression], Callable[[Anything, Tensor], None]] = {
            Apply: self._apply,
            Lift: self._lift,
            Reverse: lambda e, d: self._add(e.value, d.transpose(1, 2), Location.EDGE),
            Any: self._any,
            Best: self._reduce,
            Select: self._reduce,
            Follow: self._follow,
        }
        for root, location in roots:
            self._add(root, self._everywhere(location), location)
        for expression in reversed(_children_first([root for root, _ in roots])):
            rule = self._rules.get(type(expression))
            if rule is not None and expression in self._demand:
                rule(expression, self._demand[expression])

    def of(self, expression: Expression) -> Tensor:
        """Where an expression is demanded; nowhere if the sweep did not reach it."""
        if expression in self._demand:
            return self._demand[expression]
        return torch.zeros_like(self._everywhere(self._evaluation.location(expression)))

    def _everywhere(self, location: Location) -> Tensor:
        batch = self._evaluation.batch
        if location is Location.GRAPH:
            return torch.ones(len(batch), dtype=torch.bool, device=batch.nodes.device)
        return batch.nodes if location is Location.NODE else batch.pairs

    def _add(self, expression: Expression, demand: Tensor, location: Location) -> None:
        """Add a demand made at a location; a value of the graph is demanded if any place asks for it."""
        own = self._evaluation.location(expression)
        for _ in range(location.rank - own.rank):
            demand = demand.any(-1)
        known = self._demand.get(expression)
        self._demand[expression] = demand if known is None else known | demand

    def _apply(self, expression: Apply, demand: Tensor) -> None:
        location = self._evaluation.location(expression)
        values = [self._evaluation.full(a, location) for a in expression.arguments]
        needs = [demand for _ in values]
        if expression.operation is Operation.AND:
            needs = [demand & values[1], demand & values[0]]
        elif expression.operation is Operation.OR:
            needs = [demand & ~values[1], demand & ~values[0]]
        elif expression.operation is Operation.WHERE:
            condition, then, otherwise = values
            needs = [demand & (then != otherwise), demand & condition, demand & ~condition]
        for position, (argument, need) in enumerate(zip(expression.arguments, needs, strict=True)):
            self._add(argument, demand if self._entangled(expression, position) else need, location)

    def _entangled(self, expression: Apply, position: int) -> bool:
        """Whether one choice lies below an argument and below another that may hide it.

        Of the two branches of a conditional only one counts, so that they do not hide each other.
        """
        below = [self._choices(argument) for argument in expression.arguments]
        branch = expression.operation is Operation.WHERE and position > 0
        others = below[:1] if branch else [*below[:position], *below[position + 1 :]]
        return any(below[position] & other for other in others)

    def _choices(self, expression: Expression) -> frozenset[Expression]:
        """The choosing expressions below an expression, itself included."""
        if expression not in self._below_choices:
            below = frozenset().union(*(self._choices(child) for child in expression.children))
            own = frozenset({expression}) if isinstance(expression, (Best, Select, Follow)) else frozenset()
            self._below_choices[expression] = below | own
        return self._below_choices[expression]

    def _lift(self, expression: Lift, demand: Tensor) -> None:
        reduced = demand.any(2 if expression.end is End.SENDER else 1)
        self._add(expression.value, reduced, Location.NODE)

    def _any(self, expression: Any, demand: Tensor) -> None:
        mask = self._evaluation.candidates(expression)
        count = mask.sum(1, keepdim=True)
        pivotal = (count == 0) | ((count == 1) & mask)
        if self._choices(expression.mask):
            pivotal = torch.ones_like(pivotal)
        self._add(expression.mask, demand[:, None] & pivotal, self._below(expression))

    def _below(self, expression: Expression) -> Location:
        graph = self._evaluation.location(expression) is Location.GRAPH
        return Location.NODE if graph else Location.EDGE

    def _reduce(self, expression: Best | Select, demand: Tensor) -> None:
        below = self._below(expression)
        mask = self._evaluation.candidates(expression).expand(self._everywhere(below).shape)
        self._add(expression.among, (demand[:, None] & self._everywhere(below)), below)
        key = expression.value if isinstance(expression, Best) else expression.key
        if key is not None:
            self._add(key, demand[:, None] & mask, below)
        if expression.default is not None:
            location = self._evaluation.location(expression)
            self._add(expression.default, demand & ~mask.any(1), location)

    def _follow(self, expression: Follow, demand: Tensor) -> None:
        target = self._evaluation.target(expression)
        batch = self._evaluation.batch
        marks = torch.zeros(len(batch), batch.width, dtype=torch.int64, device=batch.nodes.device)
        index = (target[:, None] if target.dim() == 1 else target).clamp(0, batch.width - 1)
        asked = demand[:, None] if demand.dim() == 1 else demand
        marks.scatter_add_(1, index, asked.to(torch.int64))
        self._add(expression.value, marks > 0, Location.NODE)
        reference = self._evaluation.location(expression.reference)
        if reference is Location.NODE and demand.dim() == 1:
            demand = demand[:, None] & batch.nodes
        self._add(expression.reference, demand, reference)


def _children_first(roots: list[Expression]) -> list[Expression]:
    """All expressions below the roots, every one after those that it reads."""
    order: dict[Expression, None] = {}

    def visit(expression: Expression) -> None:
        if expression not in order:
            for child in expression.children:
                visit(child)
            order[expression] = None

    for root in roots:
        visit(root)
    return list(order)
