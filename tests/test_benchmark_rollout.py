"""The benchmark of rollouts: its ratios are right, its table is where the page has its place, it runs."""

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
def rollout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.rollout")


def side(*rates):
    return {"rates": list(rates), "peak_mib": 300, "base_mib": 200}


ROW = {"task": "bfs", "n": 16, "batch": 32, "frames": 5, "network": side(10.0, 30.0), "clrs": side(5.0, 5.0)}
ABOUT = {"date": "2030-01-02", "cores": 2, "load": 0.5, "threads": 1, "clock": "cpu", "seconds": 1.0}
FIGURES = {"about": {**ABOUT, "turns": 2, "versions": [{"mechgap": "1.2"}]}, "rows": [ROW]}


def test_ratios_are_taken_turn_by_turn(rollout):
    assert rollout.ratio(ROW, "clrs") == "4× (2–6)"
    assert rollout.ratio(ROW, "kernel") == "–"


def test_the_table_stands_between_the_marks_of_a_page(rollout, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- rollouts -->\nold\n<!-- /rollouts -->\nbelow\n")
    rollout.write(page, FIGURES)
    text = page.read_text()
    assert text.startswith("above\n") and text.endswith("below\n") and "old" not in text
    assert "| bfs | 16 | 32 | 5 | 20 | 300 | – | – | – | – | 5 | 300 | 4× (2–6) |" in text


def test_the_page_in_the_documents_has_the_table(rollout, monkeypatch):
    traces = importlib.import_module("benchmarks.traces")
    reporting = importlib.import_module("benchmarks.reporting")
    assert "| dijkstra | 256 |" in reporting.between(PAGE, rollout.PLACE)
    assert reporting.marks(rollout.PLACE)[0] in traces._beside(PAGE)


def test_it_runs_without_dm_clrs(tmp_path):
    file = tmp_path / "figures.json"
    chosen = ["--only", "bfs", "--size", "8", "--seconds", "0.01", "--turns", "1", "--json", str(file)]
    command = [sys.executable, "-m", "benchmarks.rollout", *chosen]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(file.read_text())["rows"]
    assert all(row[name]["rates"][0] > 0 for name in ("network", "kernel", "steps")), done.stderr
    assert row["network"]["peak_mib"] >= row["network"]["base_mib"] > 10
    assert "| bfs | 8 |" in done.stdout
