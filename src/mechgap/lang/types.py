"""The type of an expression: where it lives, what it can be, and in which range."""

from __future__ import annotations

from dataclasses import dataclass

from ..kinds.categorical import Categorical
from ..kinds.kind import AbstractKind
from ..kinds.mask import Mask, MaskOne
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from .location import Location


@dataclass(frozen=True)
class Type:
    """What the checker knows of an expression.

    Attributes:
        location: where the value lives.
        kind: what it can be; for a scalar with the range and wholeness inferred for it.
        literal: whether it is made of category names only, whose variable is not known yet.
        loose: whether it is a pointer that may name no node.
    """

    location: Location
    kind: AbstractKind
    literal: bool = False
    loose: bool = False

    @property
    def is_mask(self) -> bool:
        """Whether the value is a truth value (a mask_one is one too)."""
        return isinstance(self.kind, (Mask, MaskOne))

    @property
    def is_scalar(self) -> bool:
        """Whether the value is a number."""
        return isinstance(self.kind, Scalar)

    @property
    def is_pointer(self) -> bool:
        """Whether the value names a node."""
        return isinstance(self.kind, Pointer)

    @property
    def is_categorical(self) -> bool:
        """Whether the value is a category."""
        return isinstance(self.kind, Categorical)

    @property
    def scalar(self) -> Scalar:
        """The kind of a scalar."""
        assert isinstance(self.kind, Scalar)
        return self.kind

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of a categorical."""
        assert isinstance(self.kind, Categorical)
        return self.kind.categories

    def __str__(self) -> str:
        return f"{self.location.value} {self.kind.describe()}"


def same_family(left: Type, right: Type) -> bool:
    """Whether two values can stand in the two branches of one expression."""
    if left.is_mask or left.is_scalar or left.is_pointer:
        return (left.is_mask, left.is_scalar, left.is_pointer) == (
            right.is_mask,
            right.is_scalar,
            right.is_pointer,
        )
    if not right.is_categorical:
        return False
    if left.literal or right.literal:
        small, large = (left, right) if left.literal else (right, left)
        return large.literal or set(small.categories) <= set(large.categories)
    return left.categories == right.categories
