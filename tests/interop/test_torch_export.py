"""Exports to plain PyTorch compute the same, need nothing but torch, and are documented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from interop.exported import COMPILED, WITH_PAIRS, batch_of, compiled, raw, steps, trained
from mechgap.errors import MechgapError
from mechgap.interop import torch_export
from mechgap.interop.torch_export import export_plain, to_plain
from mechgap.nets.network import Network

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"


def ends(network: Network, name: str):
    """Pairs of what the network and its export make, step by step: state, and logits."""
    plain, nodes = to_plain(network), batch_of(name).nodes
    with torch.no_grad():
        for step in steps(network, name):
            graphs = plain.encode(*raw(network, name, step.hints), nodes)
            graphs |= step.encoded.attended
            before = step.before.nodes, step.before.pairs
            after = plain.step(graphs, before)
            yield (step.after.nodes, after[0]), (step.after.pairs, after[1])
            ours = network.decode(step.encoded, step.before, step.after)
            yield tuple((ours[key], value) for key, value in plain.decode(graphs, before, after).items())


@pytest.mark.parametrize("name", [*COMPILED, *WITH_PAIRS])
def test_compiled_networks_are_exported_to_the_bit(name):
    network = compiled(name)
    for pairs in ends(network, name):
        assert all(torch.equal(one, two) for one, two in pairs)


@pytest.mark.parametrize("name", [*COMPILED, *WITH_PAIRS])
def test_first_states_are_equal(name):
    network, plain, batch = compiled(name), to_plain(compiled(name)), batch_of(name)
    with torch.no_grad():
        encoded = network.encode(batch)
        graphs = plain.encode(*raw(network, name, None), batch.nodes) | encoded.attended
        hidden, state = network.start(encoded), plain.start(graphs)
    assert torch.equal(hidden.nodes, state[0]) and torch.equal(hidden.pairs, state[1])


@pytest.mark.parametrize("edge_values", [False, True])
def test_trained_networks_are_exported_up_to_rounding(edge_values):
    for pairs in ends(trained(edge_values=edge_values), "bellman_ford"):
        for one, two in pairs:
            torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def test_the_written_files_run_without_the_package(tmp_path):
    network, batch = compiled("bfs"), batch_of("bfs")
    export_plain(network, tmp_path)
    nodes, edges, graph = raw(network, "bfs", None)
    torch.save({"nodes": nodes, "edges": edges, "graph": graph, "real": batch.nodes}, tmp_path / "in.pt")
    code = """
import json, sys, torch
from safetensors.torch import load_file
from plain_network import Network
network = Network(json.load(open("config.json")))
network.load_state_dict(load_file("weights.safetensors"))
given = torch.load("in.pt", weights_only=True)
with torch.no_grad():
    graphs = network.encode(given["nodes"], given["edges"], given["graph"], given["real"])
    graphs["neighbours"] = graphs["all"]
    h, p = network.start(graphs)
assert not [name for name in sys.modules if name.startswith("mechgap")]
print(float(h.sum()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        hidden = network.start(network.encode(batch))
    assert float(done.stdout) == float(hidden.nodes.sum())
    config = json.loads((tmp_path / "config.json").read_text())
    assert [column["name"] for column in config["columns"]["edges"]]


def test_every_parameter_is_documented():
    text = PAGE.read_text()
    networks = [compiled(name) for name in (*COMPILED, *WITH_PAIRS, "bridges")]
    networks += [trained(), trained(edge_values=True)]
    for network in networks:
        for name in network.state_dict():
            general = re.sub(r"^readouts\.\w+\.", "readouts.KEY.", name)
            general = re.sub(r"^(rounds|prologue)\.\d+", "rounds.K", general)
            general = re.sub(r"\.(mlp|pairs)\.\d+", r".\1.L", general)
            assert f"`{general}`" in text, general


def test_other_families_are_refused(monkeypatch):
    class Other:
        family = "other"

    network = compiled("bfs")
    config = replace(network.config)
    object.__setattr__(config, "rounds", (Other(),))
    monkeypatch.setattr(network, "config", config)
    with pytest.raises(MechgapError, match="family other"):
        torch_export.to_plain(network)
