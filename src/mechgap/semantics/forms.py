"""Finds how a step changes a variable: a list of conditional changes of its old value.

``where(me == p, new, old)`` changes one node of each graph; ``where(sender(me == p) & mask, new, old)`` one
row of pairs. Where a step is made of such conditionals, under guards of the graph, only these
changes need to be computed and recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..kinds.mask import MaskOne
from ..lang.expression import Apply, End, Expression, Lift, Own, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.types import Type


@dataclass(frozen=True)
class Place:
    """Where a change happens at most: at one place of each graph, along one line of pairs, or anywhere.

    Attributes:
        ends: for each end of the place the reference of the graph that names the node; None for every node.
        conditions: masks that must hold there, too.
    """

    ends: tuple[Expression | None, ...]
    conditions: tuple[Expression, ...]

    @property
    def is_few(self) -> bool:
        """Whether the change happens at one place, or along one line."""
        return any(end is not None for end in self.ends)

    @property
    def is_line(self) -> bool:
        """Whether the change happens along one line."""
        return self.is_few and any(end is None for end in self.ends)


@dataclass(frozen=True)
class ConditionalChange:
    """A new value at some places of each graph.

    Attributes:
        place: where.
        value: the new value, read at that place.
        guards: masks of the graph, each with whether it must hold or must not.
    """

    place: Place
    value: Expression
    guards: tuple[tuple[Expression, bool], ...] = ()


@dataclass(frozen=True)
class Form:
    """A value as another one with changes, to be made in order."""

    base: Expression
    changes: tuple[ConditionalChange, ...] = ()


class Forms:
    """The forms of expressions.

    Args:
        types: types of all expressions of a program.
    """

    def __init__(self, types: Mapping[Expression, Type]) -> None:
        self._types = types
        self._known: dict[Expression, Form] = {}

    def of(self, expression: Expression) -> Form:
        """The form of an expression; one without changes if it has no other."""
        if expression not in self._known:
            self._known[expression] = self._find(expression)
        return self._known[expression]

    def _find(self, expression: Expression) -> Form:
        if not (isinstance(expression, Apply) and expression.operation is Operation.WHERE):
            return Form(expression)
        condition, then, otherwise = expression.arguments
        rest = self.of(otherwise)
        if self._is_of_graph(condition):
            here = self.of(then)
            if here.base is not rest.base:
                return Form(expression)
            kept = (_guarded(change, condition, False) for change in rest.changes)
            made = (_guarded(change, condition, True) for change in here.changes)
            return Form(rest.base, (*kept, *made))
        places = self._places(condition)
        return Form(rest.base, (*rest.changes, *(ConditionalChange(place, then) for place in places)))

    def _is_of_graph(self, expression: Expression) -> bool:
        return self._types[expression].location is Location.GRAPH

    def _places(self, condition: Expression) -> list[Place]:
        """The places at which a condition holds at most."""
        rank = self._types[condition].location.rank
        if isinstance(condition, Apply) and condition.operation is Operation.OR:
            parts = [place for argument in condition.arguments for place in self._places(argument)]
            if all(place.is_few for place in parts):
                return parts
        ends: dict[int, Expression] = {}
        rest = []
        for part in _conjuncts(condition):
            end, reference = self._end(part)
            if reference is None or end in ends:
                rest.append(part)
            else:
                ends[end] = reference
        return [Place(tuple(ends.get(end) for end in range(rank)), tuple(rest))]

    def _end(self, condition: Expression) -> tuple[int, Expression | None]:
        """Which end of a place a condition holds at one node only, and the reference to that node."""
        if self._types[condition].location is Location.NODE:
            return 0, self._node(condition)
        if isinstance(condition, Lift):
            return int(condition.end is End.RECEIVER), self._node(condition.value)
        if isinstance(condition, Apply) and condition.operation is Operation.EQUAL:
            for one, other in (condition.arguments, condition.arguments[::-1]):
                if isinstance(one, Lift) and isinstance(one.value, Own) and self._is_of_graph(other):
                    return int(one.end is End.RECEIVER), other
        return 0, None

    def _node(self, condition: Expression) -> Expression | None:
        if isinstance(condition, Variable) and isinstance(condition.kind, MaskOne):
            return condition
        pointer = one_hot_of(condition)
        return pointer if pointer is not None and self._is_of_graph(pointer) else None


def one_hot_of(expression: Expression) -> Expression | None:
    """The pointer p of a mask ``me == p``, if an expression has this form."""
    if isinstance(expression, Apply) and expression.operation is Operation.EQUAL:
        left, right = expression.arguments
        if isinstance(left, Own) or isinstance(right, Own):
            return right if isinstance(left, Own) else left
    return None


def _guarded(change: ConditionalChange, condition: Expression, holds: bool) -> ConditionalChange:
    return replace(change, guards=((condition, holds), *change.guards))


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    """The parts of a conjunction."""
    if isinstance(condition, Apply) and condition.operation is Operation.AND:
        for argument in condition.arguments:
            yield from _conjuncts(argument)
    else:
        yield condition
