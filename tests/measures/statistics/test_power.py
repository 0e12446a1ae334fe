"""Statements of power hold when they are tried."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from mechgap.errors import MechgapError
from mechgap.measures.statistics.power import (
    detectable_correlation,
    detectable_difference,
    equivalence_power,
)


@pytest.mark.parametrize(
    ("n", "least"),
    [(5, 0.88), (8, 0.71), (10, 0.63), (15, 0.51), (20, 0.44), (30, 0.36), (50, 0.28), (100, 0.20)],
)
def test_the_known_table_of_correlations(n, least):
    found = detectable_correlation(n)
    assert found.significant == pytest.approx(least, abs=0.005)
    assert found.significant < found.detectable < 1.0
    assert detectable_correlation(n, "pearson").detectable < found.detectable


def test_a_detectable_correlation_is_detected():
    found = detectable_correlation(20, "pearson")
    rng, r = np.random.default_rng(0), found.detectable
    draws = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], (4000, 20))
    seen = [abs(np.corrcoef(points.T)[0, 1]) >= found.significant for points in draws]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("paired", [False, True])
def test_a_detectable_difference_is_detected(paired):
    found = detectable_difference(8, 2.0, paired=paired)
    rng = np.random.default_rng(1)
    if paired:
        p = stats.ttest_1samp(rng.normal(found.detectable, 2.0, (8, 4000)), 0.0).pvalue
    else:
        p = stats.ttest_ind(
            rng.normal(found.detectable, 2.0, (8, 4000)), rng.normal(0, 2.0, (8, 4000))
        ).pvalue
    assert np.mean(p < 0.05) == pytest.approx(0.8, abs=0.025)
    assert found.significant < found.detectable
    assert detectable_difference(8, 4.0, paired=paired).detectable == pytest.approx(2 * found.detectable)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("n", "true"), [(6, 0.0), (15, 0.0), (15, 0.5)])
def test_the_power_of_an_equivalence_test_is_what_it_says(n, true, paired):
    found = equivalence_power(n, 1.0, 1.0, true=true, paired=paired)
    rng = np.random.default_rng(2)
    left, right = rng.normal(true, 1.0, (n, 6000)), rng.normal(0.0, 1.0, (n, 6000))
    if paired:
        tests = [
            stats.ttest_1samp(left, side, alternative=way).pvalue
            for side, way in ((-1.0, "greater"), (1.0, "less"))
        ]
    else:
        tests = [
            stats.ttest_ind(left - side, right, alternative=way).pvalue
            for side, way in ((-1.0, "greater"), (1.0, "less"))
        ]
    shown = np.mean((tests[0] < 0.05) & (tests[1] < 0.05))
    assert found.power == pytest.approx(shown, abs=0.02)


def test_more_seeds_find_more():
    for statement in (detectable_correlation, lambda n: detectable_difference(n, 1.0)):
        values = [statement(n).detectable for n in (5, 10, 20, 40)]
        assert values == sorted(values, reverse=True)
    powers = [equivalence_power(n, 1.0, 1.0).power for n in (5, 10, 20, 40)]
    assert powers == sorted(powers) and powers[-1] > 0.99
    assert equivalence_power(20, 1.0, 0.5, true=0.5).power <= 0.05


def test_what_cannot_be_planned_is_refused():
    for call in (
        lambda: detectable_correlation(3),
        lambda: detectable_correlation(10, power=1.0),
        lambda: detectable_difference(1, 1.0),
        lambda: detectable_difference(10, 0.0),
        lambda: equivalence_power(10, 1.0, 0.0),
    ):
        with pytest.raises(MechgapError):
            call()


def test_statements_name_their_n():
    texts = [
        str(detectable_correlation(30)),
        str(detectable_difference(10, 0.1)),
        str(equivalence_power(10, 0.1, 0.1)),
    ]
    assert all("n=" in text and "seeds" in text and "power" in text for text in texts)
    assert json.loads(json.dumps(detectable_correlation(30).to_json()))["n"] == 30
