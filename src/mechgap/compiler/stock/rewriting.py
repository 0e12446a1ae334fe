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
    Constant,
    End,
    Expression,
    Follow,
    Lift,
    Own,
    Select,
    Size,
    Tie,
    Variable,
    apply,
)
from ...lang.location import Location
from ...lang.operations import Operation
from ...lang.program import Program
from .collecting import collected, collected_forward, masked, parted, settled, turned_in

Rule = Callable[[Program, Expression], Expression]

_COMPARISONS = (Operation.LESS, Operation.LESS_EQUAL, Operation.EQUAL)


def rewritten(program: Program, rules: tuple[Rule, ...]) -> Program:
    """The program in other words; it makes the same trace."""
    for rule in rules:
        program = _mapped(program, rule)
    return program


def frozen(program: Program) -> Program:
    """The program with outputs that stay as they are once it has halted.

    The benchmark's network makes a step even where a run is over in its first frame.
    """
    read: set[Expression] = set()

    def visit(expression: Expression) -> None:
        if expression not in read:
            read.add(expression)
            for child in expression.children:
                visit(child)

    for output in program.outputs.values():
        visit(output)
    step = {
        variable: apply(Operation.WHERE, program.halt, variable, x) if variable in read else x
        for variable, x in program.step.items()
    }
    outputs = dict(program.outputs)
    return Program(
        program.name, program.inputs, program.init, step, program.halt, outputs, program.limit, program.text
    )


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
        {variable: x if x is variable else of(x) for variable, x in program.step.items()},
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


def _spread(program: Program, expression: Expression) -> Expression:
    """What is read of a conditional of the graph, as a conditional of what is read."""
    if not isinstance(expression, Follow):
        return expression
    value = expression.value
    if not (isinstance(value, Apply) and value.operation is Operation.WHERE):
        return expression
    condition, *branches = value.arguments
    if program.types[condition].location is not Location.GRAPH:
        return expression
    return apply(Operation.WHERE, condition, *(Follow(expression.reference, branch) for branch in branches))


_EITHER: tuple[Rule, ...] = (_beside, settled, turned_in, parted, _spread)

MESSAGES: tuple[Rule, ...] = (*_EITHER, collected)
"""For networks whose receivers know the edge that a message comes along."""

ATTENTION: tuple[Rule, ...] = (*_EITHER, collected_forward, masked, turned_in)
"""For networks whose receivers know the edge to whom they attend, and copy no numbers of it."""
