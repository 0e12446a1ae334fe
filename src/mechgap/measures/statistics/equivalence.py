"""Equivalence of two arms: two one-sided tests against a margin that was fixed beforehand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from ..bootstrap import Floats
from .findings import figures, pairs, plain, positive, probability

ALPHA = 0.05


@dataclass(frozen=True)
class Equivalence:
    """Whether two arms are the same within a margin.

    Attributes:
        name: of what.
        value: mean of the left arm - mean of the right one.
        low, high: 90 % interval: the arms are equivalent if it lies within the margin.
        margin: the largest difference that counts as none.
        p_above: of the test that the difference is above -margin.
        p_below: of the test that it is below +margin.
        p_zero: two-sided, of the test that there is a difference at all.
        n, others: seeds of the left and the right arm.
        paired: whether a seed stands in both.
        unit: what is independent of each other.
        note: anything that a reader must know beside the figure.
    """

    name: str
    value: float
    low: float
    high: float
    margin: float
    p_above: float
    p_below: float
    p_zero: float
    n: int
    others: int
    paired: bool
    unit: str
    note: str = ""

    @property
    def within(self) -> bool:
        """Whether both tests reject at the level 0.05."""
        return self.p_above < ALPHA and self.p_below < ALPHA

    @property
    def verdict(self) -> str:
        """What the tests say at the level 0.05, in words."""
        if self.within:
            return f"equivalent within ±{self.margin:g}"
        return "different" if self.p_zero < ALPHA else "undecided"

    def to_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {**plain(self), "verdict": self.verdict}

    def __str__(self) -> str:
        count = (
            f"{self.n} pairs of {self.unit}s" if self.paired else f"{self.n} and {self.others} {self.unit}s"
        )
        if math.isnan(self.p_zero):
            return f"{self.name}: {self.verdict} ({count}; {self.note})"
        ends = f"90 % interval [{self.low:+.3f}, {self.high:+.3f}]"
        above, below = probability(self.p_above), probability(self.p_below)
        tests = f"above -{self.margin:g} {above}, below +{self.margin:g} {below}"
        return f"{self.name}: {self.verdict}: {self.value:+.3f}, {ends} ({count}, {tests})"


def equivalence(
    name: str, left: Sequence[float], right: Sequence[float], margin: float, *, paired: bool = False
) -> Equivalence:
    """Two one-sided t tests (Schuirmann, 1987) of the difference left - right of two arms.

    Unpaired by Welch's t, paired by the t of the differences. Where seeds do not differ at all, a t test
    says nothing, and neither does this.

    Args:
        name: of what.
        left, right: the figure of each seed; if they are paired, in the same order. Seeds (or pairs)
            with NaN are left out.
        margin: the largest difference that counts as none, in the unit of the figure; to be fixed before
            the data are seen, therefore without a default.
        paired: whether the same seeds stand in both arms.

    Raises:
        MechgapError: if the margin is not above 0, or arms that are paired are not as long as each other.
    """
    where = f"equivalence of {name}"
    positive(margin, where, "margin")
    if paired:
        first, second = pairs(left, right, where)
        kept = ~(np.isnan(first) | np.isnan(second))
        first, second = first[kept], second[kept]
    else:
        first, second = (part[~np.isnan(part)] for part in (figures(left, where), figures(right, where)))
    n, others = len(first), len(second)
    value = float(first.mean() - second.mean()) if n and others else math.nan
    nothing = Equivalence(
        name, value, math.nan, math.nan, margin, math.nan, math.nan, math.nan, n, others, paired, "seed"
    )
    if min(n, others) < 2:
        return replace(nothing, note="an arm has fewer than 2 seeds, so nothing can be tested")
    error, freedom = _error(first, second, paired)
    if error == 0.0:
        return replace(nothing, note="seeds do not differ at all: a t test says nothing")
    t = stats.t(freedom)
    half = float(t.ppf(1 - ALPHA)) * error
    found = replace(
        nothing,
        low=value - half,
        high=value + half,
        p_above=float(t.sf((value + margin) / error)),
        p_below=float(t.cdf((value - margin) / error)),
        p_zero=2 * float(t.sf(abs(value) / error)),
    )
    if found.within and found.p_zero < ALPHA:
        return replace(found, note="there is a difference, smaller than the margin")
    return found


def _error(left: Floats, right: Floats, paired: bool) -> tuple[float, float]:
    """The standard error of the difference of means, and its degrees of freedom (Welch, 1947)."""
    if paired:
        return _spread(left - right) / math.sqrt(len(left)), len(left) - 1
    parts = [_spread(arm) ** 2 / len(arm) for arm in (left, right)]
    below = sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, (left, right), strict=True))
    return math.sqrt(sum(parts)), sum(parts) ** 2 / below if below else math.nan


def _spread(values: Floats) -> float:
    """The standard deviation; 0 where only rounding makes values differ."""
    spread = float(values.std(ddof=1))
    return spread if spread > 1e-12 * float(np.abs(values).max()) else 0.0
