"""The closed set of pointwise operations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Signature:
    """How an operation is written.

    Attributes:
        arity: number of arguments.
        pattern: format string of its text, with {0}, {1}, …
    """

    arity: int
    pattern: str


class Operation(Enum):
    """A function of the values at one place; every argument is read at that same place."""

    ADD = Signature(2, "{0} + {1}")
    SUBTRACT = Signature(2, "{0} - {1}")
    MULTIPLY = Signature(2, "{0} * {1}")
    MINIMUM = Signature(2, "minimum({0}, {1})")
    MAXIMUM = Signature(2, "maximum({0}, {1})")
    NOT = Signature(1, "not {0}")
    AND = Signature(2, "{0} and {1}")
    OR = Signature(2, "{0} or {1}")
    EQUAL = Signature(2, "{0} = {1}")
    LESS = Signature(2, "{0} < {1}")
    LESS_EQUAL = Signature(2, "{0} <= {1}")
    WHERE = Signature(3, "if {0} then {1} else {2}")
    ARCTAN2 = Signature(2, "arctan2({0}, {1})")
    INDEX = Signature(1, "index of {0}")
    NODE_AT = Signature(1, "node at {0}")

    @property
    def arity(self) -> int:
        """Number of arguments."""
        return self.value.arity

    @property
    def pattern(self) -> str:
        """Format string of the operation's text."""
        return self.value.pattern
