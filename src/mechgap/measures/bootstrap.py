"""Cluster bootstrap: intervals for ratios of sums when outcomes of one graph hang together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""What is made of the values along the last axis; values that are NaN are not there."""

RESAMPLES = 2000
LEVEL = 0.95
SEED = 20250524


@dataclass(frozen=True, eq=False)
class Clusters:
    """Sums over the outcomes of each cluster (graph); their ratio is the figure that is reported.

    Attributes:
        numerator: [G], sum of the outcomes of each cluster.
        denominator: [G], how many outcomes (or how much weight) each cluster has.
    """

    numerator: Floats
    denominator: Floats

    @classmethod
    def of(cls, outcomes: Tensor, mask: Tensor, axis: int = 0) -> Clusters:
        """Sums of the outcomes where the mask holds, for every index of the cluster axis.

        Args:
            outcomes: any shape, number or truth value.
            mask: broadcastable to it, which outcomes count.
            axis: the axis of the clusters.
        """
        import torch

        outcomes = outcomes.to(torch.float64)
        mask = mask.expand(outcomes.shape)
        kept = torch.where(mask, outcomes, 0.0).movedim(axis, 0).reshape(outcomes.shape[axis], -1).sum(1)
        counts = mask.movedim(axis, 0).reshape(outcomes.shape[axis], -1).sum(1).to(torch.float64)
        return cls(kept.cpu().numpy(), counts.cpu().numpy())

    def grouped(self, group: Tensor, groups: int) -> Clusters:
        """Larger clusters: cluster r goes into group[r], of which there are `groups`."""
        index = group.cpu().numpy()
        sums = [np.zeros(groups), np.zeros(groups)]
        for total, part in zip(sums, (self.numerator, self.denominator), strict=True):
            np.add.at(total, index, part)
        return Clusters(*sums)

    @property
    def ratio(self) -> float:
        """Sum of the numerators over sum of the denominators; NaN if there is no outcome."""
        total = float(self.denominator.sum())
        return float(self.numerator.sum()) / total if total else float("nan")

    @property
    def occupied(self) -> int:
        """How many clusters have an outcome."""
        return int((self.denominator > 0).sum())

    @property
    def is_constant(self) -> bool:
        """Whether every cluster that has outcomes gives the same ratio."""
        kept = self.denominator > 0
        ratios = self.numerator[kept] / self.denominator[kept]
        return bool(ratios.size) and float(np.ptp(ratios)) == 0.0


@lru_cache(maxsize=16)
def draws(clusters: int, seed: int = SEED, resamples: int = RESAMPLES) -> Floats:
    """[R, G], how often each cluster is drawn in each resample (with replacement)."""
    generator = np.random.default_rng(seed)
    share = np.full(clusters, 1.0 / clusters)
    weights = generator.multinomial(clusters, share, size=resamples).astype(np.float64)
    weights.setflags(write=False)
    return weights


def resampled(clusters: Clusters, weights: Floats) -> Floats:
    """[R], the ratio in every resample; NaN where a resample has no outcome."""
    below = weights @ clusters.denominator
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights @ clusters.numerator) / below, dtype=np.float64)


def mean_of(parts: Sequence[Clusters]) -> Clusters:
    """Clusters whose ratio is the mean of the ratios of the parts, whatever their counts."""
    weights = [1.0 / float(part.denominator.sum()) for part in parts]
    return Clusters(
        np.sum([part.numerator * w for part, w in zip(parts, weights, strict=True)], axis=0),
        np.sum([part.denominator * w for part, w in zip(parts, weights, strict=True)], axis=0),
    )


def mean(values: Floats) -> Floats:
    """[…], the mean along the last axis of [… S]; NaN where nothing is known."""
    return _mean_of_kept(values, ~np.isnan(values))


def interquartile_mean(values: Floats) -> Floats:
    """[…], the mean of the middle half along the last axis of [… S] (Agarwal et al., 2021).

    A quarter of the values, rounded down, is left out at each end, so that fewer than four are averaged.
    """
    ordered = np.sort(values, axis=-1)  # NaN comes last
    known = (~np.isnan(ordered)).sum(-1, keepdims=True)
    place, cut = np.arange(values.shape[-1]), known // 4
    return _mean_of_kept(ordered, (place >= cut) & (place < known - cut))


def picked(weights: Floats) -> NDArray[np.int64]:
    """[R, S], the units that each resample draws, from how often it draws each (``draws``)."""
    resamples, units = weights.shape
    order = np.tile(np.arange(units), resamples)
    return np.repeat(order, weights.astype(np.int64).ravel()).reshape(resamples, units)


def difference_of(left: Clusters, right: Clusters) -> Clusters:
    """Clusters whose ratio is that of `left` less that of `right`, of the same graphs drawn together.

    Exact in every resample if both have the same denominators up to a factor.
    """
    ends = float(left.denominator.sum()), float(right.denominator.sum())
    if not all(ends):
        nothing = np.zeros_like(left.denominator)
        return Clusters(nothing, nothing)
    return Clusters(
        left.numerator / ends[0] - right.numerator / ends[1],
        (left.denominator / ends[0] + right.denominator / ends[1]) / 2.0,
    )


def resampled_seeds(seeds: Sequence[Clusters], shared: bool = True, statistic: Statistic = mean) -> Floats:
    """[R], a statistic over seeds of the ratio, with seeds and graphs drawn anew in every resample.

    Args:
        seeds: the clusters of each seed.
        shared: whether all seeds were measured on the same graphs; then one draw of graphs serves
            all of them (crossed design), else each seed draws its own (nested design).
        statistic: ``mean`` or ``interquartile_mean``.
    """
    rows = []
    for number, clusters in enumerate(seeds):
        salt = SEED if shared else SEED + 2 + number
        rows.append(resampled(clusters, draws(len(clusters.numerator), salt)))
    ratios = np.stack(rows, axis=1)
    return statistic(np.take_along_axis(ratios, picked(draws(len(seeds), SEED + 1)), axis=1))


def interval(samples: Floats, value: float, level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of resamples, widened where needed so that it contains the value."""
    known = samples[~np.isnan(samples)]
    if np.isnan(value) or not known.size:
        return float("nan"), float("nan")
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(known, [tail, 100.0 - tail])
    return min(float(low), value), max(float(high), value)


def _mean_of_kept(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(kept, values, 0.0).sum(-1) / kept.sum(-1), dtype=np.float64)
