"""How deep expressions are nested, and room on Python's stack for functions that follow them down."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ..errors import ProgramError
from .expression import Expression

DEEPEST = 5000
"""Levels of expressions in one another; deeper ones may leave the stack of the machine."""

FRAMES = 12
"""Calls of Python for one level, at most."""


def nesting(roots: Iterable[Expression]) -> int:
    """The largest number of expressions within one another."""
    depth: dict[Expression, int] = {}
    stack = [(root, False) for root in roots]
    while stack:
        expression, ready = stack.pop()
        if expression in depth:
            continue
        if ready:
            depth[expression] = 1 + max((depth[child] for child in expression.children), default=0)
        else:
            stack.append((expression, True))
            stack.extend((child, False) for child in expression.children)
    return max(depth.values(), default=0)


def make_room(roots: Iterable[Expression], where: str) -> None:
    """Raise Python's limit of recursion so far that some expressions can be followed to their leaves.

    Args:
        roots: the expressions.
        where: named in the error.

    Raises:
        ProgramError: if they are nested deeper than ``DEEPEST``.
    """
    levels = nesting(roots)
    if levels > DEEPEST:
        raise ProgramError(
            where,
            f"expressions nested {levels} levels deep",
            f"at most {DEEPEST} levels",
            "keep parts in state variables, or build sums and choices as balanced trees",
        )
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + FRAMES * levels))
