"""Differences of arms: exact tests, intervals that cover, and what pairs are good for."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from mechgap.errors import MechgapError
from mechgap.measures.bootstrap import interquartile_mean, mean
from mechgap.measures.statistics.arms import difference_of_arms


def arms(seed, left=6, right=5, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=left) + shift, rng.normal(size=right)


@pytest.mark.parametrize("statistic", [mean, interquartile_mean])
def test_the_exact_p_counts_all_ways_to_deal_the_seeds(statistic):
    left, right = arms(0, shift=1.0)
    found = difference_of_arms("x", left, right, statistic=statistic)
    everything, values = np.concatenate((left, right)), []
    for chosen in combinations(range(11), 6):
        inside = np.isin(np.arange(11), chosen)
        values.append(statistic(everything[inside]) - statistic(everything[~inside]))
    assert (found.arrangements, found.exact) == (len(values), True)
    assert found.p == pytest.approx(np.mean(np.abs(values) >= abs(found.value) - 1e-12))


def test_the_exact_p_of_pairs_is_that_of_scipy():
    left, right = arms(1, 9, 9, 0.5)
    found = difference_of_arms("x", left, right, paired=True, statistic=mean)
    exact = stats.permutation_test(
        (left, right), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert (found.arrangements, found.exact) == (512, True)
    assert found.p == pytest.approx(exact.pvalue)


def test_p_is_uniform_where_the_arms_are_the_same():
    small = [difference_of_arms("x", *arms(seed, 5, 5)).p <= 0.1 for seed in range(300)]
    assert np.mean(small) <= 0.14


def test_arms_that_change_places_change_the_sign():
    left, right = arms(2, 8, 8, 1.0)
    one, other = difference_of_arms("x", left, right), difference_of_arms("x", right, left)
    assert other.value == pytest.approx(-one.value) and other.p == pytest.approx(one.p)
    moved = difference_of_arms("x", 2 * left + 7, 2 * right + 7)
    assert moved.value == pytest.approx(2 * one.value) and moved.p == pytest.approx(one.p)
    assert (moved.low, moved.high) == pytest.approx((2 * one.low, 2 * one.high))


def test_pairs_find_what_seeds_hide():
    rng = np.random.default_rng(3)
    seeds = rng.normal(scale=5.0, size=12)
    left, right = seeds + 1 + rng.normal(scale=0.1, size=12), seeds
    assert difference_of_arms("x", left, right).p > 0.3
    paired = difference_of_arms("x", left, right, paired=True)
    assert paired.p < 0.01 and 0.8 < paired.low < paired.high < 1.2


def test_many_seeds_are_permuted_at_random():
    found = difference_of_arms("x", *arms(4, 20, 20, 3.0))
    assert not found.exact and found.p == pytest.approx(1 / 10_001)
    assert difference_of_arms("x", *arms(4, 20, 20, 3.0)) == found


def test_seeds_without_a_figure_are_left_out():
    found = difference_of_arms("x", [1, 2, np.nan, 4], [1, 1, 1, np.nan], paired=True, statistic=mean)
    assert (found.n, found.value) == (2, 0.5)
    assert "2 pairs without a figure" in found.note
    assert difference_of_arms("x", [1, np.nan, 3], [1]).n == 2


def test_an_empty_arm_is_nothing_to_count():
    found = difference_of_arms("x", [], [1.0, 2.0])
    assert not found.known and str(found) == "x: nothing to count (0 and 2 seeds)"
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["p"] is None


def test_pairs_must_match():
    with pytest.raises(MechgapError, match="3 and 2 numbers"):
        difference_of_arms("x", [1, 2, 3], [1, 2], paired=True)


def test_it_never_stands_alone():
    text = str(difference_of_arms("gap", *arms(5)))
    assert text.startswith("gap: ") and "[" in text and "6 and 5 seeds, p=" in text
    assert "5 pairs of seeds" in str(difference_of_arms("gap", *arms(6, 5, 5), paired=True))


@pytest.mark.slow
@pytest.mark.parametrize("paired", [False, True])
def test_intervals_of_twenty_seeds_cover_the_truth(paired):
    inside = []
    for seed in range(300):
        found = difference_of_arms("x", *arms(seed, 20, 20, 1.0), paired=paired)
        inside.append(found.low <= 1.0 <= found.high)
    assert 0.90 <= np.mean(inside) <= 0.98
