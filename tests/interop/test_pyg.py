"""Exports to PyTorch Geometric compute the same on sparse graphs; left out where it is not installed."""

from __future__ import annotations

import warnings

import pytest
import torch

from interop.exported import COMPILED, batch_of, compiled, steps, trained
from mechgap.errors import MechgapError, NotFoundError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what the package imports
    from mechgap.interop import pyg


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pyg, "GATv2Conv", None)
    with pytest.raises(NotFoundError, match=r"mechgap\[pyg\]"):
        pyg.to_pyg(compiled("bfs"))


@pytest.fixture
def geometric():
    return pytest.importorskip("torch_geometric")


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_networks_are_exported_to_the_bit(geometric, name):
    network, nodes = compiled(name), batch_of(name).nodes
    processor = pyg.to_pyg(network)
    with torch.no_grad():
        encoded = network.encode(batch_of(name))
        assert torch.equal(processor.start(pyg.to_data(encoded)), network.start(encoded).nodes[nodes])
        for step in steps(network, name):
            after = processor(pyg.to_data(step.encoded), step.before.nodes[nodes])
            assert torch.equal(after, step.after.nodes[nodes])


@pytest.mark.parametrize("edge_values", [False, True])
def test_trained_networks_are_exported_up_to_rounding(geometric, edge_values):
    network, nodes = trained(edge_values=edge_values), batch_of("bellman_ford").nodes
    processor = pyg.to_pyg(network)
    for step in steps(network, "bellman_ford"):
        with torch.no_grad():
            after = processor(pyg.to_data(step.encoded), step.before.nodes[nodes])
        torch.testing.assert_close(after, step.after.nodes[nodes], atol=1e-5, rtol=1e-5)


def test_the_stock_module_is_used_where_messages_carry_no_edge_values(geometric):
    from torch_geometric.nn import GATv2Conv

    for network in (*map(compiled, COMPILED), trained(), trained(edge_values=True)):
        for layer, source in zip(pyg.to_pyg(network).rounds, network.rounds, strict=True):
            assert isinstance(layer.conv, GATv2Conv) == layer.stock == (not source.shape.edge_values)


def test_weights_are_copies(geometric):
    network = compiled("bfs")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    processor = pyg.to_pyg(network)
    with torch.no_grad():
        for parameter in processor.parameters():
            parameter.add_(1.0)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_vectors_at_pairs_are_refused(geometric):
    with pytest.raises(MechgapError, match="at all pairs"):
        pyg.to_pyg(compiled("floyd_warshall"))
