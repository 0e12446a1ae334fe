"""`mechgap robustness`: its tables, its files, and the figures in the documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "robustness.md"
QUICK = ("--graphs", 2, "--draws", 2, "--sizes", "16")


def test_it_writes_a_figure_a_table_and_the_shares(mechgap, tmp_path):
    done = mechgap("robustness", "minimum", "bfs", *QUICK, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert [report["program"] for report in done.data] == ["minimum", "bfs"]
    assert json.loads((tmp_path / "out" / "robustness.json").read_text()) == done.data
    table = (tmp_path / "out" / "robustness.md").read_text()
    assert table.count("| bfs |") == table.count("| minimum |") == 2
    figure = (tmp_path / "out" / "robustness.svg").read_text()
    assert "<svg" in figure and "bfs" in figure
    first = done.data[0]["conditions"][0]["steps"]["decisions"]
    assert {"value", "low", "high", "n", "unit", "replicates"} <= first.keys()


def test_it_prints_shares_with_their_units(mechgap):
    done = mechgap("robustness", "minimum", *QUICK)
    assert done.code == 0 and "breaking points" in done.out
    assert "2 noise draws" in done.out and "2 graphs" in done.out


@pytest.mark.slow
def test_the_page_shows_what_the_command_finds(mechgap, tmp_path):
    text = PAGE.read_text()
    shown = text.partition("<!-- breaking points -->\n")[2].partition("<!-- /breaking points -->")[0]
    programs = list(dict.fromkeys(line.split("|")[1].strip() for line in shown.splitlines()[2:]))
    done = mechgap("robustness", *programs, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "robustness.md").read_text() == shown
