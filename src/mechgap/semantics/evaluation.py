"""The value of an expression in one state, at every place of every graph of a batch at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as Anything

import torch
from torch import Tensor

from ..lang.expression import (
    Along,
    Any,
    Apply,
    At,
    Best,
    Constant,
    End,
    Expression,
    Follow,
    Leg,
    Lift,
    Own,
    Reverse,
    Select,
    Size,
    Tie,
    Variable,
)
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Program
from .batch import Batch

_POINTWISE: dict[Operation, Callable[..., Tensor]] = {
    Operation.ADD: torch.add,
    Operation.SUBTRACT: torch.sub,
    Operation.MULTIPLY: torch.mul,
    Operation.MINIMUM: torch.minimum,
    Operation.MAXIMUM: torch.maximum,
    Operation.NOT: torch.logical_not,
    Operation.AND: torch.logical_and,
    Operation.OR: torch.logical_or,
    Operation.EQUAL: torch.eq,
    Operation.LESS: torch.lt,
    Operation.LESS_EQUAL: torch.le,
    Operation.WHERE: torch.where,
    Operation.ARCTAN2: torch.arctan2,
}


class Evaluation:
    """The expressions of a program in one state; each is computed once, when it is asked for.

    Values keep the rank of their location but may have length 1 on an axis along which they do not
    vary: an edge value is [B, N or 1, N or 1] as (sender, receiver).

    Args:
        program: whose expressions are evaluated.
        batch: the inputs.
        state: variable name -> value; scalars count units.
        dtype: floating point type of scalars.
    """

    def __init__(
        self, program: Program, batch: Batch, state: Mapping[str, Tensor], dtype: torch.dtype
    ) -> None:
        self.program = program
        self.batch = batch
        self.dtype = dtype
        self._state = state
        self._values: dict[Expression, Tensor] = {}
        self._rules: dict[type[Expression], Callable[[Anything], Tensor]] = {
            Constant: self._constant,
            Own: lambda e: self.positions[None, :].expand(len(batch), -1),
            Size: lambda e: batch.sizes.to(dtype),
            Variable: lambda e: state[e.name],
            Apply: self._apply,
            Lift: self._lift,
            Along: self._along,
            Reverse: lambda e: self.of(e.value).transpose(1, 2),
            Any: self._any,
            Best: self._best,
            Select: self._select,
            Follow: self._follow,
            At: self._at,
        }

    @property
    def positions(self) -> Tensor:
        """[N], the index of every row."""
        return torch.arange(self.batch.width, device=self.batch.nodes.device)

    def of(self, expression: Expression) -> Tensor:
        """The value of an expression, with axes of length 1 where it does not vary."""
        if expression not in self._values:
            self._values[expression] = self._rules[type(expression)](expression)
        return self._values[expression]

    def full(self, expression: Expression, location: Location) -> Tensor:
        """The value of an expression, spread to every place of a location."""
        shape = (len(self.batch), *[self.batch.width] * location.rank)
        return self.at(expression, location).expand(shape)

    def at(self, expression: Expression, location: Location) -> Tensor:
        """The value of an expression with the rank of a location; values of the graph are spread."""
        value = self.of(expression)
        missing = location.rank + 1 - value.dim()
        return value.reshape(value.shape + (1,) * missing) if missing else value

    def location(self, expression: Expression) -> Location:
        """Where the value of an expression lives."""
        return self.program.types[expression].location

    def candidates(self, expression: Any | Best | Select) -> Tensor:
        """The places that a reduction looks at: [B, N, N] as (sender, receiver), or [B, N]; or

        [B, N, N, N] as (middle, sender, receiver).
        """
        mask = expression.mask if isinstance(expression, Any) else expression.among
        location = self._reduced(expression)
        real = self.batch.nodes if location is Location.NODE else self.batch.pairs
        if location is Location.TRIPLE:
            real = self.batch.nodes[:, :, None, None] & real[:, None]
        return self.at(mask, location) & real

    def ties(self, expression: Best | Select) -> Tensor:
        """The candidates that have the best key, same shape as ``candidates``."""
        candidates = self.candidates(expression)
        key = expression.value if isinstance(expression, Best) else expression.key
        if key is None:
            return candidates
        values = self.at(key, self._reduced(expression))
        return candidates & (values == self._extreme(values, candidates, expression.largest)[:, None])

    def _reduced(self, expression: Any | Best | Select) -> Location:
        return self.location(expression).unreduced

    def _constant(self, expression: Constant) -> Tensor:
        value = expression.value
        if isinstance(value, str):
            value = self.program.types[expression].categories.index(value)
            constant = torch.tensor(value)
        elif isinstance(value, bool):
            constant = torch.tensor(value)
        else:
            constant = torch.tensor(value, dtype=self.dtype)
        return constant.to(self.batch.nodes.device).expand(len(self.batch))

    def _apply(self, expression: Apply) -> Tensor:
        location = self.location(expression)
        arguments = [self.at(argument, location) for argument in expression.arguments]
        if expression.operation is Operation.INDEX:
            return arguments[0].to(self.dtype)
        if expression.operation is Operation.NODE_AT:
            return arguments[0].to(torch.int64)
        return _POINTWISE[expression.operation](*arguments)

    def _lift(self, expression: Lift) -> Tensor:
        value = self.at(expression.value, Location.NODE)
        return value[:, :, None] if expression.end is End.SENDER else value[:, None, :]

    def _along(self, expression: Along) -> Tensor:
        value = self.at(expression.value, Location.EDGE)
        match expression.leg:
            case Leg.FIRST:
                return value.transpose(1, 2)[:, :, :, None]
            case Leg.SECOND:
                return value[:, :, None, :]
            case Leg.DIRECT:
                return value[:, None]

    def _any(self, expression: Any) -> Tensor:
        return self.candidates(expression).any(1)

    def _extreme(self, values: Tensor, candidates: Tensor, largest: bool) -> Tensor:
        worst = -torch.inf if largest else torch.inf
        kept = torch.where(candidates, values, worst)
        return kept.amax(1) if largest else kept.amin(1)

    def _best(self, expression: Best) -> Tensor:
        candidates = self.candidates(expression)
        values = self.at(expression.value, self._reduced(expression))
        best = self._extreme(values, candidates, expression.largest)
        default = self.at(expression.default, self.location(expression))
        return torch.where(best.isinf(), default.to(best.dtype), best)

    def _select(self, expression: Select) -> Tensor:
        ties = self.ties(expression)
        # Masked ranks with amax are an order of magnitude faster on a CPU than argmax.
        ascending = torch.arange(1, self.batch.width + 1, dtype=torch.int32, device=ties.device)
        ranks = ascending if expression.tie is Tie.LAST else ascending.flip(0)
        best = (ties * ranks.reshape(1, -1, *[1] * (ties.dim() - 2))).amax(1).to(torch.int64)
        chosen = best - 1 if expression.tie is Tie.LAST else self.batch.width - best
        return torch.where(best > 0, chosen, self.fallback(expression))

    def fallback(self, expression: Select) -> Tensor:
        """What a selection yields where there is no candidate."""
        location = self.location(expression)
        if expression.default is not None:
            return self.at(expression.default, location)
        if location is Location.GRAPH:
            return torch.zeros_like(self.positions[:1])
        return self.positions.reshape(1, *[1] * (location.rank - 1), -1)

    def target(self, expression: Follow) -> Tensor:
        """The index of the node that is read: [B], [B, N] or [B, N, N]."""
        return self._index(expression.reference)

    def _index(self, reference: Expression) -> Tensor:
        value = self.of(reference)
        return value if self.program.types[reference].is_pointer else (value * self.positions).amax(1)

    def _follow(self, expression: Follow) -> Tensor:
        value = self.full(expression.value, Location.NODE)
        return self._read(value, [self.target(expression)])

    def _at(self, expression: At) -> Tensor:
        value = self.full(expression.value, Location.EDGE)
        ends = [self._index(end) for end in (expression.sender, expression.receiver)]
        rank = max(end.dim() for end in ends)
        return self._read(value, [end.reshape(end.shape + (1,) * (rank - end.dim())) for end in ends])

    def _read(self, value: Tensor, index: list[Tensor]) -> Tensor:
        """The entries of [B, N] or [B, N, N] at indices of one rank; zero where one is no node."""
        sizes = self.batch.sizes.reshape(-1, *[1] * (index[0].dim() - 1))
        flat, inside = index[0], (index[0] >= 0) & (index[0] < sizes)
        for end in index[1:]:
            inside = inside & (end >= 0) & (end < sizes)
            flat = flat * self.batch.width + end
        flat = torch.where(inside, flat, 0)
        found = value.reshape(len(value), -1).gather(1, flat.reshape(len(flat), -1)).reshape(flat.shape)
        return torch.where(inside, found, torch.zeros_like(found))
