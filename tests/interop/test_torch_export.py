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

from interop.exported import (
    AT_NODES,
    AT_PAIRS,
    AT_TRIPLES,
    FAMILIES,
    SHAPES,
    batch_of,
    compiled,
    raw,
    run_alone,
    steps,
    trained,
    trained_shape,
)
from mechgap.errors import MechgapError
from mechgap.interop import torch_export
from mechgap.interop.clrs_triplets import triplet_config
from mechgap.interop.torch_export import export_plain, to_plain
from mechgap.nets.config import mpnn_config
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

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


@pytest.mark.parametrize(("name", "family"), [*AT_NODES, *AT_PAIRS, *AT_TRIPLES])
def test_compiled_networks_are_exported_to_the_bit(name, family):
    network = compiled(name, family)
    for pairs in ends(network, name):
        assert all(torch.equal(one, two) for one, two in pairs)


@pytest.mark.parametrize(("name", "family"), [*AT_NODES, *AT_PAIRS, *AT_TRIPLES])
def test_first_states_are_equal(name, family):
    network, batch = compiled(name, family), batch_of(name)
    plain = to_plain(network)
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


@pytest.mark.parametrize("shape", SHAPES)
def test_trained_networks_of_all_shapes_are_exported_up_to_rounding(shape):
    for pairs in ends(trained_shape(shape), "bellman_ford"):
        for one, two in pairs:
            torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def test_decoders_of_pointers_that_read_pairs_are_exported():
    config = mpnn_config(load("bellman_ford").program.interface, 8)
    for pairs in ends(Network(triplet_config(config, 3), seed=1), "bellman_ford"):
        for one, two in pairs:
            torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def whole_run(network: Network, name: str):
    """Pairs of what the network and its export make in the frames of runs on their own."""
    program, batch = load(name).program, batch_of(name)
    exact = interpret(program, batch)
    first = {port.name: exact.values[port.name][0] for port in program.interface.hints}
    options = RolloutOptions(first=first, lengths=exact.lengths, hidden=True, logits=True)
    trace = rollout(network, batch, options)
    assert trace.frames > 2
    with torch.no_grad():
        for frame, found in zip(
            range(trace.frames), run_alone(to_plain(network), network, name), strict=False
        ):
            going = frame < exact.lengths
            yield trace.hidden[frame][going], found.state[0][going]
            for key in found.logits:
                if key.startswith("hint_"):
                    yield trace.logits[key[5:]][frame][going], found.logits[key][going]


@pytest.mark.parametrize(("name", "family"), [*AT_NODES, *AT_PAIRS, *AT_TRIPLES])
def test_whole_runs_of_compiled_networks_are_equal_to_the_bit(name, family):
    for one, two in whole_run(compiled(name, family), name):
        assert torch.equal(one, two)


@pytest.mark.parametrize("shape", SHAPES)
def test_whole_runs_of_trained_networks_are_equal_up_to_rounding(shape):
    for one, two in whole_run(trained_shape(shape), "bellman_ford"):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_written_files_run_without_the_package(tmp_path, family):
    network, batch = compiled("bfs", family), batch_of("bfs")
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
    networks = [compiled(*case) for case in (*AT_NODES, *AT_PAIRS, *AT_TRIPLES)]
    networks += [compiled("bridges"), trained(), trained(edge_values=True), *map(trained_shape, SHAPES)]
    for network in networks:
        for name in network.state_dict():
            general = re.sub(r"^readouts\.\w+\.", "readouts.KEY.", name)
            general = re.sub(r"^(rounds|prologue)\.\d+", "rounds.K", general)
            general = re.sub(r"\.layers\.\d+\.(edges|pairs|here)\.\d+", r".layers.L.\1.I", general)
            general = re.sub(r"\.(mlp|pairs|layers)\.\d+", r".\1.L", general)
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
