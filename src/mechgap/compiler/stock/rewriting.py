"""Before the lowering: the same program in words that suit the benchmark's network.

Two things it cannot say are said in another way. Its nodes have no index, only an order: what is next to a
node is the first one behind it. And its messages know the edge that they come along, not the opposite one:
what one node of the graph would learn of all others is collected from what each of them knows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
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
    Size,
    Tie,
    Variable,
    apply,
)
from ...lang.location import Location
from ...lang.operations import Operation
from ...lang.program import Program

Rule = Callable[[Program, Expression], Expression]

_COMPARISONS = (Operation.LESS, Operation.LESS_EQUAL, Operation.EQUAL)


def rewritten(program: Program) -> Program:
    """The program in other words; it makes the same trace."""
    for rule in (_beside, _collected):
        program = _mapped(program, rule)
    return program


def counts(program: Program) -> bool:
    """Whether a program does more with indices than to compare them."""
    counting = False
    seen: set[Expression] = set()

    def visit(expression: Expression) -> None:
        nonlocal counting
        if expression in seen:
            return
        seen.add(expression)
        if isinstance(expression, Size):
            counting = True
        if isinstance(expression, Apply):
            plain = [_unlifted(part) for part in expression.arguments]
            if expression.operation in _COMPARISONS and all(map(_is_index, plain)):
                for part in plain:
                    visit(part.children[0])
                return
            counting |= expression.operation in (Operation.INDEX, Operation.NODE_AT)
        for child in expression.children:
            visit(child)

    for root in _roots(program):
        visit(root)
    return counting


def _roots(program: Program) -> tuple[Expression, ...]:
    return (*program.init.values(), *program.step.values(), *program.outputs.values())


def _is_index(expression: Expression) -> bool:
    return isinstance(expression, Apply) and expression.operation is Operation.INDEX


def _unlifted(expression: Expression) -> Expression:
    return expression.value if isinstance(expression, Lift) else expression


def _mapped(program: Program, rule: Rule) -> Program:
    """The program with a rule applied to all of its expressions, from the outside in."""
    done: dict[Expression, Expression] = {}

    def of(expression: Expression) -> Expression:
        if expression not in done:
            found = rule(program, expression)
            done[expression] = _rebuilt(expression, of) if found is expression else found
        return done[expression]

    return Program(
        program.name,
        program.inputs,
        {variable: of(x) for variable, x in program.init.items()},
        {variable: of(x) for variable, x in program.step.items()},
        of(program.halt),
        {name: of(x) for name, x in program.outputs.items()},
        program.limit,
        program.text,
    )


def _rebuilt(expression: Expression, of: Callable[[Expression], Expression]) -> Expression:
    """An expression with its parts replaced."""
    changes: dict[str, Anything] = {}
    for name in () if isinstance(expression, Variable) else (f.name for f in fields(expression)):
        value = getattr(expression, name)
        if isinstance(value, Expression):
            changes[name] = of(value)
        elif name == "arguments":
            changes[name] = tuple(map(of, value))
    return replace(expression, **changes) if _differ(expression, changes) else expression


def _differ(expression: Expression, changes: Mapping[str, Anything]) -> bool:
    """Whether any part of an expression was replaced."""
    for name, new in changes.items():
        old = getattr(expression, name)
        pairs = zip(old, new, strict=True) if isinstance(new, tuple) else ((old, new),)
        if any(a is not b for a, b in pairs):
            return True
    return False


# ---- what is next to a node


def _beside(program: Program, expression: Expression) -> Expression:
    """A value at the node one before or behind another: the last one before, or the first one behind."""
    if not isinstance(expression, Follow):
        return expression
    found = _neighbour(expression.reference)
    value = program.types[expression.value]
    if found is None or value.is_categorical:
        return expression
    pointer, forward = found
    here = apply(Operation.INDEX, pointer)
    there: Expression = apply(Operation.INDEX, Own())
    if program.types[pointer].location is Location.NODE:
        here, there = Lift(End.RECEIVER, here), Lift(End.SENDER, there)  # type: ignore[assignment]
    mask = apply(Operation.LESS, *((here, there) if forward else (there, here)))
    node_zero = _choice(apply(Operation.EQUAL, Own(), Own()), Tie.FIRST, None)
    chosen = _choice(mask, Tie.FIRST if forward else Tie.LAST, node_zero)
    if isinstance(expression.value, Own):
        return chosen
    zero = node_zero if value.is_pointer else Constant(False if value.is_mask else 0)
    return apply(Operation.WHERE, Any(mask), Follow(chosen, expression.value), zero)


def _neighbour(reference: Expression) -> tuple[Expression, bool] | None:
    """The node next to which a reference points, and whether it points behind it."""
    match reference:
        case Apply(operation=Operation.NODE_AT, arguments=(Apply() as sum,)):
            pass
        case _:
            return None
    if sum.operation not in (Operation.ADD, Operation.SUBTRACT):
        return None
    left, right = sum.arguments
    if not (_is_index(left) and isinstance(right, Constant) and abs(float(right.value)) == 1.0):
        return None
    return left.children[0], (float(right.value) > 0) is (sum.operation is Operation.ADD)


def _choice(mask: Expression, tie: Tie, default: Expression | None) -> Select:
    return Select(mask, None, False, tie, False, default)


# ---- what one node would learn of all others


def _collected(program: Program, expression: Expression) -> Expression:
    """A value at one node of the graph that needs edges from it, collected from their other ends."""
    if not isinstance(expression, Follow):
        return expression
    if program.types[expression].location is not Location.GRAPH:
        return expression
    if not _Backwards(program).found(expression.value):
        return expression
    return _Reading(program, expression.reference).of(expression.value)


class _Backwards:
    """Whether the value of a node is found among the edges that lead from it."""

    def __init__(self, program: Program) -> None:
        self._types = program.types

    def found(self, expression: Expression) -> bool:
        """See above."""
        if isinstance(expression, (Any, Best, Select)):
            return any(self._turned(child) for child in expression.children)
        if isinstance(expression, (Apply, Follow)):
            return any(map(self.found, expression.children))
        return False

    def _turned(self, expression: Expression) -> bool:
        if isinstance(expression, Reverse):
            return True
        return isinstance(expression, Apply) and any(map(self._turned, expression.children))


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
