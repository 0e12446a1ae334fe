"""The command `mechgap selftest`: table, JSON, and the exit code of a control that fails."""

from __future__ import annotations

from mechgap.measures import routing


def test_a_control_holds_and_is_told(mechgap):
    done = mechgap("selftest", "--only", "C6")
    assert done.code == 0
    assert "all controls hold" in done.out
    data = mechgap("selftest", "--only", "C6", "--json").data
    assert data["passed"]
    assert {check["control"] for check in data["checks"]} == {"C6"}
    assert all({"expected", "found", "tolerance", "passed"} <= set(check) for check in data["checks"])


def test_a_measure_that_fails_is_named(mechgap, monkeypatch):
    monkeypatch.setattr(routing, "_off", lambda channels, admissible: (channels * 0).sum(-1))
    done = mechgap("selftest", "--only", "C6")
    assert done.code == 1
    assert "not to be reported: routing/gap" in done.out
    assert "a control fails" in done.out


def test_an_unknown_control_is_refused(mechgap):
    done = mechgap("selftest", "--only", "C99", "--json")
    assert done.code == 1
    assert "C99" in done.error["faults"][0]["given"] if "faults" in done.error else "C99" in str(done.error)
