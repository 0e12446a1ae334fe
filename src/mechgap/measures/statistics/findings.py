"""What all results of statistics share: plain data, and words for numbers that never stand alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from ...errors import MechgapError
from ..bootstrap import Floats

FEW = 10
"""Units below which an interval is remarked upon."""


def plain(record: Any) -> dict[str, Any]:
    """The fields of a record as plain data; a number that does not exist is null."""
    found = {}
    for part in fields(record):
        value = getattr(record, part.name)
        found[part.name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return found


def probability(p: float) -> str:
    """A p value in words."""
    if math.isnan(p):
        return "no p"
    return "p<0.0001" if p < 0.0001 else f"p={p:.4f}" if p < 0.01 else f"p={p:.3f}"


def figures(values: Sequence[float], where: str) -> Floats:
    """Numbers as an array of one axis.

    Raises:
        MechgapError: if there is another axis, or a number is infinite.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or np.isinf(found).any():
        raise MechgapError(
            where,
            f"an array of shape {list(found.shape)}" if found.ndim != 1 else "an infinite number",
            "one finite number for each unit; NaN where there is none",
            "give a flat list of numbers",
        )
    return found


def pairs(left: Sequence[float], right: Sequence[float], where: str) -> tuple[Floats, Floats]:
    """Two arrays of numbers that belong together in pairs.

    Raises:
        MechgapError: if there are not as many on both sides.
    """
    first, second = figures(left, where), figures(right, where)
    if len(first) != len(second):
        raise MechgapError(
            where,
            f"{len(first)} and {len(second)} numbers",
            "as many on both sides, in the same order",
            "give NaN where one of a pair is missing",
        )
    return first, second


def positive(value: float, where: str, what: str) -> float:
    """A number above 0.

    Raises:
        MechgapError: if it is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise MechgapError(where, f"{what} {value}", f"a {what} above 0", "say which one is meant")
    return float(value)


def joined(*notes: str) -> str:
    """The notes that say something, in one text."""
    return "; ".join(note for note in notes if note)


def few(count: int, unit: str) -> str:
    """A remark where there are fewer units than an interval needs."""
    return f"{count} {unit}s: the interval needs {FEW} or more" if count < FEW else ""
