"""`mechgap lineup`: networks that it trains, networks in files, and files that are none."""

from __future__ import annotations

import json

import pytest

from mechgap.compiler.passes import compile_program
from mechgap.nets.storage import save
from mechgap.tasks.catalogue import load

QUICK = ("--steps", 1, "--n", 5, "--graphs", 3, "--rival", "bfs_distance")


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "own.safetensors"
    save(compile_program(load("bfs").program).network, path)
    return path


def test_it_trains_lines_up_and_writes(mechgap, tmp_path):
    done = mechgap("lineup", "bfs", *QUICK, "--seeds", 2, "--seed", 3, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert [c["name"] for c in done.data["columns"] if c["role"] == "trained"] == ["seed 3", "seed 4"]
    assert json.loads((tmp_path / "out" / "lineup.json").read_text()) == done.data
    assert (tmp_path / "out" / "networks" / "seed-4" / "checkpoint.safetensors").exists()
    assert (tmp_path / "out" / "report.html").exists()
    score = done.data["columns"][0]["rows"]["behaviour/valid"]
    assert {"value", "low", "high", "n", "unit", "replicates"} <= score.keys()


def test_it_prints_gates_pairs_and_sentences_for_networks_in_files(mechgap, network):
    done = mechgap("lineup", "bfs", *QUICK[2:], "--network", network, "--network", network)
    assert done.code == 0, done.err
    assert "network 1" in done.out and "lookup table" in done.out and "untrained" in done.out
    assert "one trained network beside another" in done.out and "(strict)" in done.out
    assert "equally right in all 3 graphs" in done.out


def test_what_cannot_be_lined_up_is_a_fault_in_four_parts(mechgap, network):
    done = mechgap("lineup", "minimum", "--network", network, "--json")
    assert (done.code, done.error["kind"]) == (1, "CheckpointError")
    assert set(done.error["faults"][0]) == {"where", "given", "expected", "remedy"}
    done = mechgap("lineup", "bfs", "--rival", "minimum", "--network", network)
    assert done.code == 1 and "do:" in done.err
    assert mechgap("lineup", "bfs", "--preset", "nope").code == 1
    assert mechgap("lineup", "bfs", "--seeds", 0).code == 2
