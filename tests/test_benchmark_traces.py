"""The benchmark of traces: its figures are right, its page is the tool's, and it runs without dm-clrs."""

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
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.trace_tables")


def row(task, n, mine, theirs=None, nodes=None):
    """A row of figures: rates of both sides, turn by turn."""
    side = {"frames": 2.5, "batch": 64, "peak_mib": 300, "base_mib": 200}
    sides = {
        "mechgap": {**side, "rates": mine},
        "clrs": None if theirs is None else {**side, "rates": theirs},
    }
    return {"task": task, "n": n, "nodes": nodes or n, **sides, "wide": 1.5, "compile_s": 2.0}


ROWS = [
    row("bfs", 16, [4000.0, 5000.0, 6000.0], [100.0, 50.0, 100.0]),
    row("dfs", 16, [40.0, 45.0], [10.0, 9.0]),
    row("bfs", 64, [500.0], [5.0]),
    row("bfs", 256, [20.0]),
    row("dfs", 256, [0.1]),
]
ABOUT = {
    "date": "2030-01-02",
    "cores": 2,
    "threads": 1,
    "clock": "wall",
    "seconds": 9.0,
    "turns": 3,
    "memory": 512.0,
    "versions": [{"mechgap": "1.2"}, {"dm-clrs": "2.0.3"}],
}


def test_ratios_are_taken_turn_by_turn(tables):
    assert tables.ratios(ROWS[0]) == [40.0, 100.0, 60.0]
    assert tables.ratio(ROWS[0]) == 60.0
    assert tables.ratios(ROWS[3]) == []


def test_the_summary_names_median_smallest_and_shares(tables):
    line = tables.summary(ROWS[:2])
    assert line == "median 32.2×; smallest 4.50× (dfs); 1 of 2 at 50× or more; 1 of 2 at 10× or more"
    assert tables.summary(ROWS[3:]) == ""


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.5])
def test_growth_is_the_slope_of_the_logarithms(tables, exponent):
    rows = [row("bfs", n, [1000 / n**exponent]) for n in (16, 64, 256)]
    assert tables.growth(rows) == pytest.approx(exponent)


def test_growth_needs_two_sizes(tables):
    rows = [row("segments_intersect", n, [1000.0], nodes=4) for n in (16, 64, 256)]
    assert tables.growth(rows) is None


def test_the_page_shows_every_figure(tables, capsys):
    figures = {"about": ABOUT, "rows": ROWS}
    text = tables.page(figures)
    assert "| bfs | 100 | 64 | 300 | 5,000 | 60.0 (40.0–100) | 64 | 300 | 1.50 | 2.00 |" in text
    assert "| dfs | 0.100 | 64 | 300 | 1.50 | 2.00 | 2.18 |" in text
    assert "2 cores" in text and "mechgap 1.2; dm-clrs 2.0.3" in text
    assert max(map(len, tables.INTRODUCTION.splitlines())) <= 120
    tables.print_figures(figures)
    printed = capsys.readouterr().out
    assert "60.0 (40.0–100)" in printed and "smallest 4.50× (dfs)" in printed


def test_numbers_have_three_digits(tables):
    values = (0, 0.00123, 0.5, 1.0, 9.994, 12.34, 123.4, 12345.6)
    shown = ["0", "0.0012", "0.500", "1.00", "9.99", "12.3", "123", "12,346"]
    assert [tables._short(value) for value in values] == shown


def test_it_runs_without_dm_clrs(tmp_path):
    file, page = tmp_path / "figures.json", tmp_path / "page.md"
    command = [sys.executable, "-m", "benchmarks.traces", "--quick", "--seconds", "0.05", "--memory", "1"]
    chosen = ["--only", "bfs", "--size", "8", "--json", str(file), "--write", str(page)]
    done = subprocess.run([*command, *chosen], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(file.read_text())["rows"]
    assert found["task"] == "bfs" and found["nodes"] == 8 and found["clrs"] is None
    side = found["mechgap"]
    assert side["rates"][0] > 0
    assert side["peak_mib"] >= side["base_mib"] > 10
    assert 1 <= side["frames"] <= 9
    assert found["wide"] > 0 and found["compile_s"] > 0
    assert "bfs" in done.stdout and "| bfs |" in page.read_text()
    again = subprocess.run(
        [sys.executable, "-m", "benchmarks.traces", "--figures", str(file), "--write", str(page)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0 and again.stdout == done.stdout


def test_a_task_that_fails_is_told(tmp_path):
    command = [sys.executable, "-m", "benchmarks.traces", "--quick", "--only", "no_such_task", "--size", "8"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "no task 'no_such_task'" in done.stderr


def test_the_tables_cover_the_thirty_tasks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    assert len(importlib.import_module("benchmarks.traces")._tasks()) == 30


def test_the_page_in_the_documents_was_made_by_this_tool(tables):
    assert PAGE.read_text().startswith(tables.INTRODUCTION)
