"""The value of an expression in one state, at the places where it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any as Anything

import torch
from torch import Tensor

from ..kinds.pointer import short_dtype
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
    Variable,
)
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Program
from .batch import Batch
from .conditionals import Conditionals
from .facts import Facts
from .reading import Reading
from .reductions import Reductions
from .scope import Ends, Scope, flat_index

_POINTWISE: dict[Operation, Callable[..., Tensor]] = {
    Operation.ADD: torch.add,
    Operation.SUBTRACT: torch.sub,
    Operation.MULTIPLY: torch.mul,
    Operation.MINIMUM: torch.minimum,
    Operation.MAXIMUM: torch.maximum,
    Operation.NOT: torch.bitwise_not,
    Operation.AND: torch.bitwise_and,
    Operation.OR: torch.bitwise_or,
    Operation.EQUAL: torch.eq,
    Operation.LESS: torch.lt,
    Operation.LESS_EQUAL: torch.le,
    Operation.ARCTAN2: torch.arctan2,
}
_COMPUTED = (Apply, At, Follow, Reverse, Any, Best, Select)
_COMPARED = (Operation.EQUAL, Operation.LESS, Operation.LESS_EQUAL)


class Inputs:
    """The inputs of a batch as expressions read them, with what depends on nothing else.

    Args:
        program: whose inputs they are.
        batch: the graphs.
        values: input name -> value in program units.
        dtype: floating point type of scalars.
    """

    def __init__(
        self, program: Program, batch: Batch, values: Mapping[str, Tensor], dtype: torch.dtype
    ) -> None:
        self.program = program
        self.batch = batch
        self.values = dict(values)
        self.dtype = dtype
        self.facts = Facts.of(program)
        self.sizes = batch.sizes
        self.padding = not bool(batch.nodes.all())
        self.rows = torch.arange(len(batch), device=batch.nodes.device)
        self.positions = torch.arange(batch.width, device=batch.nodes.device)
        self.short_positions = self.positions.to(short_dtype(batch.width))
        self.pairs: dict[object, Scope | None] = {}
        self.largest = 1
        self.known: dict[tuple[Expression, Location], Tensor] = {}
        self.columns: dict[Expression, Tensor] = {}


class Evaluation:
    """The expressions of a program in one state; each is computed once in each scope that asks for it.

    Only what is asked for is computed, and only where: a read at a pointer evaluates what it reads
    at that one node, and a costly branch of a conditional is evaluated where its condition holds.

    Args:
        inputs: the inputs.
        state: variable name -> value in program units: scalars count units; a mask_one is [B, N]
            bool, or [B] indices.
    """

    def __init__(self, inputs: Inputs, state: Mapping[str, Tensor]) -> None:
        self.inputs = inputs
        self.program = inputs.program
        self.batch = inputs.batch
        self.dtype = inputs.dtype
        self.facts = inputs.facts
        self._state = state
        self._same = self.facts.same
        self._types = inputs.program.types
        self._scopes: dict[tuple[int, ...], Scope] = {}
        self._flat: dict[Scope, Tensor] = {}
        self.reading = Reading(self)
        self.reductions = Reductions(self)
        self.conditionals = Conditionals(self)
        self._rules: dict[type[Expression], Callable[[Anything, Scope], Tensor]] = {
            Constant: self._constant,
            Own: self._own,
            Size: self._size,
            Variable: self.reading.variable,
            Apply: self._apply,
            Lift: self._lift,
            Along: self._along,
            Reverse: self._reverse,
            Any: self.reductions.any,
            Best: self.reductions.best,
            Select: self.reductions.select,
            Follow: self.reading.follow,
            At: self.reading.at,
        }

    # ---- values everywhere

    def of(self, expression: Expression) -> Tensor:
        """The value at all places of its location, with axes of length 1 where it does not vary."""
        return self.at(expression, self.location(expression))

    def at(self, expression: Expression, location: Location) -> Tensor:
        """The value with the rank of a location; values of the graph are spread."""
        return _wide(self._spread(expression, location))

    def full(self, expression: Expression, location: Location) -> Tensor:
        """The value of an expression, spread to every place of a location."""
        return _wide(self.whole(expression, location))

    def whole(self, expression: Expression, location: Location) -> Tensor:
        """As ``full``, with pointers and categories in few bytes."""
        return self._spread(expression, location).expand(len(self.batch), *[self.batch.width] * location.rank)

    def _spread(self, expression: Expression, location: Location) -> Tensor:
        value = self.value(expression, self.everywhere(location))
        return value if value.dim() else value.expand(len(self.batch), *[1] * location.rank)

    def candidates(self, expression: Any | Best | Select) -> Tensor:
        """The places that a reduction looks at, the reduced ones on axis 1: [B, N, …]."""
        scope = self.everywhere(self.location(expression))
        return self._below(expression, self.reductions.candidates(expression, scope))

    def ties(self, expression: Best | Select) -> Tensor:
        """The candidates that have the best key, same shape as ``candidates``."""
        scope = self.everywhere(self.location(expression))
        return self._below(expression, self.reductions.ties(expression, scope))

    def _below(self, expression: Expression, mask: Tensor) -> Tensor:
        """A mask of all places that a reduction goes over; real nodes only."""
        location = self.location(expression).unreduced
        return mask.expand(len(self.batch), *[self.batch.width] * location.rank)

    def target(self, reference: Expression) -> Tensor:
        """The index of the node that a pointer or a mask_one names: [B], [B, N] or [B, N, N]."""
        return _wide(self.reading.reference(reference, self.everywhere(self.location(reference))))

    def location(self, expression: Expression) -> Location:
        """Where the value of an expression lives."""
        return self._types[expression].location

    # ---- values in a scope

    def everywhere(self, location: Location) -> Scope:
        """All places of a location."""
        return self.scope(None, (None,) * location.rank)

    def scope(self, rows: Tensor | None, ends: Ends) -> Scope:
        """The one scope of these graphs and ends."""
        key = (id(rows), *(id(end) for end in ends))
        if key not in self._scopes:
            scope = self._scopes[key] = Scope(rows, ends)
            places = self.count(scope) * self.batch.width**scope.swept
            self.inputs.largest = max(self.inputs.largest, places)
        return self._scopes[key]

    def value(self, expression: Expression, scope: Scope) -> Tensor:
        """The value in a scope: [K, N or 1, …] with an axis for each swept end; constants may be [].

        Values of the graph are spread over the scope.
        """
        found = scope.values.get(expression)
        if found is None:
            found = self._found(expression, scope)
            scope.values[expression] = found
        return found

    def state(self, name: str) -> Tensor:
        """The value of a state variable as it is stored."""
        return self._state[name]

    def short(self, pointer: Tensor) -> Tensor:
        """A pointer in the fewest bytes; all that name no node become -1 or N."""
        if pointer.dtype != torch.int64:
            return pointer
        return pointer.clamp(-1, self.batch.width).to(self.inputs.short_positions.dtype)

    def rows(self, scope: Scope) -> Tensor:
        """[K], the graphs of a scope."""
        return self.inputs.rows if scope.rows is None else scope.rows

    def flat(self, scope: Scope) -> Tensor:
        """[K, N for each swept end], where places are in values laid out one after another."""
        if scope not in self._flat:
            self._flat[scope] = self._find_flat(scope)
        return self._flat[scope]

    def _find_flat(self, scope: Scope) -> Tensor:
        width, index = self.batch.width, self.rows(scope)
        if scope.swept == 0:
            return flat_index(index, tuple(end for end in scope.ends if end is not None), width)
        index = index.reshape(-1, *[1] * scope.swept)
        for position, end in enumerate(scope.ends):
            nodes = self.inputs.positions.expand(1, -1) if end is None else end
            index = torch.add(scope.axes(nodes, (position,) if end is None else ()), index, alpha=width)
        return index

    def count(self, scope: Scope) -> int:
        """The number K of graphs or single places of a scope."""
        return len(self.batch) if scope.rows is None else len(scope.rows)

    def _found(self, expression: Expression, scope: Scope) -> Tensor:
        same = self._same.get(expression, expression)
        if same is not expression:
            return self.value(same, scope)
        location = self._types[expression].location
        if location is Location.GRAPH and scope.ends:
            value = self.value(expression, self.scope(scope.rows, ()))
            return scope.axes(value, ())
        if scope.everywhere and expression in self.facts.fixed:
            return self._fixed(expression, scope)
        if self._is_better_whole(expression, scope):
            return self.reading.places(expression, self.whole(expression, location), scope)
        if scope.rows is not None and scope.swept == len(scope.ends):
            whole = self.everywhere(scope.location)
            if expression in self.facts.uniform and not self.inputs.padding:
                value = self.value(expression, whole)
                return value[:1].expand(self.count(scope), *value.shape[1:]) if value.dim() else value
            cheap = not scope.ends and self.facts.costs.of(expression, 0) < 2
            if cheap or expression in self.facts.fixed or expression in whole.values:
                value = self.value(expression, whole)
                return value[scope.rows] if value.dim() else value
        return self._rules[type(expression)](expression, scope)

    def _is_better_whole(self, expression: Expression, scope: Scope) -> bool:
        """Whether it is cheaper to know a value everywhere and to take these places out of it."""
        if not isinstance(expression, _COMPUTED) or scope.swept == len(scope.ends) or len(scope.ends) > 2:
            return False
        if expression in self.facts.fixed:
            return self.facts.costs.of(expression, len(scope.ends)) <= 2
        return scope.swept == 1 and 2 * self.count(scope) >= len(self.batch) * self.batch.width

    def _fixed(self, expression: Expression, scope: Scope) -> Tensor:
        key = (expression, scope.location)
        if key not in self.inputs.known:
            self.inputs.known[key] = self._rules[type(expression)](expression, scope)
        return self.inputs.known[key]

    # ---- expressions without a module of their own

    def _constant(self, expression: Constant, scope: Scope) -> Tensor:
        value, device = expression.value, self.batch.nodes.device
        if isinstance(value, str):
            code = self._types[expression].categories.index(value)
            return torch.tensor(code, dtype=torch.uint8, device=device)
        if isinstance(value, bool):
            return torch.tensor(value, device=device)
        return torch.tensor(value, dtype=self.dtype, device=device)

    def _own(self, expression: Own, scope: Scope) -> Tensor:
        (end,) = scope.ends
        return self.inputs.positions.expand(self.count(scope), -1) if end is None else end

    def _size(self, expression: Size, scope: Scope) -> Tensor:
        sizes = self.inputs.sizes if scope.rows is None else self.inputs.sizes[scope.rows]
        return sizes.to(self.dtype)

    def _apply(self, expression: Apply, scope: Scope) -> Tensor:
        operation = expression.operation
        if operation is Operation.WHERE:
            return self.conditionals.value(expression, scope)
        arguments = [self.value(argument, scope) for argument in expression.arguments]
        if operation is Operation.INDEX:
            return arguments[0].to(self.dtype)
        if operation is Operation.NODE_AT:
            return arguments[0].to(torch.int64)
        if scope.swept and operation in _COMPARED and self._are_nodes(expression.arguments):
            arguments = [
                self.inputs.short_positions.expand(value.shape) if isinstance(e, Own) else self.short(value)
                for e, value in zip(expression.arguments, arguments, strict=True)
            ]
        return _POINTWISE[operation](*arguments)

    def _are_nodes(self, pointers: tuple[Expression, ...]) -> bool:
        """Whether some values are pointers that always name nodes: others are compared by position."""
        named = all(isinstance(p, Own) or p in self.facts.grounded for p in pointers)
        return named and self._types[pointers[0]].is_pointer

    def _lift(self, expression: Lift, scope: Scope) -> Tensor:
        end = 0 if expression.end is End.SENDER else 1
        value = self.value(expression.value, self.scope(scope.rows, (scope.ends[end],)))
        return scope.axes(value, (end,))

    def _along(self, expression: Along, scope: Scope) -> Tensor:
        kept = {Leg.FIRST: (1, 0), Leg.SECOND: (0, 2), Leg.DIRECT: (1, 2)}[expression.leg]
        ends = (scope.ends[kept[0]], scope.ends[kept[1]])
        value = self.value(expression.value, self.scope(scope.rows, ends))
        if expression.leg is Leg.FIRST and value.dim() == 3:
            value = value.transpose(1, 2)
        return scope.axes(value, kept)

    def _reverse(self, expression: Reverse, scope: Scope) -> Tensor:
        sender, receiver = scope.ends
        value = self.value(expression.value, self.scope(scope.rows, (receiver, sender)))
        return value.transpose(1, 2) if value.dim() == 3 else value


def _wide(value: Tensor) -> Tensor:
    """A value in the types that ``Batch`` describes."""
    return value if value.dtype == torch.bool or value.is_floating_point() else value.to(torch.int64)
