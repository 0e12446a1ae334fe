"""`mechgap study`: a small study from a file, its tables and page, and going on in its folder."""

from __future__ import annotations

import csv

FILE = """
title = "A title"
question = "A question?"
silent = ["What it does not show."]
tasks = ["bfs"]
seeds = 1
moments = [0, 2]
margin = 0.1
sections = ["gates", "steps", "sizes"]
training = { preset = "quick", hidden = 8, batch = 4, sizes = [4, 5] }
measuring = { n = 6, graphs = 8, sizes = [8], more = 4, swaps = 2, random = 1, orbit = 1 }
"""


def test_a_study_leaves_tables_and_a_page_and_goes_on(mechgap, tmp_path):
    (tmp_path / "own.toml").write_text(FILE)
    given = ("study", "own.toml", "--workers", 1, "--out", "done")
    done = mechgap(*given, "--json")
    assert done.code == 0
    assert [section["name"] for section in done.data["sections"]] == ["gates", "steps", "sizes"]
    folder = tmp_path / "done"
    page = (folder / "report.html").read_text()
    assert "What it does not show." in page and "1 seeds" in page
    rows = list(csv.DictReader((folder / "scores.csv").read_text().splitlines()))
    assert {row["step"] for row in rows} == {"0", "2"} and {row["study"] for row in rows} == {"own"}
    again = mechgap(*given)
    assert again.code == 0 and "written to done/report.html" in again.out
    assert "gap of intervention/changed" in again.out


def test_studies_that_are_not_there_or_not_right(mechgap, tmp_path):
    missing = mechgap("study", "nowhere", "--json")
    assert missing.code == 1 and "studies/nowhere.toml" in missing.error["faults"][0]["given"]
    (tmp_path / "bad.toml").write_text(FILE.replace("seeds = 1", "seeds = 0"))
    assert mechgap("study", "bad.toml", "--json").error["faults"][0]["expected"] == "1 or more"


def test_a_device_that_is_not_there_is_told_before_anything_is_written(mechgap, tmp_path):
    (tmp_path / "own.toml").write_text(FILE)
    done = mechgap("study", "own.toml", "--workers", 1, "--out", "done", "--device", "nothing", "--json")
    assert done.code == 1 and "'nothing'" in done.error["faults"][0]["given"]
    assert "cpu" in done.error["faults"][0]["expected"]
    assert not (tmp_path / "done").exists()
