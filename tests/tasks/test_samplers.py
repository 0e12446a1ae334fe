"""Samplers: what they draw has CLRS's distribution, and equal seeds draw equally."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from mechgap.errors import GraphError
from mechgap.interop.golden import read_batch
from mechgap.kinds.catalog import KINDS
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import any_of, edge, graph, node
from mechgap.semantics.inputs import check_batch
from mechgap.tasks import defaults
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.defaults import default_task

GOLDEN = Path(__file__).parent.parent / "golden"
GRAPHS = 400
RECORDED = ("bfs", "bellman_ford", "dfs")


def offdiagonal(values):
    size = values.shape[-1]
    return values[:, ~np.eye(size, dtype=bool)]


def statistics(batch):
    """Density, share of loops, and share of pairs joined both ways."""
    joined = batch.values["A"].numpy() != 0
    both = joined & joined.transpose(0, 2, 1)
    return np.array([f.mean() for f in (offdiagonal(joined), joined.diagonal(0, 1, 2), offdiagonal(both))])


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("size", [16, 64])
def test_graphs_have_the_statistics_of_the_recorded_ones(name, size):
    task = load(name)
    recorded = read_batch(GOLDEN / f"{name}-n{size}.npz", task.program)
    drawn = task.sample(7, size, GRAPHS)
    pairs = len(recorded) * size * (size - 1) / 2
    slack = 4 * np.array([0.5 / pairs**0.5, 0.5 / (len(recorded) * size) ** 0.5, 0.5 / pairs**0.5])
    assert (np.abs(statistics(drawn) - statistics(recorded)) < slack).all()
    chance = 0.5 if name == "dfs" else 0.25
    assert np.abs(statistics(drawn) - [chance, 0.5, 0.25]).max() < 0.02
    assert torch.equal(drawn.values["pos"][0], recorded.values["pos"][0].float())
    loops = torch.eye(size, dtype=torch.bool)
    assert torch.equal(drawn.values["adj"], (drawn.values["A"] != 0) | loops)
    assert torch.equal(recorded.values["adj"], (recorded.values["A"] != 0) | loops)


def test_weights_have_the_distribution_of_the_recorded_ones():
    task = load("bellman_ford")
    recorded = read_batch(GOLDEN / "bellman_ford-n64.npz", task.program).values["A"].numpy()
    drawn = task.sample(3, 64, 8).values["A"].numpy()
    assert np.array_equal(drawn, drawn.transpose(0, 2, 1))
    upper = np.triu_indices(64, 1)
    for part in (lambda a: a[:, upper[0], upper[1]], lambda a: a.diagonal(0, 1, 2)):
        ours, theirs = part(drawn), part(recorded)
        assert ks_2samp(ours[ours != 0], theirs[theirs != 0]).pvalue > 1e-3
    assert drawn[drawn != 0].min() >= 1e-3**0.5


def test_every_node_may_be_the_source():
    source = load("bfs").sample(0, 8, 4000).values["s"].float()
    assert torch.equal(source.sum(1), torch.ones(4000))
    assert (source.mean(0) - 1 / 8).abs().max() < 0.025


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_draw_equal_batches(name):
    sample = load(name).sample
    one, same, other = sample(1, 6, 3), sample(1, 6, 3), sample(2, 6, 3)
    assert all(torch.equal(one.values[k], same.values[k]) for k in one.values)
    assert any(not torch.equal(one.values[k], other.values[k]) for k in one.values)


def test_connectivity_is_one_number_or_drawn_from_several():
    sample = load("dfs").sample
    assert offdiagonal(sample(0, 20, 20, p=0.1).values["adj"].numpy()).mean() < 0.15
    density = offdiagonal(sample(0, 40, 200, p=(0.1, 0.9)).values["adj"].numpy()).mean(1)
    assert set(density.round(0)) == {0, 1}
    assert 60 < (density > 0.5).sum() < 140
    for wrong in (1.5, -0.1, (0.5, 2.0)):
        with pytest.raises(GraphError, match="probabilities"):
            sample(0, 4, 1, p=wrong)
    for size, count in ((0, 1), (3, 0)):
        with pytest.raises(GraphError, match="positive size"):
            sample(0, size, count)


def program_of(*inputs):
    seen = node.mask("seen")
    adj = next(v for v in inputs if v.name == "adj")
    return Program("user", inputs, {seen: True}, {seen: any_of(adj)}, True, {"seen": seen})


def test_a_program_alone_gets_inputs_by_name_and_kind():
    inputs = (
        edge.mask("adj"),
        edge.scalar("A", low=0, high=8),
        node.mask_one("s"),
        node.scalar("pos", low=0, high=1),
        node.scalar("key"),
        node.scalar("count", low=3, high=5, whole=True, unit=0.01),
        graph.scalar("capacity", low=-1, high=-0.5),
        graph.scalar("debt", high=-2),
        node.mask("marked"),
        edge.mask("blocked"),
        node.pointer("next"),
        graph.pointer("target"),
        node.categorical("letter", "abc"),
    )
    task = default_task(program_of(*inputs))
    batch = task.sample(5, 10, 50)
    check_batch(task.program, batch)
    values = batch.values
    assert torch.equal(values["adj"], values["adj"].transpose(1, 2))
    assert torch.equal(values["adj"], (values["A"] != 0) | torch.eye(10, dtype=torch.bool))
    assert values["count"].unique().tolist() == pytest.approx([0.03, 0.04, 0.05])
    assert values["letter"].unique().tolist() == [0, 1, 2]
    assert torch.equal(task.sample(5, 10, 50).values["key"], values["key"])


def test_declared_ranges_go_before_the_usual_distributions():
    task = default_task(
        program_of(edge.mask("adj"), edge.scalar("A", low=2, high=4, whole=True), node.scalar("pos", low=5))
    )
    batch = task.sample(5, 4, 50)
    check_batch(task.program, batch)
    assert batch.values["A"].unique().tolist() == [2, 3, 4]


def test_every_kind_can_be_drawn():
    assert set(defaults._DRAWS) == set(KINDS)
