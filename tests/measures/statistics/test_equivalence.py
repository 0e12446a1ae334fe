"""Equivalence is shown, difference is shown, or it stays open; and each as seldom wrong as it says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from mechgap.errors import MechgapError
from mechgap.measures.statistics.equivalence import equivalence


def arms(seed, shift=0.0, n=12):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) + shift, rng.normal(scale=2.0, size=n + 3)


def test_the_two_tests_are_those_of_scipy():
    left, right = arms(0)
    found = equivalence("x", left, right, 1.5)
    above = stats.ttest_ind(left + 1.5, right, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind(left - 1.5, right, equal_var=False, alternative="less").pvalue
    assert (found.p_above, found.p_below) == pytest.approx((above, below))
    whole = stats.ttest_ind(left, right, equal_var=False)
    assert found.p_zero == pytest.approx(whole.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(whole.confidence_interval(0.90)))


def test_the_paired_tests_are_those_of_scipy():
    left, right = arms(1)
    right = right[: len(left)]
    found = equivalence("x", left, right, 0.7, paired=True)
    above = stats.ttest_rel(left + 0.7, right, alternative="greater").pvalue
    below = stats.ttest_rel(left - 0.7, right, alternative="less").pvalue
    assert (found.p_above, found.p_below) == pytest.approx((above, below))
    assert (found.low, found.high) == pytest.approx(
        tuple(stats.ttest_rel(left, right).confidence_interval(0.9))
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("margin", [0.2, 1.0, 2.0])
def test_equivalent_is_an_interval_within_the_margin(seed, margin):
    found = equivalence("x", *arms(seed, 0.5), margin)
    within = -margin < found.low and found.high < margin
    assert found.within == within
    assert (found.verdict == f"equivalent within ±{margin:g}") == within


def test_the_three_verdicts():
    rng = np.random.default_rng(2)
    noise = rng.normal(scale=0.01, size=(2, 10))
    assert equivalence("x", *noise, 0.1).verdict == "equivalent within ±0.1"
    assert equivalence("x", noise[0] + 1, noise[1], 0.1).verdict == "different"
    assert equivalence("x", *rng.normal(size=(2, 4)), 0.1).verdict == "undecided"
    small = equivalence("x", noise[0] + 0.05, noise[1], 0.1)
    assert small.within and small.note == "there is a difference, smaller than the margin"


def test_arms_that_change_places_change_the_sides():
    left, right = arms(3, 0.5)
    one, other = equivalence("x", left, right, 1.0), equivalence("x", right, left, 1.0)
    assert (other.p_above, other.p_below) == pytest.approx((one.p_below, one.p_above))
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
    scaled = equivalence("x", 3 * left + 1, 3 * right + 1, 3.0)
    assert (scaled.p_above, scaled.p_below) == pytest.approx((one.p_above, one.p_below))


@pytest.mark.parametrize(
    ("left", "right"),
    [([], [1.0, 2.0]), ([1.0], [1.0, 2.0]), ([np.nan, 1.0], [1.0, 2.0]), ([1.0, 1.0, 1.0], [1.0, 1.0])],
    ids=["none", "one", "one known", "all alike"],
)
def test_what_cannot_be_tested_is_undecided(left, right):
    found = equivalence("x", left, right, 0.1)
    assert found.verdict == "undecided" and found.note and found.note in str(found)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["p_above"] is None


def test_equal_up_to_rounding_is_no_spread():
    assert equivalence("x", [0.1 + 0.2] * 3, [0.3] * 3, 0.1).verdict == "undecided"


@pytest.mark.parametrize("margin", [0.0, -1.0, np.nan, np.inf])
def test_a_margin_is_above_zero(margin):
    with pytest.raises(MechgapError, match="margin"):
        equivalence("x", [1, 2, 3], [1, 2, 3], margin)


def test_it_never_stands_alone():
    text = str(equivalence("gap", *arms(4), 0.5))
    assert "90 % interval [" in text and "12 and 15 seeds" in text and "above -0.5 p=" in text
    assert equivalence("gap", *arms(4), 0.5).to_json()["verdict"] in text


def test_a_difference_as_large_as_the_margin_is_seldom_called_equivalent():
    wrong = [equivalence("x", *arms(seed, 1.5, n=20), 1.5).within for seed in range(600)]
    assert np.mean(wrong) <= 0.08
