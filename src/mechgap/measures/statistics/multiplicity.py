"""Several tests at once: Holm's step-down, which bounds the chance of any false rejection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import MechgapError
from .findings import plain, probability

ALPHA = 0.05


@dataclass(frozen=True)
class Adjusted:
    """One test among several.

    Attributes:
        name: of the test.
        p: alone.
        adjusted: p among all; NaN if there was no test.
        tests: how many there were.
        alpha: the level that the chance of any false rejection keeps to.
    """

    name: str
    p: float
    adjusted: float
    tests: int
    alpha: float = ALPHA

    @property
    def rejected(self) -> bool:
        """Whether its hypothesis is rejected."""
        return self.adjusted <= self.alpha

    def to_json(self) -> dict[str, Any]:
        """The test as plain data."""
        return {**plain(self), "rejected": self.rejected}

    def __str__(self) -> str:
        if math.isnan(self.p):
            return f"{self.name}: nothing to test"
        word = "rejected" if self.rejected else "not rejected"
        among = f"{probability(self.adjusted)} among {self.tests} tests (Holm)"
        return f"{self.name}: {probability(self.p)}, {among}: {word} at {self.alpha:g}"


def holm(tests: Mapping[str, float], alpha: float = ALPHA) -> dict[str, Adjusted]:
    """Adjust p values by Holm's step-down (Holm, 1979).

    Sorted upwards, the k-th of m is multiplied by m - k + 1; none may be below the one before it, or above 1.

    Args:
        tests: name -> p; NaN where there was no test, which does not count as one.
        alpha: the level.

    Returns:
        The tests in the given order.

    Raises:
        MechgapError: if a p is not in [0, 1].
    """
    for name, p in tests.items():
        if not (math.isnan(p) or 0.0 <= p <= 1.0):
            raise MechgapError(f"p of {name}", f"{p}", "a number from 0 to 1, or NaN", "correct the test")
    known = sorted((name for name, p in tests.items() if not math.isnan(p)), key=lambda name: tests[name])
    adjusted, highest = dict.fromkeys(tests, math.nan), 0.0
    for place, name in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * tests[name]))
        adjusted[name] = highest
    return {name: Adjusted(name, p, adjusted[name], len(known), alpha) for name, p in tests.items()}
