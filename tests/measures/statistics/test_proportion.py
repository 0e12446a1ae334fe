"""Shares of seeds have exact intervals."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from mechgap.errors import MechgapError
from mechgap.measures.statistics.proportion import proportion


@pytest.mark.parametrize("n", [1, 5, 10, 30])
def test_the_interval_is_that_of_scipy(n):
    for count in range(n + 1):
        found = proportion("kept", count, n)
        exact = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
        assert found.low <= found.value <= found.high
        assert (found.n, found.unit, found.replicates) == (n, "seed", n)


def test_of_nothing_there_is_no_share():
    found = proportion("kept", 0, 0)
    assert math.isnan(found.value) and str(found) == "kept: nothing to count"


def test_a_count_is_one_of_n():
    with pytest.raises(MechgapError, match="3 of 2"):
        proportion("kept", 3, 2)
