"""The expressions of a step that choose a node, and their names."""

from __future__ import annotations

from .expression import Best, Expression, Follow, Select
from .program import Program
from .text import expression_text


def selecting_expressions(program: Program) -> dict[str, Best | Select | Follow]:
    """The selecting expressions of a step, by a name that is unique in the program."""
    found: dict[str, Best | Select | Follow] = {}
    seen: set[Expression] = set()

    def visit(expression: Expression) -> None:
        if expression in seen:
            return
        seen.add(expression)
        for child in expression.children:
            visit(child)
        if isinstance(expression, (Best, Select, Follow)):
            base = expression.label or expression_text(expression)
            name, count = base, 2
            while name in found:
                name, count = f"{base} ({count})", count + 1
            found[name] = expression

    for root in program.step.values():
        visit(root)
    return found
