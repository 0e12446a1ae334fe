"""`mechgap verify` says what is wrong, and writes a graph that shows it."""

from __future__ import annotations

import pytest
import torch

from mechgap.compiler.passes import compile_program
from mechgap.interop.compiled import save_compiled
from mechgap.tasks.catalogue import load


@pytest.fixture
def bad(tmp_path):
    """A file of Bellman-Ford whose step writes distances that are one too large."""
    compiled = compile_program(load("bellman_ford").program)
    with torch.no_grad():
        compiled.network.rounds[-1].mlp[-1].bias[compiled.layout.slots["d"]] += 1
    save_compiled(compiled, tmp_path / "bad.safetensors")
    return "bad.safetensors"


def test_a_wrong_network_is_explained_and_its_graph_fails_again(mechgap, bad, tmp_path):
    done = mechgap("verify", bad, "--n", 4, "--count", 2)
    assert done.code == 1
    for told in (
        "the smallest failing graph",
        "step",
        "operation",
        "case that holds",
        "holds the wrong value",
    ):
        assert told in done.out
    assert (tmp_path / "bellman_ford-failing.npz").exists()
    again = mechgap("verify", bad, "--graph", "bellman_ford-failing.npz", "--no-shrink")
    assert again.code == 1
    assert "bellman_ford-failing.npz: first differs in graph 0, step 1, node 0, d" in again.out
    assert mechgap("verify", "bellman_ford", "--graph", "bellman_ford-failing.npz").code == 0
    assert mechgap("trace", "bellman_ford", "--graph", "bellman_ford-failing.npz").code == 0


def test_the_finding_as_json(mechgap, bad):
    data = mechgap("verify", bad, "--n", 4, "--count", 1, "--failing", "x.npz", "--json").data
    found = data["failing"]["divergence"]
    assert (found["variable"], found["step"], found["network"]) == ("d", 1, found["interpreter"] + 1)
    assert found["operation"].startswith("if ")
    assert data["failing"]["file"] == "x.npz"
    assert mechgap("verify", bad, "--graph", "x.npz", "--json").data["mismatches"] > 0
    assert mechgap("verify", bad, "--n", 4, "--no-shrink", "--json").data["failing"] is None
    assert mechgap("verify", "bfs", "--n", 4, "--json").data["failing"] is None


def test_given_graphs_are_verified(mechgap):
    assert "karate" in mechgap("verify", "bfs", "--graph", "karate").out
    mechgap("compile", "bfs", "--n", 16)
    refused = mechgap("verify", "bfs.safetensors", "--graph", "karate")
    assert refused.code == 1
    assert "at most 16 nodes" in refused.err
