"""The benchmark of training: its tables say what was measured, and it runs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"


@pytest.fixture
def training(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.training")


ABOUT = {"date": "2030-01-02", "cores": 2, "load": 0.5, "threads": 1}
OURS = {"versions": {"mechgap": "1.2"}, "processor_steps": 5.0, "operations": 2e9, "sgemm": 1e11}
THEIRS = {"versions": {"dm-clrs": "2"}, "processor_steps": 7, "rates": [2.0, 5.0]}
SPEED = {"task": "bfs", "processor": "mpnn", "mechgap": {**OURS, "rates": [10.0, 15.0]}, "clrs": THEIRS}


def curve(side, seed, *scores):
    values = dict(zip(("50", "100"), scores, strict=True))
    return {"task": "bfs", "processor": "gatv2", "side": side, "seed": seed, "scores": values}


def test_ratios_are_taken_turn_by_turn_and_the_floor_is_told(training):
    (line,) = training.speed_lines([SPEED])[2:]
    assert line == "| bfs | mpnn | 12.5 | 3.5 | 4×(3–5) | 5.0 / 7 | 2.00 | 20.0 | 80 | 4.0× |".replace(
        "×(", "× ("
    )
    alone = {name: value for name, value in SPEED.items() if name != "clrs"}
    assert "| 12.5 | – | – | 5.0 |" in training.speed_lines([alone])[2]


def test_curves_are_means_over_seeds(training):
    rows = [curve("mechgap", 0, 0.5, 0.75), curve("mechgap", 1, 0.7, 0.85), curve("clrs", 0, 0.25, 0.5)]
    ours, theirs = training.curve_lines(rows)[2:]
    assert ours == "| bfs | gatv2 | mechgap | 2 | 0.600 (0.500–0.700) | 0.800 (0.750–0.850) |"
    assert theirs == "| bfs | gatv2 | dm-clrs | 1 | 0.250 | 0.500 |"


def test_the_page_in_the_documents_has_the_tables(training):
    reporting = importlib.import_module("benchmarks.reporting")
    shown = reporting.between(PAGE, training.PLACE)
    assert "dm-clrs steps/s" in shown and "| bellman_ford | mpnn |" in shown


def test_it_runs_without_dm_clrs(tmp_path):
    file = tmp_path / "figures.json"
    file.write_text(json.dumps({"curves": {"about": ABOUT, "rows": [curve("mechgap", 0, 0.5, 0.75)]}}))
    chosen = ["--quick", "--part", "speed", "--only", "bfs", "--json", str(file)]
    command = [sys.executable, "-m", "benchmarks.training", *chosen]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())
    assert [row["processor"] for row in figures["speed"]["rows"]] == ["gatv2", "mpnn"]
    assert all(row["mechgap"]["rates"][0] > 0 for row in figures["speed"]["rows"])
    assert "| bfs | gatv2 | mechgap | 1 | 0.500 | 0.750 |" in done.stdout


@pytest.fixture
def measured(training, tmp_path, monkeypatch):
    """The rows of one part for small networks."""
    monkeypatch.setattr(training, "NODES", 4)
    monkeypatch.setattr(training, "HIDDEN", 8)
    monkeypatch.setattr(training, "WIDTHS", (8,))
    monkeypatch.chdir(ROOT)

    def rows(part, *options):
        file = tmp_path / "figures.json"
        chosen = ["--quick", "--part", part, *options, "--json", str(file)]
        monkeypatch.setattr(sys, "argv", ["training", *chosen])
        training.main()
        return json.loads(file.read_text())[part]["rows"]

    return rows


def test_curves_are_of_the_processors_that_were_asked_for(measured):
    options = ["--steps", "1", "--only", "bfs"]
    assert [row["processor"] for row in measured("curves", *options, "--processor", "mpnn")] == ["mpnn"]
    assert [row["processor"] for row in measured("curves", *options)] == ["gatv2", "mpnn"]


def test_seeds_on_a_device_stand_beside_those_on_the_processor(measured):
    rows = measured("accelerator", "--device", "cpu", "--processor", "gatv2", "--count", "1", "--count", "3")
    assert [row["seeds"] for row in rows] == [1, 3, 1, 3]
    assert all(row["stacked"] > 0 and row["in turns"] > 0 and "steps" not in row for row in rows)


def test_each_job_of_the_worker_is_answered():
    jobs = [
        {"job": "learn", "seed": 0, "steps": 2, "every": 1},
        *({"job": "seeds", "seeds": 2, "steps": 1, "stacked": stacked} for stacked in (True, False)),
    ]
    command = [sys.executable, "-m", "benchmarks.training_worker", "bfs", "mpnn", "5", "4", "1", "8"]
    text = "\n".join(map(json.dumps, jobs))
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    about, learned, stacked, turns = (json.loads(line) for line in done.stdout.splitlines())
    assert about["operations"] > 0 and about["sgemm"] > 1e8
    assert set(learned["scores"]) == {"1", "2"} and all(0 <= s <= 1 for s in learned["scores"].values())
    assert stacked["count"] == turns["count"] == 2


def test_fresh_graphs_come_once_each(monkeypatch):
    """Not as the benchmark draws a batch, with repetition: then a step has fewer graphs than dm-clrs's."""
    monkeypatch.syspath_prepend(str(ROOT))
    worker = importlib.import_module("benchmarks.training_worker")
    trainer = worker._Trainer("bellman_ford", "gatv2", 16, 32, 8, "cpu")

    def distinct(fresh):
        (trace,) = trainer._traces(10**7 + 1, 1, fresh=fresh)
        return len({graph.numpy().tobytes() for graph in trace.batch.values["A"]})

    assert distinct(fresh=True) == 32
    assert distinct(fresh=False) < 32
