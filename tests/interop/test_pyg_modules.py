"""Layers on lists of edges compute on padded batches what they compute on one graph; modules are measured."""

from __future__ import annotations

import warnings

import pytest
import torch

from mechgap.errors import NotFoundError
from mechgap.interop.pyg_modules import Sparse, sparse_update
from mechgap.measures.floors import References
from mechgap.measures.foreign import ForeignSubject, FunctionSteps
from mechgap.measures.panel import Setting, measure
from mechgap.semantics.batch import Batch
from mechgap.tasks.catalogue import load
from mechgap.tasks.graphs import bfs
from mechgap.tasks.samplers.graphs import sample_reachability

WIDTH = 8


@pytest.fixture(scope="module")
def batch():
    """Graphs of three sizes."""
    parts = [sample_reachability(seed, n, 2, p=0.4) for seed, n in enumerate((9, 6, 4))]
    values = {}
    for name in parts[0].values:
        whole = torch.zeros(6, *[9] * (parts[0].values[name].dim() - 1), dtype=parts[0].values[name].dtype)
        for k, part in enumerate(parts):
            n = part.width
            whole[(slice(2 * k, 2 * k + 2), *[slice(n)] * (whole.dim() - 1))] = part.values[name]
        values[name] = whole
    nodes = torch.arange(9) < torch.tensor([9, 9, 6, 6, 4, 4])[:, None]
    return Batch(values, nodes)


def mean_of_senders(g: Sparse):
    """The mean of the senders' vectors; every edge weighs the same."""
    senders, receivers = g.edge_index
    degree = torch.zeros(len(g.x)).index_add(0, receivers, torch.ones(len(receivers))).clamp(min=1)
    weights = 1 / degree[receivers]
    return torch.zeros_like(g.x).index_add(0, receivers, g.x[senders] * weights[:, None]), (
        g.edge_index,
        weights,
    )


def test_lists_of_edges_compute_what_matrices_compute(batch):
    vectors = torch.randn(*batch.nodes.shape, 3, generator=torch.Generator().manual_seed(0))
    new, attention = sparse_update(mean_of_senders)(batch, vectors)
    joined = (batch.values["adj"] & batch.pairs).transpose(1, 2).float()
    shares = joined / joined.sum(-1, keepdim=True).clamp(min=1)
    assert torch.allclose(attention[:, 0], shares)
    assert torch.allclose(new, shares @ vectors, atol=1e-6)
    assert not new[~batch.nodes].any()


def test_layers_read_inputs_at_nodes_and_edges(batch):
    seen = {}

    def layer(g):
        seen.update(source=g.at("s"), attr=g.edge_attr, graph=g.batch)
        return g.x

    vectors = torch.ones(*batch.nodes.shape, 1)
    assert torch.equal(sparse_update(layer, values="adj")(batch, vectors), vectors * batch.nodes[..., None])
    assert int(seen["source"].sum()) == len(batch)
    assert seen["attr"].shape == (int((batch.values["adj"] & batch.pairs).sum()), 1)
    assert seen["graph"].tolist() == sorted(seen["graph"].tolist())


def test_an_input_that_is_not_there_is_named(batch):
    with pytest.raises(NotFoundError, match="'edges'"):
        sparse_update(mean_of_senders, edges="edges")(batch, torch.zeros(*batch.nodes.shape, 1))


def test_a_convolution_of_the_package_is_measured_at_all_gates():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the package imports
        nn = pytest.importorskip("torch_geometric.nn")
    task = load("bfs")

    def subject(seed):
        torch.manual_seed(seed)
        conv = nn.GATv2Conv(WIDTH, WIDTH // 2, heads=2)
        mixed = sparse_update(lambda g: conv(g.x, g.edge_index, return_attention_weights=True))

        def first(batch):
            return torch.nn.functional.pad(batch.values["s"].float()[..., None], (0, WIDTH - 1))

        def read_outputs(batch, vectors):
            return {"pi": (vectors @ vectors.transpose(1, 2)).argmax(-1)}

        def read_hints(batch, vectors):
            return {"reach_h": vectors[..., 0] > 0}

        return ForeignSubject(FunctionSteps(first, mixed, read_outputs, read_hints), task.program)

    graphs = sample_reachability(0, 9, 12, p=0.4)
    setting = Setting(program=bfs.program, batch=graphs, valid=task.valid, swaps=4)
    panel = measure(subject(0), setting, References(random=2, untrained=subject))
    assert {"behaviour/valid", "trace/error", "routing/gap", "intervention/changed/bfs"} <= set(panel.rows)
    assert "best of 2" in panel.rows["routing/gap"].score.note
    assert panel.rows["routing/gap"].random.replicates == 2
    assert 0.0 < panel.rows["routing/gap"].score.value < 1.0
