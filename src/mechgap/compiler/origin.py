"""What a number stands for: an expression of the program, or words."""

from __future__ import annotations

from typing import TypeAlias

from ..lang.expression import Expression
from ..lang.text import expression_text


class Origin:
    """An expression as what a number stands for; its text is only written where it is read.

    Attributes:
        expression: which.
    """

    __slots__ = ("expression",)

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def __str__(self) -> str:
        return expression_text(self.expression)


Words: TypeAlias = Origin | str
"""An expression, or words."""
