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
    Along,
    Any,
    Apply,
    At,
    Best,
    End,
    Expression,
    Follow,
    Leg,
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
            Along: self._along,
            At: self._at,
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
        nodes = self._evaluation.batch.nodes
        real = torch.ones(len(nodes), dtype=torch.bool, device=nodes.device)
        for _ in range(location.rank):
            real = real[..., None] & nodes.reshape(len(nodes), *[1] * (real.dim() - 1), -1)
        return real

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
        return self._evaluation.location(expression).unreduced

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

    def _along(self, expression: Along, demand: Tensor) -> None:
        match expression.leg:
            case Leg.FIRST:
                found = demand.any(3).transpose(1, 2)
            case Leg.SECOND:
                found = demand.any(2)
            case Leg.DIRECT:
                found = demand.any(1)
        self._add(expression.value, found, Location.EDGE)

    def _follow(self, expression: Follow, demand: Tensor) -> None:
        self._read(expression.value, (expression.reference,), demand)

    def _at(self, expression: At, demand: Tensor) -> None:
        self._read(expression.value, (expression.sender, expression.receiver), demand)

    def _read(self, value: Expression, references: tuple[Expression, ...], demand: Tensor) -> None:
        """Demand a value where references name places, and the references themselves."""
        batch = self._evaluation.batch
        flat = torch.zeros_like(demand, dtype=torch.int64)
        for reference in references:
            index = self._evaluation.target(reference).clamp(0, batch.width - 1)
            flat = flat * batch.width + index.reshape(index.shape + (1,) * (demand.dim() - index.dim()))
        marks = torch.zeros(len(batch), batch.width ** len(references), dtype=torch.int64)
        marks = marks.to(demand.device)
        marks.scatter_add_(1, flat.reshape(len(batch), -1), demand.reshape(len(batch), -1).to(torch.int64))
        location = (Location.NODE, Location.EDGE)[len(references) - 1]
        self._add(value, (marks > 0).reshape(len(batch), *[batch.width] * location.rank), location)
        made = (Location.GRAPH, Location.NODE, Location.EDGE)[demand.dim() - 1]
        for reference in references:
            self._add_reference(reference, demand, made)

    def _add_reference(self, reference: Expression, demand: Tensor, made: Location) -> None:
        """Demand a reference; of a mask_one all nodes are, as each says whether it is the one."""
        if not self._evaluation.program.types[reference].is_pointer:
            once = demand.reshape(len(demand), -1).any(1)
            self._add(reference, once[:, None] & self._evaluation.batch.nodes, Location.NODE)
            return
        self._add(reference, demand, made)


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
