"""Coefficients and intervals are those of the textbooks; the test and the interval keep what they promise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mechgap.errors import MechgapError
from mechgap.measures.statistics.correlation import correlation

KINDS = ("spearman", "pearson")
COEFFICIENT = {"spearman": stats.spearmanr, "pearson": stats.pearsonr}
kinds = pytest.mark.parametrize("kind", KINDS)


def linked(rng, n, slope=0.6):
    x = rng.normal(size=n)
    return x, slope * x + rng.normal(size=n)


@kinds
@given(n=st.integers(4, 30), seed=st.integers(0, 10**6), whole=st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_coefficient_is_that_of_scipy(kind, n, seed, whole):
    x, y = linked(np.random.default_rng(seed), n)
    if whole:  # many ties
        x, y = np.round(x), np.round(y)
    found = correlation("x and y", x, y, kind)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert not found.known
    else:
        assert found.value == pytest.approx(COEFFICIENT[kind](x, y).statistic, abs=1e-9)
        assert found.low <= found.value + 1e-12 and found.value <= found.high + 1e-12


def test_the_interval_of_pearson_is_that_of_scipy():
    x, y = linked(np.random.default_rng(1), 25)
    found = correlation("x and y", x, y, "pearson")
    assert (found.low, found.high) == pytest.approx(stats.pearsonr(x, y).confidence_interval(), abs=1e-9)


def test_the_interval_of_spearman_is_wider_than_that_of_pearson():
    ranks = np.random.default_rng(2).permutation(20)
    x, y = np.arange(20), np.where(np.arange(20) < 12, np.arange(20), ranks)
    y = stats.rankdata(y, method="ordinal")
    own, other = (correlation("ranks", x, y, kind) for kind in KINDS)
    assert own.value == pytest.approx(other.value)
    assert own.low < other.low and own.high > other.high
    error = np.sqrt((1 + own.value**2 / 2) / 17)
    assert np.arctanh(own.high) - np.arctanh(own.value) == pytest.approx(1.959964 * error, rel=1e-6)


@kinds
def test_all_permutations_of_few_points_give_the_exact_p(kind):
    x, y = linked(np.random.default_rng(3), 6)
    found = correlation("x and y", x, y, kind)
    assert (found.arrangements, found.exact) == (720, True)

    def statistic(changed):
        return abs(COEFFICIENT[kind](changed, y).statistic)

    exact = stats.permutation_test(
        (x,), statistic, permutation_type="pairings", alternative="greater", n_resamples=np.inf
    )
    assert found.p == pytest.approx(exact.pvalue)


@kinds
def test_drawn_permutations_give_nearly_the_p_of_theory(kind):
    rng = np.random.default_rng(4)
    for slope in (0.0, 0.3, 0.6):
        x, y = linked(rng, 40, slope)
        found = correlation("x and y", x, y, kind)
        assert not found.exact
        assert found.p == pytest.approx(COEFFICIENT[kind](x, y).pvalue, abs=0.02)
    assert correlation("x and x", x, x, kind).p == pytest.approx(1 / 10_001)


def test_spearman_sees_order_alone():
    x, y = linked(np.random.default_rng(5), 20)
    found, bent = correlation("x and y", x, y), correlation("x and y", np.exp(x), y**3)
    assert bent == found
    assert correlation("x and -y", x, -y).value == pytest.approx(-found.value)
    moved = correlation("x and y", 3 * x + 1e6, y, "pearson")
    assert moved.value == pytest.approx(correlation("x and y", x, y, "pearson").value)


def checkpoints(rng, runs, of_each):
    """Runs with checkpoints that are nearly alike; x and y have nothing to do with each other."""
    x, y = (np.repeat(rng.normal(size=runs), of_each) for _ in range(2))
    noise = rng.normal(scale=0.1, size=(2, runs * of_each))
    return x + noise[0], y + noise[1], np.repeat(np.arange(runs), of_each).tolist()


def test_points_of_one_run_do_not_count_as_independent():
    alone, together = [], []
    for seed in range(60):
        x, y, runs = checkpoints(np.random.default_rng(seed), 6, 8)
        alone.append(correlation("x and y", x, y).p <= 0.05)
        found = correlation("x and y", x, y, clusters=runs)
        together.append(found.p <= 0.05)
        assert (found.n, found.replicates, found.arrangements, found.exact) == (48, 6, 720, True)
        assert "6 seeds: the interval needs 10 or more" in found.note
    assert np.mean(alone) > 0.4
    assert np.mean(together) <= 0.15


def test_clusters_of_one_point_are_no_clusters():
    x, y = linked(np.random.default_rng(6), 15)
    assert correlation("x and y", x, y, clusters=list(range(15))) == correlation("x and y", x, y)


def test_the_interval_of_clusters_is_that_of_their_number():
    """Copies of points add nothing: the interval of ten copies is about that of the points themselves."""
    x, y = linked(np.random.default_rng(7), 30)
    copied = [np.repeat(part, 10) for part in (x, y)]
    clusters = np.repeat(np.arange(30), 10).tolist()
    own = correlation("x and y", x, y, "pearson")
    right = correlation("x and y", *copied, "pearson", clusters)
    wrong = correlation("x and y", *copied, "pearson")
    assert right.high - right.low == pytest.approx(own.high - own.low, rel=0.3)
    assert wrong.high - wrong.low < 0.5 * (own.high - own.low)
    assert right.p == pytest.approx(own.p, abs=0.01)


def test_only_runs_with_as_many_points_change_places():
    x, y = linked(np.random.default_rng(8), 6)
    found = correlation("x and y", x, y, clusters=["a", "b", "b", "c", "c", "c"])
    assert np.isnan(found.p) and "none can change places" in found.note
    assert found.known and found.replicates == 3


def test_points_without_a_figure_are_left_out():
    x, y = linked(np.random.default_rng(9), 12)
    gaps = [np.append(x, (np.nan, 0.0)), np.append(y, (0.0, np.nan))]
    found = correlation("x and y", *gaps)
    assert found.n == 12 and "2 points without a figure" in found.note
    assert found.value == correlation("x and y", x, y).value


@pytest.mark.parametrize(
    ("x", "y", "clusters"),
    [
        ([], [], None),
        ([1, 2], [2, 3], None),
        ([1, 1, 1, 1], [1, 2, 3, 4], None),
        ([1, 2, 3, 4], [1, 2, 3, 4], list("aabb")),
        ([np.nan] * 5, [1, 2, 3, 4, 5], None),
    ],
    ids=["none", "two", "constant", "two clusters", "unknown"],
)
def test_where_nothing_can_be_said_nothing_is(x, y, clusters):
    found = correlation("x and y", x, y, clusters=clusters)
    assert not found.known and np.isnan(found.p)
    assert str(found).startswith("x and y: nothing to count (")
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["value"] is data["low"] is data["p"] is None


def test_three_points_have_no_interval():
    found = correlation("x and y", [1, 2, 3], [1, 3, 2])
    assert found.known and np.isnan(found.low) and found.p == 1.0


def test_lists_must_match():
    with pytest.raises(MechgapError, match="4 and 3 numbers"):
        correlation("x and y", [1, 2, 3, 4], [1, 2, 3])
    with pytest.raises(MechgapError, match="2 clusters"):
        correlation("x and y", [1, 2, 3], [1, 2, 3], clusters=["a", "b"])
    with pytest.raises(MechgapError, match="infinite"):
        correlation("x and y", [1, 2, np.inf], [1, 2, 3])


def test_it_never_stands_alone():
    x, y = linked(np.random.default_rng(10), 12)
    text = str(correlation("accuracy and faithfulness", x, y, unit="run"))
    assert text.startswith("accuracy and faithfulness: spearman ")
    assert "[" in text and "n=12, 12 runs, p" in text


@pytest.mark.slow
@kinds
def test_intervals_cover_the_truth_as_often_as_they_say(kind):
    rng, true = np.random.default_rng(11), 0.5
    truth = true if kind == "pearson" else 6 / np.pi * np.arcsin(true / 2)
    inside = []
    for _ in range(600):
        x, y = rng.multivariate_normal([0, 0], [[1, true], [true, 1]], 25).T
        found = correlation("x and y", x, y, kind)
        inside.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.98
