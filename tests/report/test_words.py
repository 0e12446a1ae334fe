"""The verdict in words."""

from __future__ import annotations

import pytest

from mechgap.report.words import headline, listed


def panel(valid: float, **kept: bool | None):
    standings = [{"program": name, "kept": value, "reasons": []} for name, value in kept.items()]
    return {
        "program": "p",
        "rows": {"behaviour/valid": {"value": valid}},
        "verdict": {"standings": standings},
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (panel(0.5, p=True), "has not learned p: 50.0%"),
        (panel(1.0, p=True, q=False), "answers like p, and it computes like p."),
        (panel(1.0, p=True, q=True), "may compute like p or q"),
        (panel(1.0, p=False, q=True), "but it computes like q."),
        (panel(1.0, p=False, q=False), "like none of the 2 algorithms tried"),
        (panel(1.0, p=False), "but it does not compute like it"),
        (panel(1.0, p=None), "No exchange of states changes an answer"),
    ],
)
def test_headlines(given, said):
    assert said in headline(given)


def test_lists():
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        *("none", "a", "a and b", "a, b and c")
    ]
