"""Correlations with what they rest on: an interval, a permutation p, and points that hang together."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from ...errors import MechgapError
from ..bootstrap import LEVEL, Floats, draws, interval
from .findings import few, joined, pairs, plain, probability
from .permutation import Arrangements, Integers, block_orders

Kind = Literal["spearman", "pearson"]
LEAST = 3
"""Points, and clusters of points, below which nothing is said."""


@dataclass(frozen=True)
class Correlation:
    """How two figures of the same runs go together.

    Attributes:
        name: of what.
        kind: "spearman" (of ranks) or "pearson".
        value: the coefficient; NaN where there is none.
        low, high: 95 % interval.
        p: two-sided, of a permutation test of independence.
        n: number of points.
        unit: what is independent of each other.
        replicates: how many of these there are: as many as points if no points hang together.
        arrangements: that the test tried.
        exact: whether these were all.
        note: anything that a reader must know beside the figure.
    """

    name: str
    kind: Kind
    value: float
    low: float
    high: float
    p: float
    n: int
    unit: str
    replicates: int
    arrangements: int
    exact: bool
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there was anything to count."""
        return not math.isnan(self.value)

    def to_json(self) -> dict[str, Any]:
        """The correlation as plain data."""
        return plain(self)

    def __str__(self) -> str:
        if not self.known:
            return f"{self.name}: nothing to count ({self.note})"
        start = f"{self.name}: {self.kind} {self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
        return f"{start} (n={self.n}, {self.replicates} {self.unit}s, {probability(self.p)})"


def correlation(
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    kind: Kind = "spearman",
    clusters: Sequence[Hashable] | None = None,
    unit: str = "seed",
) -> Correlation:
    """The correlation of two figures over points.

    Independent points: the interval is that of Fisher's z, with standard error √((1 + ρ²/2)/(n - 3)) for
    Spearman (Bonett and Wright, 2000) and 1/√(n - 3) for Pearson; the test permutes points. Points in
    clusters (checkpoints of one run, say): whole clusters are resampled for the interval, and for the
    test the y of whole clusters change places among clusters with as many points, kept in order.

    Args:
        name: of what.
        x, y: the figures of each point; points where one is NaN are left out.
        kind: "spearman" or "pearson".
        clusters: which cluster each point belongs to; None if all are independent.
        unit: what a cluster is, or a point if there are none.

    Raises:
        MechgapError: if there are not as many x as y and clusters.
    """
    where = f"correlation of {name}"
    first, second = pairs(x, y, where)
    labels = list(range(len(first))) if clusters is None else list(clusters)
    if len(labels) != len(first):
        raise MechgapError(where, f"{len(labels)} clusters", f"{len(first)}, one a point", "name them all")
    kept = ~(np.isnan(first) | np.isnan(second))
    first, second = first[kept], second[kept]
    blocks = _blocks([label for label, keep in zip(labels, kept, strict=True) if keep])
    n, units = len(first), len(blocks)
    missing = f"{len(labels) - n} points without a figure are left out" if n < len(labels) else ""
    reason = _impossible(first, second, units, unit)
    if reason:
        unknown = (math.nan, math.nan, math.nan, math.nan)
        return Correlation(name, kind, *unknown, n, unit, units, 0, False, joined(reason, missing))
    value = float(_coefficients(first, second, np.ones((1, n)), kind)[0])
    ends = _fisher(value, n, kind) if units == n else _drawn(first, second, blocks, value, kind)
    p, tried = _tested(first, second, blocks, kind)
    alone = "" if len(tried.rows) > 1 else f"no two {unit}s have as many points, so none can change places"
    straight = "all points on one line: the interval has no width" if ends[0] == ends[1] else ""
    note = joined(few(units, unit), straight, alone, missing)
    return Correlation(name, kind, value, *ends, p, n, unit, units, len(tried.rows), tried.exact, note)


def standard_error(value: float, n: int, kind: Kind) -> float:
    """Of Fisher's z of a correlation of n independent points, n above 3."""
    return math.sqrt((1.0 + value**2 / 2 if kind == "spearman" else 1.0) / (n - 3))


def _impossible(x: Floats, y: Floats, units: int, unit: str) -> str:
    if units < LEAST:
        return f"{units} {unit}s, {LEAST} or more are needed"
    return "a figure is the same at all points" if np.ptp(x) == 0 or np.ptp(y) == 0 else ""


def _blocks(labels: Sequence[Hashable]) -> list[Integers]:
    """The points of each cluster."""
    return [
        np.array([i for i, label in enumerate(labels) if label == wanted], dtype=np.int64)
        for wanted in dict.fromkeys(labels)
    ]


def _coefficients(x: Floats, y: Floats, weights: Floats, kind: Kind) -> Floats:
    """[R], the coefficient of points that are there weights[r] times; NaN where one side is constant."""
    columns = (x, y)
    if kind == "spearman":
        first, second = (_ranks(column, weights) for column in columns)
    else:
        # Far from 0, squares would lose the digits that differ.
        first, second = (np.broadcast_to(column - column.mean(), weights.shape) for column in columns)
    total = weights.sum(1, keepdims=True)
    u, v = (c - (weights * c).sum(1, keepdims=True) / total for c in (first, second))
    spread = (weights * u * u).sum(1) * (weights * v * v).sum(1)
    small = spread <= 1e-24 * max(float(spread.max()), 1e-300)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(small, np.nan, (weights * u * v).sum(1) / np.sqrt(spread))
    return np.clip(found, -1.0, 1.0)


def _ranks(values: Floats, weights: Floats) -> Floats:
    """[R, N], middle ranks of values that are there weights[r] times."""
    _, place = np.unique(values, return_inverse=True)
    member = np.eye(int(place.max()) + 1)[place]
    alike = weights @ member
    ranks = np.cumsum(alike, axis=1) - (alike - 1.0) / 2
    return np.asarray(ranks[:, place], dtype=np.float64)


def _fisher(value: float, n: int, kind: Kind) -> tuple[float, float]:
    if n <= 3:
        return math.nan, math.nan
    if abs(value) == 1.0:
        return value, value
    width = float(stats.norm.ppf(0.5 + LEVEL / 2)) * standard_error(value, n, kind)
    centre = math.atanh(value)
    return math.tanh(centre - width), math.tanh(centre + width)


def _drawn(x: Floats, y: Floats, blocks: list[Integers], value: float, kind: Kind) -> tuple[float, float]:
    weights = np.empty((len(draws(len(blocks))), len(x)))
    for number, block in enumerate(blocks):
        weights[:, block] = draws(len(blocks))[:, [number]]
    return interval(_coefficients(x, y, weights, kind), value)


def _tested(x: Floats, y: Floats, blocks: list[Integers], kind: Kind) -> tuple[float, Arrangements]:
    tried = block_orders([len(block) for block in blocks])
    if len(tried.rows) == 1:
        return math.nan, tried
    if kind == "spearman":
        x, y = stats.rankdata(x), stats.rankdata(y)
    u, v = x - x.mean(), y - y.mean()
    longest = max(len(block) for block in blocks)
    table = np.array([np.pad(block, (0, longest - len(block))) for block in blocks])
    total = np.zeros(len(tried.rows))
    for number, block in enumerate(blocks):
        total += v[table[tried.rows[:, number], : len(block)]] @ u[block]
    return tried.p(float(u @ v), total), tried
