"""Exports to PyTorch Geometric compute the same on sparse graphs; left out where it is not installed."""

from __future__ import annotations

import warnings

import pytest
import torch

from interop.exported import (
    AT_NODES,
    AT_PAIRS,
    AT_TRIPLES,
    COMPILED,
    SHAPES,
    batch_of,
    compiled,
    steps,
    trained,
    trained_shape,
)
from mechgap.errors import NotFoundError
from mechgap.nets.rollout import RolloutOptions, rollout

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what the package imports
    from mechgap.interop import pyg


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pyg, "Data", None)
    with pytest.raises(NotFoundError, match=r"mechgap\[pyg\]"):
        pyg.to_pyg(compiled("bfs"))


@pytest.fixture
def geometric():
    return pytest.importorskip("torch_geometric")


def ends(network, name):
    """Pairs of what the network and its export make, step by step, each of its own state."""
    batch, processor, state = batch_of(name), pyg.to_pyg(network), None
    with torch.no_grad():
        for step in steps(network, name):
            if state is None:
                state = sparse(step.before, batch, processor.reach)
            state = processor(pyg.to_data(step.encoded, processor.reach), state)
            yield from zip(sparse(step.after, batch, processor.reach), state, strict=True)


def sparse(hidden, batch, reach):
    """Vectors at nodes and at pairs as lists: pairs by their receiver first."""
    nodes, pairs = hidden.nodes[batch.nodes], hidden.pairs.transpose(1, 2)[batch.pairs]
    return nodes, pairs if reach > pyg.EDGES else pairs[:0]


@pytest.mark.parametrize(("name", "family"), [*AT_NODES, *AT_PAIRS, *AT_TRIPLES])
def test_compiled_networks_are_exported_to_the_bit(geometric, name, family):
    network, batch = compiled(name, family), batch_of(name)
    processor = pyg.to_pyg(network)
    with torch.no_grad():
        encoded = network.encode(batch)
        state = processor.start(pyg.to_data(encoded, processor.reach))
        first = sparse(network.start(encoded), batch, processor.reach)
    assert all(torch.equal(one, two) for one, two in zip(first, state, strict=True))
    assert all(torch.equal(one, two) for one, two in ends(network, name))


@pytest.mark.parametrize(("name", "family"), [*AT_NODES, *AT_PAIRS, *AT_TRIPLES])
def test_whole_runs_of_compiled_networks_are_equal_to_the_bit(geometric, name, family):
    network, batch = compiled(name, family), batch_of(name)
    assert not network.config.encode_hints
    trace = rollout(network, batch, RolloutOptions(hidden=True))
    processor = pyg.to_pyg(network)
    with torch.no_grad():
        data = pyg.to_data(network.encode(batch), processor.reach)
        state = processor.start(data)
        for frame, expected in enumerate(trace.hidden):
            going = (frame < trace.lengths)[data.batch]
            assert torch.equal(state[0][going], expected[batch.nodes][going])
            state = processor(data, state)


@pytest.mark.parametrize("edge_values", [False, True])
def test_trained_networks_are_exported_up_to_rounding(geometric, edge_values):
    for one, two in ends(trained(edge_values=edge_values), "bellman_ford"):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_trained_networks_of_all_shapes_are_exported_up_to_rounding(geometric, shape):
    for one, two in ends(trained_shape(shape), "bellman_ford"):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def test_the_stock_module_is_used_where_messages_carry_no_edge_values(geometric):
    from torch_geometric.nn import GATv2Conv

    for network in (*map(compiled, COMPILED), trained(), trained(edge_values=True)):
        for layer, source in zip(pyg.to_pyg(network).rounds, network.rounds, strict=True):
            assert isinstance(layer.conv, GATv2Conv) == layer.stock == (not source.shape.edge_values)


def test_the_stock_module_is_used_where_logits_have_no_part_of_the_sender_alone(geometric):
    from torch_geometric.nn import TransformerConv

    found = set()
    for name in COMPILED:
        network = compiled(name, "transformer")
        for layer, source in zip(pyg.to_pyg(network).rounds, network.rounds, strict=True):
            assert isinstance(layer.conv, TransformerConv) == layer.stock
            assert layer.stock == (not source.prior.weight.any())
            found.add(layer.stock)
    assert found == {False, True}


@pytest.mark.parametrize(
    ("name", "family", "reach"),
    [
        ("bfs", "mpnn", "EDGES"),
        ("boruvka", "mpnn", "ALL_PAIRS"),
        ("boruvka", "transformer", "ALL_PAIRS"),
        ("transitive_closure", "mpnn", "TRIPLES"),
        ("lcs_length", "gatv2", "TRIPLES"),
    ],
)
def test_a_processor_says_how_far_it_reads(geometric, name, family, reach):
    processor = pyg.to_pyg(compiled(name, family))
    assert processor.reach == getattr(pyg, reach)


def test_weights_are_copies(geometric):
    network = compiled("bfs")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    processor = pyg.to_pyg(network)
    with torch.no_grad():
        for parameter in processor.parameters():
            parameter.add_(1.0)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
