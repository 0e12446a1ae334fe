"""What one node would learn of all others, collected from what each of them knows of it.

Messages know the edge that they come along, and not the opposite one. A value at one node of the graph that
is found among the edges that lead from it is therefore found among the nodes that hear it instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any as Anything

from ...lang.expression import (
    Any,
    Apply,
    At,
    Best,
    Constant,
    End,
    Expression,
    Follow,
    Lift,
    Own,
    Reverse,
    Select,
    Variable,
    apply,
)
from ...lang.location import Location
from ...lang.operations import Operation
from ...lang.program import Program


def collected(program: Program, expression: Expression) -> Expression:
    """A value at one node of the graph that needs edges from it, collected from their other ends."""
    return _collected(program, expression, True)


def collected_forward(program: Program, expression: Expression) -> Expression:
    """The same of edges that lead to it, for receivers that know the edge from them only."""
    return _collected(program, expression, False)


def masked(program: Program, expression: Expression) -> Expression:
    """A mask of edges between one node of the graph and each node, as whether there is such a neighbour."""
    if not isinstance(expression, At) or not program.types[expression].is_mask:
        return expression
    for own, other, value in (
        (expression.receiver, expression.sender, expression.value),
        (expression.sender, expression.receiver, Reverse(expression.value)),
    ):
        shared = program.types[other]
        if isinstance(own, Own) and shared.location is Location.GRAPH and shared.is_pointer:
            named = Lift(End.SENDER, apply(Operation.EQUAL, Own(), other))
            return Any(apply(Operation.AND, value, named))
    return expression


def _collected(program: Program, expression: Expression, turned: bool) -> Expression:
    if not isinstance(expression, Follow):
        return expression
    if program.types[expression].location is not Location.GRAPH:
        return expression
    if not _Unknown(program, turned).found(expression.value):
        return expression
    return _Reading(program, expression.reference).of(expression.value)


def settled(program: Program, expression: Expression) -> Expression:
    """State on edges that never changes, as what it is at first."""
    if isinstance(expression, Variable) and program.step.get(expression) is expression:
        return program.init[expression] if expression.location is Location.EDGE else expression
    return expression


def turned_in(program: Program, expression: Expression) -> Expression:
    """The opposite pair, said of inputs only."""
    if not isinstance(expression, Reverse):
        return expression

    def turned(value: Expression) -> Expression:
        if isinstance(value, Constant) or program.types[value].location is not Location.EDGE:
            return value
        match value:
            case Reverse():
                return value.value
            case Lift():
                return replace(value, end=End.SENDER if value.end is End.RECEIVER else End.RECEIVER)
            case Apply():
                return replace(value, arguments=tuple(map(turned, value.arguments)))
        return Reverse(value)

    return turned(expression.value)


def parted(program: Program, expression: Expression) -> Expression:
    """A reduction over edges that a condition of the graph chooses among, as a choice of reductions."""
    if not isinstance(expression, (Any, Select)) or program.types[expression].location is Location.GRAPH:
        return expression
    mask = expression.mask if isinstance(expression, Any) else expression.among
    choice = _choice(program, mask)
    if choice is None:
        return expression
    cases: list[Expression] = []
    for branch in (1, 2):
        chosen = _with_branch(mask, choice, branch)
        if isinstance(expression, Any):
            cases.append(replace(expression, mask=chosen))
        else:
            cases.append(replace(expression, among=chosen))
    return apply(Operation.WHERE, choice.arguments[0], *cases)


def _choice(program: Program, mask: Expression) -> Apply | None:
    """A conditional among edges in a mask, if its condition is one of the graph."""
    if not isinstance(mask, Apply) or program.types[mask].location is not Location.EDGE:
        return None
    if mask.operation is Operation.WHERE and program.types[mask.arguments[0]].location is Location.GRAPH:
        return mask
    found = [_choice(program, part) for part in mask.arguments]
    return next((choice for choice in found if choice is not None), None)


def _with_branch(mask: Expression, choice: Apply, branch: int) -> Expression:
    if mask is choice:
        return choice.arguments[branch]
    if isinstance(mask, Apply):
        return replace(mask, arguments=tuple(_with_branch(part, choice, branch) for part in mask.arguments))
    return mask


class _Unknown:
    """Whether the value of a node is found among edges of which its messages do not know.

    Args:
        program: whose expressions are looked at.
        turned: whether these are the edges that lead from the node, or those that lead to it.
    """

    def __init__(self, program: Program, turned: bool) -> None:
        self._types = program.types
        self._turned = turned

    def found(self, expression: Expression) -> bool:
        """See above."""
        if isinstance(expression, (Any, Best, Select)):
            return any(map(self._unknown, expression.children))
        if isinstance(expression, (Apply, Follow)):
            return any(map(self.found, expression.children))
        return False

    def _unknown(self, expression: Expression) -> bool:
        if isinstance(expression, Reverse):
            return self._turned
        if isinstance(expression, Variable):
            return not self._turned and self._types[expression].location is Location.EDGE
        return isinstance(expression, Apply) and any(map(self._unknown, expression.arguments))


class _Reading:
    """Values at one node of the graph.

    Args:
        program: whose expressions are read.
        reference: a pointer of the graph or a mask_one that names the node.
    """

    def __init__(self, program: Program, reference: Expression) -> None:
        self._types: Mapping[Expression, Anything] = program.types
        self._reference = reference
        named = program.types[reference].is_pointer
        self._pointer = reference if named else Follow(reference, Own())
        self._done: dict[Expression, Expression] = {}

    def of(self, expression: Expression) -> Expression:
        """The value of an expression of nodes at that node."""
        if expression not in self._done:
            self._done[expression] = self._found(expression)
        return self._done[expression]

    def _found(self, expression: Expression) -> Expression:
        if isinstance(expression, Constant) or self._types[expression].location is Location.GRAPH:
            return expression
        match expression:
            case Own():
                return self._pointer
            case Apply():
                return replace(expression, arguments=tuple(map(self.of, expression.arguments)))
            case Follow():
                return replace(expression, reference=self.of(expression.reference))
            case Any():
                return replace(expression, mask=self._sent(expression.mask))
            case Best():
                return replace(
                    expression,
                    value=self._sent(expression.value),
                    among=self._sent(expression.among),
                    default=self.of(expression.default),
                )
            case Select():
                key = None if expression.key is None else self._sent(expression.key)
                default = self._pointer if expression.default is None else self.of(expression.default)
                return replace(expression, among=self._sent(expression.among), key=key, default=default)
        return Follow(self._reference, expression)

    def _sent(self, expression: Expression) -> Expression:
        """A value at the pair of every node and that one, as a value of the former."""
        if isinstance(expression, Constant) or self._types[expression].location is not Location.EDGE:
            return expression
        match expression:
            case Lift(end=End.SENDER):
                return expression.value
            case Lift():
                return self.of(expression.value)
            case Apply():
                return replace(expression, arguments=tuple(map(self._sent, expression.arguments)))
            case Reverse():
                return At(expression.value, self._pointer, Own())
        return At(expression, Own(), self._pointer)
