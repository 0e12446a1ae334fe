"""The next value of a state variable: its old value, changed at the few places that change.

``where(me == p, new, old)`` changes one node of each graph. A step made of such conditionals, under guards of
the graph, is found to be a list of updates at single places, and only these are computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..lang.expression import Apply, End, Expression, Lift, Own, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from .facts import one_hot_of
from .kernels import choose, ends_along
from .scope import Scope

if TYPE_CHECKING:
    from .evaluation import Evaluation


@dataclass(frozen=True)
class Update:
    """A new value at one place of each graph.

    Attributes:
        place: the place, as a scope of one place for each graph.
        value: [B] or [].
        guard: [B], in which graphs it happens; None for all.
    """

    place: Scope
    value: Tensor
    guard: Tensor | None

    def where(self, guard: Tensor) -> Update:
        """The update under one more condition of the graph."""
        return replace(self, guard=guard if self.guard is None else self.guard & guard)


@dataclass(frozen=True)
class Form:
    """A value as another one and updates of it, to be made in order."""

    base: Expression
    updates: tuple[Update, ...] = ()


class Assignment:
    """Computes next values from the values of a state.

    Args:
        evaluation: the values in the old state.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._graph = evaluation.everywhere(Location.GRAPH)
        self._forms: dict[Expression, Form] = {}

    def next(self, variable: Variable, expression: Expression, room: Tensor | None = None) -> Tensor:
        """The value that is assigned to a variable, packed.

        Args:
            variable: the variable.
            expression: what is assigned to it.
            room: where to write the value, and return it; a variable that stays is not written.
        """
        kind, single = variable.kind, variable.location is Location.GRAPH
        batch = self._evaluation.batch
        if expression is variable:
            return kind.pack(self._evaluation.state(variable.name), batch.width, single=single)
        if isinstance(kind, MaskOne):
            marked = self._marked(expression).expand(len(batch))
            return marked.contiguous() if room is None else room.copy_(marked)
        form = Form(expression) if single else self._form(expression)
        if form.base is variable:
            base = self._evaluation.state(variable.name)
        else:
            base = self._evaluation.whole(form.base, variable.location)
        base = kind.pack(base, batch.width, single=single)
        if room is None:
            room = torch.empty(base.shape, dtype=base.dtype, device=base.device)
        return self._updated(room.copy_(base), form.updates)

    def _updated(self, value: Tensor, updates: tuple[Update, ...]) -> Tensor:
        """A value after updates, which are made in place."""
        count = len(self._evaluation.batch)
        cells = value.view(-1)
        for update in updates:
            flat = self._evaluation.flat(update.place)
            new = update.value.to(value.dtype).expand(count)
            if update.guard is not None:
                new = torch.where(update.guard, new, cells.index_select(0, flat))
            cells.index_copy_(0, flat, new)
        return value

    # ---- updates

    def _form(self, expression: Expression) -> Form:
        if expression not in self._forms:
            self._forms[expression] = self._find(expression)
        return self._forms[expression]

    def _find(self, expression: Expression) -> Form:
        if not (isinstance(expression, Apply) and expression.operation is Operation.WHERE):
            return Form(expression)
        condition, then, otherwise = expression.arguments
        if self._evaluation.location(condition) is Location.GRAPH:
            one, other = self._form(then), self._form(otherwise)
            if one.base is not other.base:
                return Form(expression)
            holds = self._evaluation.value(condition, self._graph)
            kept = [update.where(~holds) for update in other.updates]
            return Form(one.base, (*kept, *(update.where(holds) for update in one.updates)))
        places = self._places(condition)
        if places is None:
            return Form(expression)
        rest = self._form(otherwise)
        made = [Update(place, self._evaluation.value(then, place), guard) for place, guard in places]
        return Form(rest.base, (*rest.updates, *made))

    def _places(self, condition: Expression) -> list[tuple[Scope, Tensor | None]] | None:
        """The single places at which a condition holds, each with its guard; None if they may be more."""
        if isinstance(condition, Apply) and condition.operation is Operation.OR:
            found = [self._places(argument) for argument in condition.arguments]
            return None if found[0] is None or found[1] is None else [*found[0], *found[1]]
        ends: list[tuple[Tensor, Tensor | None] | None] = [None] * self._evaluation.location(condition).rank
        rest: list[Expression] = []
        for part in _conjuncts(condition):
            end, marked = self._end(part)
            if marked is None or ends[end] is not None:
                rest.append(part)
            else:
                ends[end] = marked
        if any(end is None for end in ends):
            return None
        known = [end for end in ends if end is not None]
        place = self._evaluation.scope(None, tuple(index for index, _ in known))
        guards = [within for _, within in known if within is not None]
        guards += [self._evaluation.value(part, place) for part in rest]
        guard: Tensor | None = None
        for part_holds in guards:
            guard = part_holds if guard is None else guard & part_holds
        return [(place, guard)]

    def _end(self, condition: Expression) -> tuple[int, tuple[Tensor, Tensor | None] | None]:
        """Which end of a place a condition holds at one node only, and that node."""
        if self._evaluation.location(condition) is Location.NODE:
            return 0, self._node(condition)
        if isinstance(condition, Lift):
            return int(condition.end is End.RECEIVER), self._node(condition.value)
        if isinstance(condition, Apply) and condition.operation is Operation.EQUAL:
            for one, other in (condition.arguments, condition.arguments[::-1]):
                if isinstance(one, Lift) and isinstance(one.value, Own):
                    return int(one.end is End.RECEIVER), self._pointer(other)
        return 0, None

    def _node(self, condition: Expression) -> tuple[Tensor, Tensor | None] | None:
        if isinstance(condition, Variable) and isinstance(condition.kind, MaskOne):
            return self._evaluation.reading.end(condition, self._graph)
        pointer = one_hot_of(condition)
        return None if pointer is None else self._pointer(pointer)

    def _pointer(self, pointer: Expression) -> tuple[Tensor, Tensor | None] | None:
        if self._evaluation.location(pointer) is not Location.GRAPH:
            return None
        return self._evaluation.reading.end(pointer, self._graph)

    # ---- mask_ones

    def _marked(self, expression: Expression) -> Tensor:
        """[B] or [], the index of the one node at which a mask holds; -1 for none."""
        pointer = one_hot_of(expression)
        if pointer is not None and self._evaluation.location(pointer) is Location.GRAPH:
            value = self._evaluation.value(pointer, self._graph)
            return value.to(torch.int64).clamp(-1, self._evaluation.batch.width)
        if isinstance(expression, Variable) and isinstance(expression.kind, MaskOne):
            return self._evaluation.reading.marked(expression, self._graph)
        if isinstance(expression, Apply) and expression.operation is Operation.WHERE:
            condition, then, otherwise = expression.arguments
            if self._evaluation.location(condition) is Location.GRAPH:
                holds = self._evaluation.value(condition, self._graph)
                return choose(holds, self._marked(then), self._marked(otherwise))
        mask = self._evaluation.whole(expression, Location.NODE) & self._evaluation.batch.nodes
        return ends_along(mask, self._evaluation.batch.width, last=False)


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    """The parts of a conjunction."""
    if isinstance(condition, Apply) and condition.operation is Operation.AND:
        for argument in condition.arguments:
            yield from _conjuncts(argument)
    else:
        yield condition
