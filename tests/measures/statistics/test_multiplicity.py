"""Holm's step-down: monotone, between p and Bonferroni, and right as often as it says."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mechgap.errors import MechgapError
from mechgap.measures.statistics.multiplicity import holm

tests = st.dictionaries(st.text(max_size=4), st.floats(0, 1), min_size=1, max_size=12)


def test_an_example_by_hand():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert {name: t.adjusted for name, t in found.items()} == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )
    assert [name for name, t in found.items() if t.rejected] == ["a", "d"]


@given(tests)
def test_adjusted_lies_between_p_and_bonferroni(given_tests):
    for name, found in holm(given_tests).items():
        p = given_tests[name]
        assert p <= found.adjusted <= min(1.0, len(given_tests) * p)
        assert found.tests == len(given_tests)


@given(tests)
def test_the_order_of_p_is_kept_and_that_of_names_does_not_matter(given_tests):
    found = holm(given_tests)
    assert list(found) == list(given_tests)
    ordered = sorted(given_tests, key=lambda name: given_tests[name])
    values = [found[name].adjusted for name in ordered]
    assert values == sorted(values)
    assert holm(dict(reversed(given_tests.items()))) == found


@given(tests, st.floats(0.01, 0.2))
def test_it_rejects_what_the_steps_reject(given_tests, alpha):
    ordered = sorted(given_tests, key=lambda name: given_tests[name])
    rejected = set()
    for place, name in enumerate(ordered):
        if given_tests[name] * (len(ordered) - place) > alpha:
            break
        rejected.add(name)
    assert {name for name, found in holm(given_tests, alpha).items() if found.rejected} == rejected


@given(tests)
def test_what_was_not_tested_does_not_count(given_tests):
    found = holm({**given_tests, "missing": math.nan})
    missing = found.pop("missing")
    assert math.isnan(missing.adjusted) and not missing.rejected
    assert str(missing) == "missing: nothing to test"
    given_tests.pop("missing", None)
    assert found == holm(given_tests)


def test_p_is_a_probability():
    with pytest.raises(MechgapError, match="p of a"):
        holm({"a": 1.5})


def test_it_never_stands_alone():
    found = holm({"a": 0.01, "b": 0.2})["a"]
    assert str(found) == "a: p=0.010, p=0.020 among 2 tests (Holm): rejected at 0.05"
    assert json.loads(json.dumps(found.to_json()))["rejected"] is True


def test_any_false_rejection_is_as_rare_as_the_level():
    rng = np.random.default_rng(0)
    wrong = [
        any(t.rejected for t in holm({f"{k}": float(p) for k, p in enumerate(rng.random(8))}).values())
        for _ in range(2000)
    ]
    assert 0.035 <= np.mean(wrong) <= 0.065
