"""Shares of seeds of which something is so, with the exact binomial interval."""

from __future__ import annotations

import math

from scipy import stats

from ...errors import MechgapError
from ..bootstrap import LEVEL
from ..score import Score


def proportion(name: str, count: int, n: int, unit: str = "seed") -> Score:
    """The share count / n with its interval (Clopper and Pearson, 1934).

    Args:
        name: of what is so.
        count: of how many units it is so.
        n: how many units there are.
        unit: what is independent of each other.

    Raises:
        MechgapError: if the count is not from 0 to n.
    """
    if not 0 <= count <= n:
        raise MechgapError(f"share of {name}", f"{count} of {n}", "a count from 0 to n", "count again")
    if not n:
        return Score(name, math.nan, math.nan, math.nan, 0, unit, 0, math.nan)
    tail = (1 - LEVEL) / 2
    low = float(stats.beta.ppf(tail, count, n - count + 1)) if count else 0.0
    high = float(stats.beta.ppf(1 - tail, count + 1, n - count)) if count < n else 1.0
    return Score(name, count / n, low, high, n, unit, n, math.nan, "exact binomial interval")
