"""A figure with its interval, what it counts, and its unit of replication."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .bootstrap import Clusters, Statistic, draws, interval, mean, resampled, resampled_seeds

Plain = dict[str, Any]


@dataclass(frozen=True)
class Score:
    """One figure of a measurement.

    Attributes:
        name: what was measured.
        value: the figure; NaN if there was nothing to count.
        low, high: ends of the 95 % cluster-bootstrap interval.
        n: number of outcomes that were counted.
        unit: what was resampled: "graph" for one network, "seed" for several.
        replicates: how many units there are.
        ideal: what an exact realisation of the program scores.
        note: anything that a reader must know beside the figure.
        legacy: whether the measure is kept only for comparison with older work.
        clusters: the sums behind the figure, for comparisons of scores; not written to files.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    unit: str
    replicates: int
    ideal: float
    note: str = ""
    legacy: bool = False
    clusters: Clusters | None = field(default=None, compare=False, repr=False)

    @property
    def known(self) -> bool:
        """Whether there was anything to count."""
        return not math.isnan(self.value)

    def to_json(self) -> Plain:
        """The score as plain data; a figure that does not exist is null."""
        numbers = {name: _plain(getattr(self, name)) for name in ("value", "low", "high", "ideal")}
        rest = {name: getattr(self, name) for name in ("n", "unit", "replicates", "note", "legacy")}
        return {"name": self.name, **numbers, **rest}

    def __str__(self) -> str:
        if not self.known:
            return f"{self.name}: nothing to count"
        return (
            f"{self.name}: {self.value:.3f} [{self.low:.3f}, {self.high:.3f}] "
            f"(n={self.n}, {self.replicates} {self.unit}s)"
        )


def score(name: str, clusters: Clusters, ideal: float, *, note: str = "", n: int | None = None) -> Score:
    """The ratio of cluster sums with its interval; the clusters are graphs.

    Args:
        name: what was measured.
        clusters: sums of each graph.
        ideal: what an exact realisation of the program scores.
        note: for the reader.
        n: number of outcomes, if it is not the sum of the denominators.
    """
    value = clusters.ratio
    low, high = interval(resampled(clusters, draws(len(clusters.numerator))), value)
    count, graphs = round(float(clusters.denominator.sum())) if n is None else n, clusters.occupied
    notes = [part for part in (note, _caution(clusters, graphs)) if part]
    return Score(name, value, low, high, count, "graph", graphs, ideal, "; ".join(notes), clusters=clusters)


def read_score(data: Mapping[str, Any]) -> Score:
    """The score of which ``to_json`` made plain data.

    Files keep no sums of single graphs: what is resampled of such a score is all of it, as one cluster.
    """
    value, low, high, ideal = (_number(data[name]) for name in ("value", "low", "high", "ideal"))
    return Score(
        name=data["name"],
        value=value,
        low=low,
        high=high,
        n=data["n"],
        unit=data["unit"],
        replicates=data["replicates"],
        ideal=ideal,
        note=data["note"],
        legacy=data["legacy"],
        clusters=Clusters(np.array([value]), np.ones(1)),
    )


def over_seeds(scores: Sequence[Score], *, shared: bool = True, statistic: Statistic = mean) -> Score:
    """The mean of one measure over networks trained from several seeds; the unit is the seed.

    Args:
        scores: the same measure of each network.
        shared: whether all were measured on the same graphs.
        statistic: ``mean``, or ``interquartile_mean``, which single seeds that failed move less.
    """
    groups = [s.clusters for s in scores if s.clusters is not None and s.known]
    first = scores[0]
    if not groups:
        return replace(first, unit="seed", replicates=0, note="", clusters=None)
    value = float(statistic(np.array([group.ratio for group in groups])))
    low, high = interval(resampled_seeds(groups, shared, statistic), value)
    count = sum(s.n for s in scores)
    notes = [f"{len(groups)} seeds: the interval needs 10 or more"] if len(groups) < 10 else []
    if len(groups) < len(scores):
        notes.append(f"nothing to count in {len(scores) - len(groups)} of {len(scores)} seeds")
    note = "; ".join(notes)
    return Score(first.name, value, low, high, count, "seed", len(groups), first.ideal, note, first.legacy)


def difference(name: str, left: Score, right: Score) -> Score:
    """left - right with its interval; both must come from the same graphs, which are drawn together."""
    assert left.clusters is not None and right.clusters is not None
    weights = draws(len(left.clusters.numerator))
    value = left.value - right.value
    low, high = interval(resampled(left.clusters, weights) - resampled(right.clusters, weights), value)
    replicates = min(left.replicates, right.replicates)
    return Score(name, value, low, high, min(left.n, right.n), "graph", replicates, 0.0, "paired over graphs")


def _caution(clusters: Clusters, graphs: int) -> str:
    if graphs and clusters.is_constant:
        unseen = 1.0 - 0.05 ** (1.0 / graphs)
        return f"same in all {graphs} graphs: up to {unseen:.1%} of graphs may still differ (95 %)"
    return "fewer than 10 graphs" if 0 < graphs < 10 else ""


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
