"""Lowered values: truth values, numbers and categories as forms over atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .ir import Form


@dataclass(frozen=True)
class Bit:
    """A truth value: the conjunction of forms that are 0 or 1, or its negation.

    Keeping factors apart lets a chain of ``and`` become one unit, and a gate none.
    """

    factors: tuple[Form, ...]
    negated: bool = False

    def __invert__(self) -> Bit:
        return Bit(self.factors, not self.negated)

    @property
    def constant(self) -> bool | None:
        """The value if it is known."""
        if any(f.terms == () and f.constant == 0.0 for f in self.factors):
            return self.negated
        if all(f.terms == () for f in self.factors):
            return not self.negated
        return None


TRUE = Bit(())
FALSE = Bit((), negated=True)


@dataclass(frozen=True)
class Number:
    """A number, or the index of a node.

    Attributes:
        form: its value.
        low, high: bounds of its values.
        whole: whether they are whole numbers.
        simple: for a number that need not be whole, whether at most one atom of the form is not
            zero at a time, so that reading it rounds nothing.
        loose: for an index, whether it may name no node.
    """

    form: Form
    low: float
    high: float
    whole: bool
    simple: bool = True
    loose: bool = False


@dataclass(frozen=True)
class Category:
    """One of several categories: one bit for each."""

    bits: tuple[Bit, ...]


Value: TypeAlias = Bit | Number | Category
