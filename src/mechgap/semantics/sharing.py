"""Finds expressions that say the same, so that they are computed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from ..lang.expression import Constant, Expression, Variable
from ..lang.types import Type


def representatives(
    roots: Iterable[Expression], types: Mapping[Expression, Type]
) -> dict[Expression, Expression]:
    """For every expression below the roots, one that always has the same value: the first of its kind.

    Args:
        roots: where to begin.
        types: of all expressions; constants of different types differ.
    """
    found: dict[Expression, Expression] = {}
    first: dict[tuple[object, ...], Expression] = {}

    def of(expression: Expression) -> Expression:
        if expression not in found:
            for child in expression.children:
                of(child)
            key = (id(expression),) if isinstance(expression, Variable) else key_of(expression)
            found[expression] = first.setdefault(key, expression)
        return found[expression]

    def key_of(expression: Expression) -> tuple[object, ...]:
        parts: list[object] = [type(expression)]
        if isinstance(expression, Constant):
            parts.append(types.get(expression))
        for field in fields(expression):
            if field.name not in ("label", "line"):
                parts.append(part(getattr(expression, field.name)))
        return tuple(parts)

    def part(value: object) -> object:
        if isinstance(value, Expression):
            return id(found[value])
        if isinstance(value, tuple):
            return tuple(part(item) for item in value)
        return (type(value), value)

    for root in roots:
        of(root)
    return found
