"""Ranges of numbers: what the bounds of operands say about the bounds of results."""

from __future__ import annotations

import math

from ..kinds.kind import AbstractKind
from ..kinds.scalar import Scalar
from .operations import Operation


def hull(left: Scalar, right: Scalar) -> Scalar:
    """The smallest scalar kind that holds the values of both."""
    return Scalar(min(left.low, right.low), max(left.high, right.high), left.whole and right.whole)


def or_nothing(kind: AbstractKind) -> AbstractKind:
    """The kind of a value that is read as zero where a pointer names no node."""
    return hull(kind, Scalar(0, 0, whole=True)) if isinstance(kind, Scalar) else kind


def arithmetic(operation: Operation, left: Scalar, right: Scalar) -> Scalar:
    """Range and wholeness of the result of an arithmetic operation (interval arithmetic)."""
    whole = left.whole and right.whole
    if operation is Operation.ARCTAN2:
        return Scalar(-math.pi, math.pi)
    if operation is Operation.ADD:
        return Scalar(left.low + right.low, left.high + right.high, whole)
    if operation is Operation.SUBTRACT:
        return Scalar(left.low - right.high, left.high - right.low, whole)
    if operation is Operation.MINIMUM:
        return Scalar(min(left.low, right.low), min(left.high, right.high), whole)
    if operation is Operation.MAXIMUM:
        return Scalar(max(left.low, right.low), max(left.high, right.high), whole)
    corners = [_product(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return Scalar(min(corners), max(corners), whole)


def _product(left: float, right: float) -> float:
    return 0.0 if left == 0 or right == 0 else left * right
