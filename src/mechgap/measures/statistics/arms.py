"""The difference of two arms of an experiment, of which each has several seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..bootstrap import SEED, Floats, Statistic, draws, interquartile_mean, interval, picked
from .findings import few, figures, joined, pairs, plain, probability
from .permutation import signs, splits


@dataclass(frozen=True)
class ArmDifference:
    """By how much two arms differ.

    Attributes:
        name: of what.
        value: left - right; NaN if an arm is empty.
        low, high: 95 % bootstrap interval, in which seeds are resampled.
        p: two-sided, of a permutation test.
        n, others: seeds of the left and the right arm; the same pairs if they are paired.
        paired: whether a seed stands in both arms.
        unit: what was resampled and permuted.
        arrangements: that the test tried.
        exact: whether these were all.
        note: anything that a reader must know beside the figure.
    """

    name: str
    value: float
    low: float
    high: float
    p: float
    n: int
    others: int
    paired: bool
    unit: str
    arrangements: int
    exact: bool
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there was anything to count."""
        return not math.isnan(self.value)

    def to_json(self) -> dict[str, Any]:
        """The difference as plain data."""
        return plain(self)

    def __str__(self) -> str:
        count = (
            f"{self.n} pairs of {self.unit}s" if self.paired else f"{self.n} and {self.others} {self.unit}s"
        )
        if not self.known:
            return f"{self.name}: nothing to count ({count})"
        return (
            f"{self.name}: {self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}] "
            f"({count}, {probability(self.p)})"
        )


def difference_of_arms(
    name: str,
    left: Sequence[float],
    right: Sequence[float],
    *,
    paired: bool = False,
    statistic: Statistic = interquartile_mean,
) -> ArmDifference:
    """The difference left - right of two arms, with a bootstrap interval and a permutation p.

    Unpaired, it is the difference of the statistics; seeds are resampled within each arm, and the test
    deals all seeds anew to the arms. Paired, it is the statistic of the differences; pairs are
    resampled, and the test changes the two sides of pairs.

    Args:
        name: of what.
        left, right: the figure of each seed; if they are paired, in the same order. Seeds (or pairs)
            with NaN are left out.
        paired: whether the same seeds stand in both arms.
        statistic: ``interquartile_mean`` or ``mean``.

    Raises:
        MechgapError: if they are paired and not as many.
    """
    where = f"difference of {name}"
    first, second = pairs(left, right, where) if paired else (figures(left, where), figures(right, where))
    given = max(len(first), len(second)) if paired else len(first) + len(second)
    if paired:
        kept = ~(np.isnan(first) | np.isnan(second))
        first, second = first[kept], second[kept]
    else:
        first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    n, others = len(first), len(second)
    left_out = given - (n if paired else n + others)
    missing = f"{left_out} {'pairs' if paired else 'seeds'} without a figure are left out" if left_out else ""
    if not n or not others:
        unknown = (math.nan, math.nan, math.nan, math.nan)
        return ArmDifference(name, *unknown, n, others, paired, "seed", 0, False, missing)
    test = _paired if paired else _unpaired
    value, samples, p, tried, exact = test(first, second, statistic)
    low, high = interval(samples, value)
    note = joined(few(min(n, others), "seed"), missing)
    return ArmDifference(name, value, low, high, p, n, others, paired, "seed", tried, exact, note)


Tested = tuple[float, Floats, float, int, bool]
"""The difference, its resamples, p, the number of arrangements, and whether these are all."""


def _paired(left: Floats, right: Floats, statistic: Statistic) -> Tested:
    gaps = left - right
    value = float(statistic(gaps))
    samples = statistic(gaps[picked(draws(len(gaps), SEED))])
    tried = signs(len(gaps))
    return value, samples, tried.p(value, statistic(tried.rows * gaps)), len(tried.rows), tried.exact


def _unpaired(left: Floats, right: Floats, statistic: Statistic) -> Tested:
    value = float(statistic(left)) - float(statistic(right))
    mixed = np.concatenate((left, right))
    samples = statistic(left[picked(draws(len(left), SEED))]) - statistic(
        right[picked(draws(len(right), SEED + 1))]
    )
    tried = splits(len(left), len(right))
    dealt = mixed[tried.rows]
    values = statistic(dealt[:, : len(left)]) - statistic(dealt[:, len(left) :])
    return value, samples, tried.p(value, values), len(tried.rows), tried.exact
