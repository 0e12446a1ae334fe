"""Texts that know which expression of the program they are about."""

from __future__ import annotations

from ..lang.expression import Expression
from ..lang.text import expression_text


class Origin(str):
    """The text of an expression, with the expression.

    Attributes:
        expression: which.
    """

    expression: Expression

    def __new__(cls, expression: Expression) -> Origin:
        """The origin that is an expression."""
        found = super().__new__(cls, expression_text(expression))
        found.expression = expression
        return found
