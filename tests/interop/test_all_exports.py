"""Every program of the package in every family: its exports make the same bits."""

from __future__ import annotations

import warnings

import pytest
import torch

from interop.exported import FAMILIES, batch_of, compiled, raw, steps
from mechgap.errors import MechgapError
from mechgap.interop.torch_export import to_plain
from mechgap.tasks.catalogue import NAMES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what the package imports
    from mechgap.interop import pyg

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("name", NAMES),
    pytest.mark.parametrize("family", FAMILIES),
]


def made(name, family):
    """The network; tests of programs that the family cannot compute are left out."""
    try:
        return compiled(name, family)
    except MechgapError as error:
        pytest.skip(str(error).partition("\n")[0])


def test_steps_and_logits_in_plain_pytorch_are_equal_to_the_bit(name, family):
    network, nodes = made(name, family), batch_of(name).nodes
    plain = to_plain(network)
    with torch.no_grad():
        for step in steps(network, name):
            graphs = plain.encode(*raw(network, name, step.hints), nodes) | step.encoded.attended
            before = step.before.nodes, step.before.pairs
            after = plain.step(graphs, before)
            assert torch.equal(after[0], step.after.nodes) and torch.equal(after[1], step.after.pairs)
            ours = network.decode(step.encoded, step.before, step.after)
            theirs = plain.decode(graphs, before, after)
            assert all(torch.equal(ours[key], value) for key, value in theirs.items())


def test_runs_in_pytorch_geometric_are_equal_to_the_bit(name, family):
    pytest.importorskip("torch_geometric")
    network, batch, state = made(name, family), batch_of(name), None
    processor = pyg.to_pyg(network)
    with torch.no_grad():
        for step in steps(network, name):
            data = pyg.to_data(step.encoded, processor.reach)
            if state is None:
                state = processor.start(data)
            state = processor(data, state)
            assert torch.equal(state[0], step.after.nodes[batch.nodes])
            if processor.reach > pyg.EDGES:
                assert torch.equal(state[1], step.after.pairs.transpose(1, 2)[batch.pairs])
