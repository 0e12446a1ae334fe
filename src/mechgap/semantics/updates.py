"""The next value of a state variable: made anew, or of the old one by updates at few places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..lang.expression import Apply, Expression, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from .elementwise import choose, ends_along
from .forms import ConditionalChange, Place, one_hot_of
from .scope import Scope

if TYPE_CHECKING:
    from .evaluation import Evaluation


Change: TypeAlias = "tuple[Tensor | None, Tensor]"
"""Positions in a value laid out in one row, and the new values there; without positions a whole new value."""

_FEW = 3
"""An update of pairs is made one by one if at most one of so many changes (of two if it is costly)."""


@dataclass(frozen=True)
class Update:
    """A new value at one place, or along one line, of each graph.

    Attributes:
        place: the place, as a scope.
        value: the packed value in that scope: [B], [B, N or 1] or [].
        guard: likewise, where it happens; None for everywhere.
    """

    place: Scope
    value: Tensor
    guard: Tensor | None


class Assignment:
    """Computes next values from the values of a state.

    Args:
        evaluation: the values in the old state.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._facts = evaluation.facts
        self._graph = evaluation.everywhere(Location.GRAPH)
        self._guards: dict[tuple[tuple[Expression, bool], ...], Tensor] = {}
        self._changing: dict[object, tuple[Scope, Tensor | None]] = {}
        self._pairs: dict[object, Scope | None] = {}
        self._marks: dict[Expression, Tensor] = {}
        self._places: dict[Place, tuple[Scope, Tensor | None]] = {}

    def value(self, variable: Variable, expression: Expression) -> Tensor:
        """The value that is assigned to a variable, packed; it may be the memory of another one."""
        kind, batch = variable.kind, self._evaluation.batch
        single = variable.location is Location.GRAPH
        if expression is variable:
            found = self._evaluation.state(variable.name)
        elif isinstance(kind, MaskOne):
            return self._marked(expression).expand(len(batch))
        elif variable in self._facts.changes and expression is self._evaluation.program.step[variable]:
            found = kind.pack(self._evaluation.state(variable.name), batch.width, single=single)
            return self.make(found, self.updates(variable))[0]
        else:
            found = self._evaluation.whole(expression, variable.location)
        return kind.pack(found, batch.width, single=single)

    def updates(self, variable: Variable) -> list[Update]:
        """The updates that a step makes of a variable, in order."""
        width = self._evaluation.batch.width
        made = [self._update(change) for change in self._facts.changes[variable]]
        return [replace(u, value=variable.kind.pack(u.value, width, single=False)) for u in made]

    def make(
        self, value: Tensor, updates: list[Update], going: Tensor | None = None, *, owned: bool = False
    ) -> tuple[Tensor, list[Change]]:
        """Make updates of a packed value.

        Args:
            value: [B, N] or [B, N, N].
            updates: in order.
            going: [B], in which graphs they are made; None for all.
            owned: whether the value may be changed in place.

        Returns:
            The new value, and the changes; a whole new value among these must not be changed later.
        """
        changes: list[Change] = []
        for update in updates:
            guard = update.guard
            if going is not None:
                rows = update.place.rows
                here = update.place.axes(going if rows is None else going[rows], ())
                guard = here if guard is None else guard & here
            if update.place.everywhere:
                value, owned = self._anywhere(value, update, guard), False
                changes = [(None, value)]
                continue
            value = value if owned else value.clone(memory_format=torch.contiguous_format)
            owned = True
            changes.append(self._at_places(value, update, guard))
        return value, changes

    def _anywhere(self, value: Tensor, update: Update, guard: Tensor | None) -> Tensor:
        if guard is None:
            return update.value.expand(value.shape).contiguous()
        return choose(guard, update.value, value)

    def _at_places(self, value: Tensor, update: Update, guard: Tensor | None) -> Change:
        new, cells, flat = update.value, value.view(-1), self._evaluation.flat(update.place)
        if update.place.swept or new.dim() == 0:
            new = new.expand(flat.shape).reshape(-1)
            guard = guard if guard is None else guard.expand(flat.shape).reshape(-1)
            flat = flat.view(-1)
        if guard is not None:
            new = torch.where(guard, new, cells.index_select(0, flat))
        cells.index_copy_(0, flat, new)
        return flat, new

    def _update(self, change: ConditionalChange) -> Update:
        if change.guards and change.place.is_line:
            place, guard = self._lines(change)
            return Update(place, self._evaluation.value(change.value, place), guard)
        if change.place not in self._places:
            self._places[change.place] = self._place(change.place)
        place, guard = self._places[change.place]
        if change.guards:
            holds = place.axes(self._guard(change.guards), ())
            guard = holds if guard is None else guard & holds
        if guard is not None and place.everywhere and len(place.ends) == 2:
            found = self._few(change, place, guard)
            place, guard = (place, guard) if found is None else (found, None)
        return Update(place, self._evaluation.value(change.value, place), guard)

    def _lines(self, change: ConditionalChange) -> tuple[Scope, Tensor | None]:
        """The lines that change, in the graphs only in which the guards hold; and where along them."""
        key = (change.place, change.guards)
        if key not in self._changing:
            holds = self._guard(change.guards).expand(len(self._evaluation.batch))
            self._changing[key] = self._place(change.place, holds.nonzero()[:, 0])
        return self._changing[key]

    def _few(self, change: ConditionalChange, place: Scope, guard: Tensor) -> Scope | None:
        """The pairs that change, one by one; None if they are many."""
        costly = self._facts.costs.of(change.value, 2) > 2
        fixed = not change.guards and all(x in self._facts.fixed for x in change.place.conditions)
        known = self._evaluation.inputs.pairs if fixed else self._pairs
        key = (change.place.conditions, change.guards)
        if key not in known:
            holds = guard.expand(len(self._evaluation.batch), *[self._evaluation.batch.width] * 2)
            few = (2 if costly else _FEW) * int(holds.count_nonzero()) <= holds.numel()
            known[key] = place.among(holds.nonzero(as_tuple=True)) if few else None
        found = known[key]
        if found is None or not fixed:
            return found
        return self._evaluation.scope(found.rows, found.ends)

    def _place(self, place: Place, rows: Tensor | None = None) -> tuple[Scope, Tensor | None]:
        """A place of each graph (or of some), and where there is one."""
        found: list[Tensor | None] = []
        inside = []
        for end in place.ends:
            index, within = (None, None) if end is None else self._evaluation.reading.end(end, self._graph)
            found.append(index if index is None or rows is None else index[rows])
            if within is not None:
                inside.append(within if rows is None else within[rows])
        scope = self._evaluation.scope(rows, tuple(found))
        guards = [scope.axes(within, ()) for within in inside]
        guards += [self._evaluation.value(condition, scope) for condition in place.conditions]
        return scope, reduce(torch.bitwise_and, guards) if guards else None

    def _guard(self, guards: tuple[tuple[Expression, bool], ...]) -> Tensor:
        """[B] or [], in which graphs all guards are as they must be."""
        if guards not in self._guards:
            *before, (last, wanted) = guards
            holds = self._evaluation.value(last, self._graph)
            holds = holds if wanted else ~holds
            self._guards[guards] = self._guard(tuple(before)) & holds if before else holds
        return self._guards[guards]

    # ---- mask_ones

    def _marked(self, expression: Expression) -> Tensor:
        """[B] or [], the index of the one node at which a mask holds; -1 for none."""
        if expression not in self._marks:
            self._marks[expression] = self._mark(expression)
        return self._marks[expression]

    def _mark(self, expression: Expression) -> Tensor:
        pointer = one_hot_of(expression)
        if pointer is not None and self._evaluation.location(pointer) is Location.GRAPH:
            value = self._evaluation.value(pointer, self._graph).to(torch.int64)
            grounded = pointer in self._facts.grounded
            return value if grounded else value.clamp(-1, self._evaluation.batch.width)
        if isinstance(expression, Variable) and isinstance(expression.kind, MaskOne):
            return self._evaluation.reading.marked(expression, self._graph)
        if isinstance(expression, Apply) and expression.operation is Operation.WHERE:
            condition, then, otherwise = expression.arguments
            if self._evaluation.location(condition) is Location.GRAPH:
                holds = self._evaluation.value(condition, self._graph)
                return choose(holds, self._marked(then), self._marked(otherwise))
        mask = self._evaluation.whole(expression, Location.NODE) & self._evaluation.batch.nodes
        return ends_along(mask, self._evaluation.batch.width, last=False)
