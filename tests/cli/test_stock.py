"""`mechgap stock` compiles for the benchmark's network, writes the parameters and tells what it needs."""

from __future__ import annotations

import importlib.util

import pytest

from mechgap.interop.stock import load_stock


def test_a_program_of_the_package(mechgap, tmp_path):
    path = tmp_path / "bfs.npz"
    done = mechgap("stock", "bfs", "--out", path)
    assert done.code == 0
    for told in ("mpnn", "nb_msg_passing_steps", "2,048 nodes", "bfs.npz"):
        assert told in done.out, told
    assert load_stock(path).task == "bfs"


def test_as_json(mechgap):
    data = mechgap("stock", "bfs", "--processor", "gatv2", "--undirected", "--json").data
    assert (data["processor"], data["undirected"], data["scores"]) == ("gatv2", True, [])
    assert data["width"] >= data["heads"] >= 1


def test_refusals_are_told(mechgap):
    done = mechgap("stock", "minimum", "--processor", "pgn", "--json")
    assert done.code == 1
    assert "among all nodes" in str(done.error)


@pytest.mark.skipif(importlib.util.find_spec("clrs") is not None, reason="dm-clrs is installed")
def test_scores_need_the_benchmark(mechgap):
    done = mechgap("stock", "bfs", "--size", 4)
    assert done.code == 1
    assert "mechgap[clrs]" in done.err
