"""Intervals contain the figure, shrink with the number of graphs, and cover the truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import trim_mean

from mechgap.measures.bootstrap import (
    Clusters,
    difference_of,
    draws,
    interquartile_mean,
    interval,
    mean,
    mean_of,
    picked,
    resampled,
    resampled_seeds,
)


def simulated(rng, graphs, cells=12, spread=2.0):
    """Outcomes of graphs whose own rates differ; the true rate is one half."""
    rates = rng.beta(spread, spread, graphs)
    counts = rng.integers(1, cells + 1, graphs)
    return Clusters(rng.binomial(counts, rates).astype(float), counts.astype(float))


def bounds(clusters):
    return interval(resampled(clusters, draws(len(clusters.numerator))), clusters.ratio)


def test_the_interval_contains_the_figure():
    rng = np.random.default_rng(0)
    for graphs in (1, 2, 5, 50):
        clusters = simulated(rng, graphs)
        low, high = bounds(clusters)
        assert low <= clusters.ratio <= high


def test_the_interval_shrinks_with_more_graphs():
    rng = np.random.default_rng(1)
    widths = [np.subtract(*bounds(simulated(rng, graphs))[::-1]) for graphs in (20, 80, 320, 1280)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] / widths[-1] == pytest.approx(8, rel=0.35)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    inside = [low <= 0.5 <= high for low, high in (bounds(simulated(rng, 40)) for _ in range(400))]
    assert 0.91 <= np.mean(inside) <= 0.98


def test_outcomes_of_one_graph_do_not_count_as_independent():
    """Treating outcomes as independent would give an interval that is too narrow by far."""
    rng = np.random.default_rng(3)
    rates = rng.integers(0, 2, 50).astype(float)
    clusters = Clusters(rates * 100, np.full(50, 100.0))
    low, high = bounds(clusters)
    assert high - low > 5 * 4 * np.sqrt(0.25 / 5000)


def test_nothing_to_count_gives_no_interval():
    empty = Clusters(np.zeros(3), np.zeros(3))
    assert np.isnan(empty.ratio)
    assert np.isnan(bounds(empty)).all()


def test_sums_follow_the_mask_and_the_axis():
    values = torch.arange(24).reshape(2, 3, 4)
    mask = values % 2 == 0
    clusters = Clusters.of(values, mask, axis=1)
    assert clusters.denominator.tolist() == [4, 4, 4]
    assert clusters.numerator.tolist() == [float(values[:, g][mask[:, g]].sum()) for g in range(3)]


def test_rows_are_grouped_into_graphs():
    rows = Clusters(np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0]))
    graphs = rows.grouped(torch.tensor([2, 0, 2]), 3)
    assert graphs.numerator.tolist() == [2, 0, 5]
    assert graphs.denominator.tolist() == [1, 0, 3]
    assert graphs.ratio == rows.ratio
    assert graphs.occupied == 2


def test_the_mean_of_figures_does_not_weigh_them_by_their_counts():
    parts = [Clusters(np.array([3.0, 0.0]), np.array([3.0, 1.0])), Clusters(np.zeros(2), np.ones(2) * 50)]
    assert mean_of(parts).ratio == pytest.approx((0.75 + 0.0) / 2)


@pytest.mark.parametrize("shared", [True, False])
def test_several_seeds_vary_more_than_one(shared):
    rng = np.random.default_rng(4)
    seeds = [
        Clusters(rng.binomial(20, rate, 60).astype(float), np.full(60, 20.0)) for rate in (0.2, 0.5, 0.8)
    ]
    low, high = np.percentile(resampled_seeds(seeds, shared), [2.5, 97.5])
    alone = bounds(seeds[1])
    assert low < 0.35 < 0.65 < high
    assert high - low > 3 * (alone[1] - alone[0])


def test_the_interquartile_mean_is_that_of_scipy():
    rng = np.random.default_rng(5)
    for count in (1, 3, 4, 7, 10, 20):
        values = rng.normal(size=(50, count))
        assert interquartile_mean(values) == pytest.approx(trim_mean(values, 0.25, axis=1))
        assert mean(values) == pytest.approx(values.mean(1))


def test_values_that_are_missing_are_not_there():
    values = np.array([3.0, np.nan, 1.0, 2.0, np.nan, 9.0])
    assert interquartile_mean(values) == 2.5 == interquartile_mean(values[~np.isnan(values)])
    assert mean(values) == 3.75
    assert np.isnan(mean(np.full(3, np.nan))) and np.isnan(interquartile_mean(np.full(3, np.nan)))


def test_one_seed_that_failed_does_not_move_the_interquartile_mean():
    seeds = np.array([0.91, 0.9, 0.92, 0.93, 0.9, 0.91, 0.92, 0.91, 0.9, 0.1])
    assert interquartile_mean(seeds) > 0.9 > mean(seeds)
    assert interquartile_mean(2 * seeds + 1) == pytest.approx(2 * interquartile_mean(seeds) + 1)


def test_every_resample_picks_what_its_weights_say():
    weights = draws(7)
    found = picked(weights)
    assert found.shape == weights.shape
    counts = np.stack([(found == unit).sum(1) for unit in range(7)], axis=1)
    assert (counts == weights).all()


@pytest.mark.slow
def test_the_interquartile_mean_over_seeds_covers_the_truth():
    rng, inside = np.random.default_rng(6), []
    for _ in range(150):
        rates = np.clip(rng.normal(0.5, 0.1, 20), 0, 1)
        seeds = [Clusters(rng.binomial(20, rate, 30).astype(float), np.full(30, 20.0)) for rate in rates]
        low, high = np.percentile(resampled_seeds(seeds, False, interquartile_mean), [2.5, 97.5])
        inside.append(low <= 0.5 <= high)
    assert np.mean(inside) >= 0.89


def test_differences_of_clusters_are_differences_of_their_ratios():
    left = Clusters(np.array([3.0, 1.0, 0.0]), np.array([4.0, 2.0, 2.0]))
    right = Clusters(np.array([1.0, 1.0, 1.0]), np.array([8.0, 4.0, 4.0]))
    found = difference_of(left, right)
    assert found.ratio == pytest.approx(left.ratio - right.ratio)
    weights = draws(3)
    apart = resampled(left, weights) - resampled(right, weights)
    assert resampled(found, weights) == pytest.approx(apart, nan_ok=True)
    assert difference_of(left, left).ratio == 0.0
    nothing = Clusters(np.zeros(3), np.zeros(3))
    assert np.isnan(difference_of(left, nothing).ratio)
