"""Programs made from other programs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any

from ..errors import NotFoundError
from ..lang.expression import Expression, Variable
from ..lang.program import Program


def showing(program: Program, name: str, *, hints: Collection[str], text: str = "") -> Program:
    """The same program of which only some state variables are hints; the others are internal.

    Args:
        program: the program to vary.
        name: name of the new program.
        hints: names of the state variables that its traces show.
        text: what it is for; by default the text of ``program``.

    Raises:
        NotFoundError: if a hint is no state variable of the program.
    """
    known = [variable.name for variable in program.state]
    for hint in hints:
        if hint not in known:
            raise NotFoundError(
                f"program {name}, made from {program.name}",
                f"the hint {hint!r}",
                f"state variables of {program.name}: {', '.join(known)}",
                "name one of these",
            )
    rewriting = _Rewriting({v: replace(v, internal=v.name not in hints) for v in program.state})
    return Program(
        name,
        inputs=program.inputs,
        init={rewriting.variable(v): rewriting.of(x) for v, x in program.init.items()},
        step={rewriting.variable(v): rewriting.of(x) for v, x in program.step.items()},
        halt=rewriting.of(program.halt),
        outputs={n: rewriting.of(x) for n, x in program.outputs.items()},
        limit=rewriting.of(program.limit),
        text=text or program.text,
    )


class _Rewriting:
    """Puts variables in the place of others; shared expressions stay shared."""

    def __init__(self, variables: Mapping[Variable, Variable]) -> None:
        self._variables = variables
        self._done: dict[Expression, Expression] = {}

    def variable(self, variable: Variable) -> Variable:
        """The variable that stands for another one."""
        return self._variables.get(variable, variable)

    def of(self, expression: Expression) -> Expression:
        """The expression over the new variables."""
        if isinstance(expression, Variable):
            return self.variable(expression)
        if expression not in self._done:
            changes: dict[str, Any] = {
                f.name: self._part(getattr(expression, f.name)) for f in fields(expression)
            }
            self._done[expression] = replace(expression, **changes) if expression.children else expression
        return self._done[expression]

    def _part(self, value: object) -> object:
        if isinstance(value, Expression):
            return self.of(value)
        if isinstance(value, tuple) and any(isinstance(item, Expression) for item in value):
            return tuple(self._part(item) for item in value)
        return value
