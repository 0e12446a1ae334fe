"""`mechgap compare`: real runs, chosen figures, and folders that are none."""

from __future__ import annotations

import functools

import pytest

from lab.folders import write_run
from mechgap.lab import experiment
from mechgap.lab.measurement import MeasurePlan
from mechgap.lab.verification import VerificationPlan


@pytest.fixture
def runs(tmp_path):
    return [write_run(tmp_path / f"{k}", k, 0.9 + k / 100, 0.4 + k / 20, kept=k > 2) for k in range(10)]


def test_it_prints_measures_verdicts_and_the_relation(mechgap, runs):
    done = mechgap("compare", *runs)
    assert done.code == 0, done.err
    assert "bfs (quick), 10 seeds" in done.out and "IQM over seeds" in done.out
    assert "kept bfs in 7 of 10 seeds [35%, 93%]" in done.out
    assert "spearman 1.000 [1.000, 1.000] (n=10, 10 seeds, p<0.0001)" in done.out


def test_it_writes_a_page_and_speaks_json(mechgap, runs, tmp_path):
    done = mechgap("compare", *runs, "--faithfulness", "routing/gap", "--out", tmp_path / "c.html", "--json")
    assert done.code == 0, done.err
    assert done.data["groups"][0]["rows"]["behaviour/valid"]["replicates"] == 10
    assert done.data["relations"][0]["correlation"]["value"] == pytest.approx(-1.0)
    assert "kept bfs in 7 of 10 seeds" in (tmp_path / "c.html").read_text()


def test_folders_that_cannot_be_compared_are_faults(mechgap, runs, tmp_path):
    other = write_run(tmp_path / "other", 11, digest="f" * 64)
    done = mechgap("compare", *runs, other, "--json")
    assert (done.code, done.error["kind"]) == (1, "FileFormatError")
    assert "different programs" in done.error["faults"][0]["expected"]
    done = mechgap("compare", tmp_path)
    assert done.code == 1 and "without config.json" in done.err
    assert mechgap("compare").code == 2


def test_what_run_writes_can_be_compared(mechgap, monkeypatch):
    plan = functools.partial(MeasurePlan, n=6, graphs=6, sizes=(8,), more=4, swaps=2, random=1)
    monkeypatch.setattr(experiment, "MeasurePlan", plan)
    monkeypatch.setattr(experiment, "VERIFIED", VerificationPlan(sizes=(4,), count=1))
    folder = mechgap("run", "bfs", "--steps", 2, "--seed", 3, "--json").data["folder"]
    done = mechgap("compare", folder, "--out", "c.html", "--json")
    assert done.code == 0, done.err
    (group,) = done.data["groups"]
    assert group["label"] == "quick" and [*group["runs"]] == ["3"]
    assert group["rows"]["behaviour/valid"]["exact"]["value"] == 1.0
    assert {"bfs", "bfs_distance"} <= group["kept"].keys()
