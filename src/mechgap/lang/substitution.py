"""Puts expressions in the place of variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from .expression import Expression, Operand, Variable, as_expression


class Substitution:
    """Expressions with variables replaced; what was shared stays shared.

    Args:
        replacements: what stands for which variable. Variables that are not named stay.
    """

    def __init__(self, replacements: Mapping[Variable, Operand]) -> None:
        self._done: dict[Expression, Expression] = {v: as_expression(x) for v, x in replacements.items()}

    def of(self, expression: Expression) -> Expression:
        """The expression with the variables replaced, the same object if it reads none of them."""
        if expression not in self._done:
            changes: dict[str, Any] = {
                field.name: self._part(getattr(expression, field.name))
                for field in fields(expression)
                if not isinstance(expression, Variable)
            }
            changed = any(value is not getattr(expression, name) for name, value in changes.items())
            self._done[expression] = replace(expression, **changes) if changed else expression
        return self._done[expression]

    def _part(self, value: object) -> object:
        if isinstance(value, Expression):
            return self.of(value)
        if isinstance(value, tuple) and any(isinstance(item, Expression) for item in value):
            parts = tuple(self._part(item) for item in value)
            return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
        return value


def substitute(expression: Expression, replacements: Mapping[Variable, Operand]) -> Expression:
    """The expression with other expressions in the place of variables.

    With the step of a program as replacements, this is the value of an expression one frame later.
    """
    return Substitution(replacements).of(expression)
