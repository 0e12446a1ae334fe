"""Verification at large sizes: the page shows the record, nothing is done twice, what is wrong is told."""

from __future__ import annotations

import argparse
import importlib
import json
from itertools import product
from pathlib import Path

import pytest
import torch

from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.tasks.catalogue import NAMES, load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "verification.md"
RECORD = ROOT / "docs" / "verification.jsonl"


@pytest.fixture
def verification(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.verification")


def asked(**changes):
    return argparse.Namespace(**{"task": None, "target": None, "size": None, "device": "cpu", **changes})


def test_the_page_shows_the_record(verification):
    reporting = importlib.import_module("benchmarks.reporting")
    assert reporting.between(PAGE, verification.PLACE) == verification.table(verification.read(RECORD))


def test_every_program_of_the_benchmark_is_verified_or_refused_in_every_family(verification):
    rows = verification.read(RECORD)
    assert len({(row["task"], row["target"], row["n"]) for row in rows}) == len(rows)
    assert all(row.get("mismatches", 0) == 0 for row in rows)
    left = {(case.task, case.target, case.n) for case in verification.cases(asked(), rows)}
    assert not left, left


def test_what_is_in_the_file_is_not_done_again(verification):
    bfs = asked(task=["bfs"], size=[5], target=["gatv2", "mpnn"])
    one, other = verification.cases(bfs, [])
    assert (one.target, other.target) == ("gatv2", "mpnn")
    row = one.row()
    assert row["mismatches"] == 0 and row["graphs"] >= 1 and row["frames"] >= row["graphs"]
    assert list(verification.cases(bfs, [row])) == [other]


def test_refusals_are_rows_too(verification):
    row = verification.Case("optimal_bst", "gatv2", 5).row()
    assert "triples" in row["refused"] and "mismatches" not in row
    assert "refused: a value of triples" in verification.table([{**row, "n": 256}])


def test_a_wrong_network_is_told(verification, monkeypatch):
    made = verification.compile_program

    def spoilt(program, settings):
        found = made(program, settings)
        with torch.no_grad():
            for parameter in found.network.rounds.parameters():
                parameter.zero_()
        return found

    monkeypatch.setattr(verification, "compile_program", spoilt)
    row = verification.Case("bellman_ford", "gatv2", 6).row()
    assert row["mismatches"] > 0
    assert f"**{row['mismatches']:,} wrong**" in verification.table([{**row, "n": 256}])


def test_the_shortest_run_always_goes_and_others_while_they_are_few(verification, monkeypatch):
    task = load("bellman_ford")
    everything = verification.families(task, 8)
    monkeypatch.setattr(verification, "FRAMES", 0)
    assert verification.families(task, 8) == everything[:1] and len(everything) > 3


def test_where_frames_are_dear_there_are_fewer(verification, monkeypatch):
    task = load("bellman_ford")
    monkeypatch.setattr(verification, "FEW", {"bellman_ford": 0})
    assert len(verification.families(task, 8)) == 1 < len(verification.families(load("bfs"), 8))


def test_a_large_size_is_asked_of_all_programs(verification):
    cases = list(verification.cases(asked(size=[256]), []))
    assert [(case.task, case.target) for case in cases] == list(product(NAMES, TARGETS))


def test_the_command_adds_lines_and_writes_the_page(verification, tmp_path, monkeypatch, capsys):
    file, page = tmp_path / "rows.jsonl", tmp_path / "page.md"
    page.write_text("before\n<!-- verification -->\n<!-- /verification -->\nafter\n")
    command = ["x", str(file), "--task", "bfs", "--target", "mpnn", "--size", "4"]
    for _ in range(2):
        monkeypatch.setattr("sys.argv", command)
        verification.main()
    assert len(file.read_text().splitlines()) == 1 and json.loads(file.read_text())["task"] == "bfs"
    monkeypatch.setattr("sys.argv", [*command, "--write", str(page)])
    verification.main()
    assert page.read_text().startswith("before") and "| bfs |" in page.read_text()
