"""Parameters of recorded dm-clrs models give equal logits here, and go back and forth unchanged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mechgap.errors import MechgapError, Refusal
from mechgap.interop.clrs import clrs_batch
from mechgap.interop.clrs_networks import PROCESSORS, arrays_of, network_of
from mechgap.measures.panel import Setting, measure
from mechgap.nets.config import NetworkConfig, clrs_config, mpnn_config
from mechgap.nets.features import hint_features
from mechgap.nets.network import Network, hint_key, output_key
from mechgap.nets.rollout import RolloutOptions
from mechgap.nets.unrolling import Unrolling, feedback
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

FILES = sorted((Path(__file__).parent / "data").glob("clrs-*.npz"))
BASE = PROCESSORS["mpnn"].module
STEPS = {"pgn-binary_search": 2, "triplet_pgn-binary_search": 2, "triplet_gpgn-task_scheduling": 2}


WRITTEN = [path for path in FILES if "triplet" not in path.stem]


def file_of(stem: str) -> Path:
    return Path(__file__).parent / "data" / f"clrs-{stem}.npz"


def recorded(path: Path) -> tuple[str, str, dict[str, Any]]:
    _, processor, task = path.stem.split("-")
    with np.load(path) as file:
        return processor, task, {key: file[key] for key in file.files}


def parameters(data: dict[str, Any]) -> dict[str, Any]:
    return {key[6:]: array for key, array in data.items() if key.startswith("param/")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_logits_are_equal(path):
    processor, task, data = recorded(path)
    program = load(task).program
    ports = program.interface
    steps = STEPS.get(f"{processor}-{task}", 1)
    network = network_of(ports, parameters(data), processor, steps)
    assert network.config.layer_norm is (
        f"{PROCESSORS[processor].module}/layer_norm/scale" in parameters(data)
    )
    arrays = {port.name: data[f"input/{port.name}"] for port in ports.inputs}
    batch = clrs_batch(program, arrays, torch.float32)
    options = RolloutOptions.of(network, interpret(program, batch))
    first = hint_features(network.config, options.first, batch.nodes, options.defined)

    def feed(index, logits):
        if not logits:
            return first
        return {p.name: feedback(p.kind, logits[p.name], batch.nodes, True) for p in ports.hints}

    count = len(data[f"hints/{ports.hints[0].name}"])
    with torch.no_grad():
        for frame in Unrolling(network, batch, feed, None, False):
            if 0 < frame.index <= count:
                found = network.decode(frame.encoded, frame.before, frame.after)
                for port in ports.hints:
                    close(found[hint_key(port.name)], data[f"hints/{port.name}"][frame.index - 1])
                live = (frame.index < data["lengths"]) | (frame.index == 1)
                for port in ports.outputs:
                    recorded_logits = data[f"outputs/{port.name}"][frame.index - 1]
                    close(found[output_key(port.name)][live], recorded_logits[live])
            if frame.index == count:
                break


def close(found: torch.Tensor, wanted: Any) -> None:
    """Equal to 1e-5, of the largest logit where that is above 1."""
    found_array = found.numpy().reshape(wanted.shape)
    assert np.abs(found_array - wanted).max(initial=0) <= 1e-5 * max(1.0, np.abs(wanted).max(initial=0))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_what_is_written_has_the_benchmarks_names_and_shapes(path):
    processor, task, data = recorded(path)
    steps = STEPS.get(f"{processor}-{task}", 1)
    arrays = parameters(data)
    again = arrays_of(network_of(load(task).program.interface, arrays, processor, steps))
    assert {key: array.shape for key, array in again.items()} == {k: a.shape for k, a in arrays.items()}


def config(processor: str, task: str) -> NetworkConfig:
    interface = load(task).program.interface
    form = PROCESSORS[processor]
    if processor.startswith("gat"):
        return clrs_config(interface, 16, 2, attend=form.attend)
    return mpnn_config(interface, 16, attend=form.attend, gated=form.gated)


@pytest.mark.parametrize("processor", [name for name, form in PROCESSORS.items() if not form.triplets])
@pytest.mark.parametrize("task", ["bfs", "binary_search", "bridges", "floyd_warshall", "lcs_length"])
@pytest.mark.parametrize("steps", [1, 2])
def test_back_and_forth_is_equal_to_the_bit(processor, task, steps):
    one = config(processor, task)
    network = Network(replace(one, rounds=one.rounds * steps), seed=5)
    noise = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise))
        for later in network.rounds[1:]:
            later.load_state_dict(network.rounds[0].state_dict())
    again = network_of(one.interface, arrays_of(network), processor, steps)
    assert again.config == network.config
    for (name, mine), (other, theirs) in zip(
        network.state_dict().items(), again.state_dict().items(), strict=True
    ):
        assert name == other and torch.equal(mine, theirs), name


def test_rounds_that_differ_cannot_be_written():
    one = config("mpnn", "bfs")
    with pytest.raises(Refusal, match="rounds that differ"):
        arrays_of(Network(replace(one, rounds=one.rounds * 2)))


def test_networks_of_another_shape_cannot_be_written():
    with pytest.raises(Refusal, match="another shape"):
        arrays_of(Network(replace(config("gatv2", "bfs"), reverse_edges=True)))


def test_rounds_that_read_triplets_cannot_be_written():
    interface = load("bfs").program.interface
    ours = Network(mpnn_config(interface, 16, triplets=True))
    theirs = network_of(interface, parameters(recorded(file_of("triplet_mpnn-bfs"))[2]), "triplet_mpnn")
    for network in (ours, theirs):
        with pytest.raises(Refusal, match="decoders alone read what triplets give"):
            arrays_of(network)


def test_lstms_and_other_processors_are_refused():
    arrays = arrays_of(Network(config("mpnn", "bfs")))
    interface = load("bfs").program.interface
    lstm = {"net/processor_lstm/linear/w": arrays[f"{BASE}/linear/w"]}
    with pytest.raises(Refusal, match="LSTM"):
        network_of(interface, arrays | lstm, "mpnn")
    with pytest.raises(Refusal, match=r"one of gatv2, .*, triplet_gmpnn"):
        network_of(interface, arrays, "memnet_full")


@pytest.mark.parametrize(
    ("file", "named", "key"),
    [
        ("gmpnn-bfs", "mpnn", "linear_6"),
        ("triplet_mpnn-bfs", "mpnn", "linear_6"),
        ("triplet_mpnn-bfs", "gmpnn", "linear_9"),
        ("triplet_gmpnn-floyd_warshall", "triplet_mpnn", "linear_14"),
    ],
)
def test_parameters_of_a_processor_with_more_layers_are_told(file, named, key):
    _, task, data = recorded(file_of(file))
    with pytest.raises(MechgapError, match=rf"{key}\n.* a layer of a gate or of triplet messages"):
        network_of(load(task).program.interface, parameters(data), named)


def test_missing_and_misshapen_parameters_are_named():
    arrays = arrays_of(Network(config("mpnn", "bfs")))
    interface = load("bfs").program.interface
    key = "net/~_construct_encoders_decoders/algo_0_pos_enc_linear/w"
    with pytest.raises(MechgapError, match="algo_0_pos_enc_linear"):
        network_of(interface, {k: a for k, a in arrays.items() if k != key}, "mpnn")
    with pytest.raises(MechgapError, match="shape"):
        network_of(interface, arrays | {key: arrays[key].T}, "mpnn")


LAYERS = [f"linear{number}/{name}" for number in ("", *(f"_{k}" for k in range(1, 17))) for name in "wb"]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_of_gates_and_triplets_is_named_if_it_is_missing_or_misshapen(layer):
    """All seventeen of triplet_gmpnn; a missing one is what a processor with fewer layers has."""
    _, task, data = recorded(file_of("triplet_gmpnn-floyd_warshall"))
    interface, arrays, key = load(task).program.interface, parameters(data), f"{BASE}/{layer}"
    with pytest.raises(MechgapError, match=rf"{key}\n.* no such array"):
        network_of(interface, {k: a for k, a in arrays.items() if k != key}, "triplet_gmpnn")
    wrong = np.concatenate([arrays[key], arrays[key]])
    with pytest.raises(MechgapError, match=rf"{key}\n.* an array of shape"):
        network_of(interface, arrays | {key: wrong}, "triplet_gmpnn")


@pytest.mark.parametrize("layer", [name for name in LAYERS if name[-1] == "w"])
def test_every_layer_counts(layer):
    """With another weight of any layer the logits are others: none is read and then lost."""
    processor, task, data = recorded(file_of("triplet_gpgn-task_scheduling"))
    program, arrays = load(task).program, parameters(data)
    ports = program.interface
    batch = clrs_batch(
        program, {port.name: data[f"input/{port.name}"] for port in ports.inputs}, torch.float32
    )
    exact = interpret(program, batch)
    noise = np.random.RandomState(0).randn(*arrays[f"{BASE}/{layer}"].shape).astype(np.float32)
    logits = []
    for change in ({}, {f"{BASE}/{layer}": arrays[f"{BASE}/{layer}"] + noise}):
        network = network_of(ports, arrays | change, processor, 2)
        values = {port.name: exact.values[port.name][1] for port in ports.hints}
        hints = hint_features(network.config, values, batch.nodes, exact.defined)
        with torch.no_grad():
            encoded = network.encode(batch, hints)
            before, _ = network.step(encoded, network.start(encoded))
            after, _ = network.step(encoded, before)
            logits.append(network.decode(encoded, before, after))
    assert any((logits[0][key] - logits[1][key]).abs().max() > 1e-3 for key in logits[0])


@pytest.mark.parametrize("stem", ["gatv2-bfs", "gmpnn-bfs", "triplet_mpnn-bfs"])
def test_a_model_of_the_benchmark_is_measured_at_all_gates(stem):
    """The path of a trained model: its parameters, the network that they make, the panel."""
    processor, name, data = recorded(file_of(stem))
    task = load(name)
    network = network_of(task.program.interface, parameters(data), processor)
    graphs = task.sample(0, 8, 10, p=0.4)
    found = measure(network, Setting(program=task.program, batch=graphs, valid=task.valid, swaps=2))
    gates = {row.partition("/")[0] for row in found.rows}
    assert {"behaviour", "trace", "intervention"} <= gates
    attends = network.config.rounds[0].attentions > 0
    assert ("routing" in gates) is attends
    if attends:
        assert found.rows["routing/gap"].random.replicates == 3
