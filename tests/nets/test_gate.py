"""The gate against the benchmark's formula, and that nothing else takes a gate for what it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mechgap.errors import MechgapError
from mechgap.interop.torch_export import to_plain
from mechgap.measures.wiring import wire
from mechgap.nets.config import NetworkConfig, mpnn_config
from mechgap.nets.hidden import Hidden
from mechgap.nets.network import Network
from mechgap.nets.shapes import MPNNConfig
from nets.cases import flat_graphs, random_batch


def relu(x):
    return np.maximum(x, 0)


def test_it_is_the_benchmarks_formula():
    """sigmoid(gate3 relu(gate1 z + gate2 m)), mixed with the old vectors, after the layer normalisation."""
    network = Network(mpnn_config(flat_graphs(), 6, gated=True), seed=2)
    plain = Network(mpnn_config(flat_graphs(), 6), seed=2)
    left = {name: value for name, value in network.state_dict().items() if ".gate." not in name}
    plain.load_state_dict(left)
    batch, _ = random_batch(flat_graphs(), [4, 3])
    heard: list[torch.Tensor] = []
    network.rounds[0].gate.message.register_forward_hook(lambda module, given, made: heard.append(given[0]))
    with torch.no_grad():
        encoded = network.encode(batch)
        old = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0))
        old = old.masked_fill(~batch.nodes[..., None], 0.0)
        hidden = Hidden(old, old.new_zeros(2, 4, 4, 0))
        made, _ = network.step(encoded, hidden)
        ungated, _ = plain.step(encoded, hidden)
    gate = {name: value.numpy() for name, value in network.rounds[0].gate.state_dict().items()}
    z, m = torch.cat([encoded.x, old], -1).numpy(), heard[0].numpy()
    inner = relu(z @ gate["node.weight"].T + gate["node.bias"] + m @ gate["message.weight"].T)
    share = 1 / (1 + np.exp(-(inner @ gate["last.weight"].T + gate["last.bias"])))
    expected = share * ungated.nodes.numpy() + (1 - share) * old.numpy()
    expected[~batch.nodes.numpy()] = 0
    assert np.allclose(made.nodes.numpy(), expected, atol=1e-6)
    assert not np.allclose(made.nodes.numpy(), ungated.nodes.numpy(), atol=1e-2)


def test_it_starts_closed():
    gate = Network(mpnn_config(flat_graphs(), 6, gated=True)).rounds[0].gate
    assert torch.equal(gate.last.bias, torch.full((6,), -3.0))
    assert torch.equal(gate.node.bias, torch.zeros(6))


def test_files_of_rounds_without_a_gate_do_not_name_it():
    plain, gated = (mpnn_config(flat_graphs(), 6, gated=on) for on in (False, True))
    assert "gated" not in plain.rounds[0].to_json() and gated.rounds[0].to_json()["gated"] is True
    for config in (plain, gated):
        assert NetworkConfig.from_json(config.to_json()) == config


def test_a_gate_needs_messages():
    with pytest.raises(MechgapError, match="gated=True, received=0"):
        MPNNConfig(received=0, gated=True)


@pytest.mark.parametrize("use", [wire, to_plain], ids=["matching", "plain"])
def test_what_does_not_know_gates_refuses_them(use):
    with pytest.raises(MechgapError, match="a round with a gate"):
        use(Network(mpnn_config(flat_graphs(), 6, gated=True)))
