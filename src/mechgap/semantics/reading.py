"""Reads: of variables, and of values at the nodes that pointers name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..lang.expression import At, End, Expression, Follow, Lift, Own, Variable
from ..lang.location import Location
from .elementwise import choose
from .scope import Ends, Scope, flat_index

if TYPE_CHECKING:
    from .evaluation import Evaluation


class Reading:
    """Evaluates variables, ``follow`` and ``at_pair``.

    Args:
        evaluation: gives the values below.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._ends: dict[tuple[Expression, Scope], tuple[Tensor, Tensor | None]] = {}
        self._columns: dict[Expression, Tensor] = {}

    # ---- variables

    def variable(self, variable: Variable, scope: Scope) -> Tensor:
        """The value of a variable at the places of a scope."""
        stored = self._stored(variable)
        if isinstance(variable.kind, MaskOne) and stored.dim() == 1:
            index = stored if scope.rows is None else stored[scope.rows]
            (end,) = scope.ends
            if end is None:
                return self._evaluation.short(index)[:, None] == self._evaluation.inputs.short_positions
            return index == end
        return self.places(variable, stored, scope)

    def places(self, expression: Expression, stored: Tensor, scope: Scope) -> Tensor:
        """The values at the places of a scope of an expression that is known everywhere.

        Args:
            expression: whose values they are.
            stored: [B, N] or [B, N, N].
            scope: the places.
        """
        if scope.swept == len(scope.ends):
            return stored if scope.rows is None else stored.index_select(0, scope.rows)
        if scope.swept:
            return self._line(expression, stored, scope)
        return stored.reshape(-1).index_select(0, self._evaluation.flat(scope))

    def _stored(self, variable: Variable) -> Tensor:
        evaluation = self._evaluation
        stored = evaluation.inputs.values.get(variable.name)
        return evaluation.state(variable.name) if stored is None else stored

    def _line(self, expression: Expression, stored: Tensor, scope: Scope) -> Tensor:
        """A row or a column of values of pairs for each place: [K, N]."""
        evaluation = self._evaluation
        sender, receiver = scope.ends
        count, width = stored.shape[0], stored.shape[1]
        rows = evaluation.rows(scope)
        if sender is not None:
            lines = stored.reshape(count * width, width)
            return lines.index_select(0, flat_index(rows, (sender,), width))
        assert receiver is not None
        fixed = expression in evaluation.facts.fixed
        if not fixed and scope.rows is None:
            return stored.gather(2, receiver[:, None, None].expand(-1, width, 1))[:, :, 0]
        known = evaluation.inputs.columns if fixed else self._columns
        if expression not in known:
            known[expression] = stored.transpose(1, 2).reshape(count * width, width)
        return known[expression].index_select(0, flat_index(rows, (receiver,), width))

    # ---- references

    def reference(self, expression: Expression, scope: Scope) -> Tensor:
        """The index of the node that a pointer or a mask_one names: int64, or int16 if swept."""
        types = self._evaluation.program.types
        if types[expression].is_pointer:
            return self._evaluation.value(expression, scope)
        graph = self._evaluation.scope(scope.rows, ())
        return self.marked(expression, graph)

    def marked(self, expression: Expression, graph: Scope) -> Tensor:
        """[K], the index of the one node at which a mask_one holds."""
        if isinstance(expression, Variable):
            stored = self._stored(expression)
            if stored.dim() == 1:
                return stored if graph.rows is None else stored[graph.rows]
        mask = self._evaluation.value(expression, self._evaluation.scope(graph.rows, (None,)))
        return (mask * self._evaluation.inputs.positions).amax(1)

    def follow(self, expression: Follow, scope: Scope) -> Tensor:
        """The value at the node that a reference names."""
        return self._read(expression.value, (expression.reference,), scope)

    def at(self, expression: At, scope: Scope) -> Tensor:
        """The value at the pair of nodes that two references name."""
        return self._read(expression.value, (expression.sender, expression.receiver), scope)

    def _read(self, value: Expression, references: tuple[Expression, ...], scope: Scope) -> Tensor:
        pair = len(references) > 1
        found_ends = [
            (None, None) if pair and isinstance(r, Own) and scope.ends == (None,) else self.end(r, scope)
            for r in references
        ]
        ends = tuple(end for end, _ in found_ends)
        single = all(end is None or end.dim() < 2 for end in ends) and sum(end is None for end in ends) < 2
        if single:
            found = self._evaluation.value(value, self._evaluation.scope(scope.rows, ends))
        else:
            found = self._gather(value, references, ends, scope)
        for _, within in found_ends:
            if within is not None:
                within = within.reshape(within.shape + (1,) * (found.dim() - within.dim()))
                found = choose(within, found, torch.zeros((), dtype=found.dtype, device=found.device))
        return found

    def end(self, reference: Expression, scope: Scope) -> tuple[Tensor, Tensor | None]:
        """The index that a reference gives, and where it names a node, if it may not.

        An index is [K] for a reference of the graph or a single place, else it has the axes of the scope.
        """
        types = self._evaluation.program.types[reference]
        if types.location is Location.GRAPH or not types.is_pointer:
            scope = self._evaluation.scope(scope.rows, ())
        if (reference, scope) not in self._ends:
            self._ends[reference, scope] = self._found_end(reference, scope)
        return self._ends[reference, scope]

    def _found_end(self, reference: Expression, scope: Scope) -> tuple[Tensor, Tensor | None]:
        evaluation = self._evaluation
        end, within = self.reference(reference, scope), None
        if reference not in evaluation.facts.grounded:
            sizes = evaluation.inputs.sizes if scope.rows is None else evaluation.inputs.sizes[scope.rows]
            within = (end >= 0) & (end < sizes.reshape(-1, *[1] * (end.dim() - 1)))
            end = torch.where(within, end, 0)
        if end.dim() < 2:
            end = end.to(torch.int64).expand(evaluation.count(scope)).contiguous()
        return end, within

    @staticmethod
    def _is_own_receiver(reference: Expression) -> bool:
        if not isinstance(reference, Lift):
            return False
        return isinstance(reference.value, Own) and reference.end is End.RECEIVER

    def _gather(
        self, value: Expression, references: tuple[Expression, ...], ends: Ends, scope: Scope
    ) -> Tensor:
        """A read at places of their own for every swept place of the scope."""
        evaluation = self._evaluation
        width, rank = evaluation.batch.width, scope.swept + 1
        if len(ends) == 1 and scope.rows is None and scope.swept == 1 and ends[0] is not None:
            nodes = evaluation.whole(value, Location.NODE)
            return nodes.gather(1, ends[0].to(torch.int64).expand(len(nodes), -1))
        whole = evaluation.whole(value, evaluation.location(value))
        first = ends[0]
        if first is not None and scope.everywhere and len(ends) == 2 and self._is_own_receiver(references[1]):
            lines = whole.reshape(-1, width)
            first = first.reshape(first.shape + (1,) * (rank - first.dim()))
            sender = first.to(torch.int64).expand(len(whole), width, 1)[:, :, 0]
            index = flat_index(evaluation.inputs.rows[:, None], (sender,), width)
            return lines.index_select(0, index.reshape(-1)).reshape(whole.shape)
        whole = whole.reshape(-1)
        flat = evaluation.rows(scope).reshape(-1, *[1] * (rank - 1))
        for end in ends:
            if end is None:
                end = evaluation.inputs.positions[None, :]
            flat = flat * width + end.reshape(end.shape + (1,) * (rank - end.dim()))
        return whole.index_select(0, flat.reshape(-1)).reshape(flat.shape)
