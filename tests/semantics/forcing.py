"""Brute force: what becomes of the next frame if one choice of one selection is made otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mechgap.lang.expression import Best, Expression, Follow, Select
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.selections import selecting_expressions
from mechgap.semantics.batch import Batch
from mechgap.semantics.evaluation import Evaluation
from mechgap.semantics.machine import Machine
from mechgap.semantics.scope import Scope
from mechgap.semantics.trace import Selection

State = dict[str, Tensor]


class Forced(Evaluation):
    """An evaluation in which one expression has the values that it is given, in every scope."""

    forced: tuple[Expression, Tensor] | None = None

    def force(self, expression: Expression, value: Tensor) -> None:
        """Take a value, [B] or [B, N], for that of an expression, and not for others that say the same."""
        self.forced = (expression, value)
        self._same = {}

    def value(self, expression: Expression, scope: Scope) -> Tensor:
        if self.forced is None or expression is not self.forced[0]:
            return super().value(expression, scope)
        value = self.forced[1]
        rows = torch.arange(len(value)) if scope.rows is None else scope.rows
        if value.dim() == 1:
            return scope.axes(value[rows], ())
        (end,) = scope.ends
        return value[rows] if end is None else value[rows, end]


class Forcing:
    """All states that one other choice in a step from a state would lead to.

    Args:
        program: whose step.
        batch: on which graphs, without padding.
        state: that is stepped from.
    """

    def __init__(self, program: Program, batch: Batch, state: State) -> None:
        self.program, self.batch, self.state = program, batch, state
        self.machine = Machine(program, batch)
        self.evaluation = self.machine.evaluation(state)
        self.next = self.machine.step(state)

    def matters(self, expression: Best | Select | Follow) -> Tensor:
        """[B, N] or [B], whether some other node in the place of the chosen one changes the next frame."""
        count, width = len(self.batch), self.batch.width
        alternatives = self._alternatives(expression)  # [B, N or 1, N] as (place, other choice)
        places = alternatives.shape[1]
        rows = torch.arange(count).repeat_interleave(places * width)
        forced = self.evaluation.full(expression, self.evaluation.location(expression))[rows]
        flat = alternatives.reshape(-1)
        if forced.dim() == 2:
            place = torch.arange(places).repeat_interleave(width).repeat(count)
            forced = forced.clone()
            forced[torch.arange(len(rows)), place] = flat.to(forced.dtype)
        else:
            forced = flat.to(forced.dtype)
        differs = self._differs(expression, forced, rows).reshape(count, places, width).any(-1)
        return differs if self.evaluation.location(expression) is Location.NODE else differs[:, 0]

    def _alternatives(self, expression: Best | Select | Follow) -> Tensor:
        count, width = len(self.batch), self.batch.width
        graph = self.evaluation.location(expression) is Location.GRAPH
        shape = (count, 1 if graph else width, width)
        if isinstance(expression, Select):
            return torch.arange(width).expand(shape)
        if isinstance(expression, Follow):
            return self.evaluation.full(expression.value, Location.NODE)[:, None].expand(shape)
        if graph:
            return self.evaluation.full(expression.value, Location.NODE)[:, None]
        return self.evaluation.full(expression.value, Location.EDGE).transpose(1, 2)

    def _differs(self, expression: Expression, forced: Tensor, rows: Tensor) -> Tensor:
        batch = self.batch.take(rows)
        state = {name: value[rows] for name, value in self.state.items()}
        evaluation = Forced(Machine(self.program, batch).inputs, state)
        evaluation.force(expression, forced)
        found = torch.zeros(len(rows), dtype=torch.bool)
        for variable, step in self.program.step.items():
            wrong = evaluation.full(step, variable.location) != self.next[variable.name][rows]
            found |= wrong.reshape(len(rows), -1).any(1)
        return found


def missed(program: Program, batch: Batch, state: State) -> Mapping[str, Tensor]:
    """Where a choice matters that is not called active: selection -> [B, N] or [B].

    Choices of nodes and of the graph only: those of pairs are not tried.
    """
    forcing = Forcing(program, batch, state)
    selections: dict[str, Selection] = forcing.machine.selections(state)
    found = {}
    for name, expression in selecting_expressions(program).items():
        if forcing.evaluation.location(expression) is Location.EDGE:
            continue
        selection = selections[name]
        inside = (selection.chosen >= 0) & (selection.chosen < batch.width)
        chooses = selection.admissible.any(-1) & inside  # who points to no node reads nothing
        if isinstance(expression, (Best, Select)):
            ties = forcing.evaluation.ties(expression)
            chooses = ties.any(1).expand(selection.chosen.shape)
        found[name] = forcing.matters(expression) & chooses & ~selection.active
    return found
