"""The whole road, small; going on where it was left."""

from __future__ import annotations

import functools
import json

import pytest

from mechgap.lab import experiment
from mechgap.lab.measurement import MeasurePlan
from mechgap.lab.verification import VerificationPlan

FILES = (
    "config.json",
    "program.txt",
    "compiled.safetensors",
    "verification.json",
    "trained.safetensors",
    "metrics.json",
    "example.json",
    "exchanges.json",
    "report.html",
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Measurements and verifications of seconds, not minutes."""
    plan = functools.partial(MeasurePlan, n=6, graphs=6, sizes=(8,), more=4, swaps=2, random=1)
    monkeypatch.setattr(experiment, "MeasurePlan", plan)
    monkeypatch.setattr(experiment, "VERIFIED", VerificationPlan(sizes=(4,), count=1))


def test_run_makes_a_folder_and_goes_on_in_it(mechgap, tmp_path):
    first = mechgap("run", "bfs", "--steps", 2, "--json")
    assert first.code == 0
    folder = tmp_path / "runs" / "bfs-quick-0"
    assert folder.samefile(first.data["folder"])
    assert {path.name for path in folder.iterdir()} >= set(FILES)
    assert [s["stage"] for s in first.data["stages"]] == [
        *("show", "compile", "verify", "train", "measure", "report")
    ]
    assert not any(stage["reused"] for stage in first.data["stages"])

    again = mechgap("run", "bfs", "--steps", 2, "--json").data
    assert all(stage["reused"] for stage in again["stages"])

    before = (folder / "trained.safetensors").read_bytes()
    (folder / "metrics.json").unlink()
    part = mechgap("run", "bfs", "--steps", 2, "--json").data
    assert [s["reused"] for s in part["stages"]] == [True] * 4 + [False] * 2
    assert (folder / "trained.safetensors").read_bytes() == before

    other = mechgap("run", "bfs", "--steps", 3)
    assert other.code == 1
    assert "--fresh" in other.err
    fresh = mechgap("run", "bfs", "--steps", 3, "--fresh")
    assert fresh.code == 0
    assert "reused" not in fresh.out
    assert json.loads((folder / "config.json").read_text())["training"]["steps"] == 3


def test_run_of_a_users_program(mechgap, own, tmp_path):
    done = mechgap("run", own, "--steps", 2, "--out", tmp_path / "mine")
    assert done.code == 0, done.err
    assert "report.html" in done.out
    assert "lowest_label" in (tmp_path / "mine" / "report.html").read_text()


def test_an_interrupted_run_goes_on(mechgap, monkeypatch, tmp_path):
    from mechgap.training import loop

    class Asked(loop.Interruption):
        def __enter__(self):
            self.asked = True
            return self

        def __exit__(self, *_):
            pass

    with monkeypatch.context() as stopped:
        stopped.setattr(loop, "Interruption", Asked)
        done = mechgap("run", "bfs", "--steps", 2)
    assert done.code == 130
    assert not (tmp_path / "runs" / "bfs-quick-0" / "trained.safetensors").exists()
    stages = mechgap("run", "bfs", "--steps", 2, "--json").data["stages"]
    assert [s["reused"] for s in stages] == [True] * 3 + [False] * 3
