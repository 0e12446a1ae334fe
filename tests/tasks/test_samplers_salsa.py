"""The protocol of SALSA-CLRS: its table, and that its families of graphs are what their names say."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.spatial import Delaunay

from mechgap.errors import GraphError, NotFoundError
from mechgap.tasks.samplers import families, salsa
from mechgap.tasks.samplers.draws import generator
from mechgap.tasks.samplers.salsa import FAMILIES, PROTOCOL, TASKS, SalsaSampler, salsa_set


def edges(batch):
    return batch.values["A"].numpy() != 0


def test_the_table_of_the_protocol():
    assert [found.name for found in PROTOCOL[:2]] == ["train", "val"]
    assert {found.name for found in PROTOCOL[2:]} == {
        f"{family}_{size}" for family in FAMILIES for size in (16, 80, 160, 800, 1600)
    }
    train = salsa_set("train")
    assert train.sizes == (4, 7, 11, 13, 16) and train.count == 10_000 and train.family == "er"
    assert train.chances == pytest.approx((math.log(16) / 16, 3 * math.log(16) / 16))
    assert salsa_set("er_800").chances == pytest.approx((math.log(800) / 800, 3 * math.log(800) / 800))
    assert salsa_set("ws_80").chances == (0.05, 0.2)
    assert {found.count for found in PROTOCOL[1:]} == {1000}
    assert [task for task, weighted in TASKS.items() if weighted] == ["dijkstra", "mst_prim"]
    assert len(TASKS) == 6


def test_unknown_names_are_refused():
    with pytest.raises(NotFoundError, match="er_16"):
        salsa_set("er_17")
    with pytest.raises(NotFoundError, match="delaunay"):
        SalsaSampler("grid")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [5, 9, 16, 33, 80])
def test_graphs_are_undirected_connected_and_without_loops(family, size, weighted):
    batch = SalsaSampler(family, weighted)(3, size, 20)
    assert list(batch.values) == ["pos", "s", "A", "adj", "randomness"]
    weights, joined = batch.values["A"].numpy(), edges(batch)
    assert weights.dtype == np.float32 and np.array_equal(weights, weights.transpose(0, 2, 1))
    assert not joined.diagonal(0, 1, 2).any()
    assert np.array_equal(batch.values["adj"].numpy(), joined | np.eye(size, dtype=bool))
    assert all(nx.is_connected(nx.from_numpy_array(one)) for one in joined)
    present = weights[joined]
    assert 0.03 < present.min() < present.max() < 1.001 if weighted else set(present) == {1.0}
    numbers = batch.values["randomness"]
    assert numbers.shape == (20, size) and numbers.min() >= 0 and numbers.max() < 1
    assert (batch.values["s"].sum(1) == 1).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_seeds_draw_equally(family):
    sample = SalsaSampler(family, weighted=True)
    one, same, other = sample(1, 16, 5), sample(1, 16, 5), sample(2, 16, 5)
    assert all(torch.equal(one.values[k], same.values[k]) for k in one.values)
    assert not torch.equal(one.values["A"], other.values["A"])


def test_connectivity_is_judged_as_networkx_does():
    rng = np.random.default_rng(0)
    for size, p in ((1, 0.5), (2, 0.5), (7, 0.3), (8, 0.3), (9, 0.25), (40, 0.09)):
        graphs = np.triu(rng.random((200, size, size)) < p, 1)
        graphs |= graphs.transpose(0, 2, 1)
        expected = [nx.is_connected(nx.from_numpy_array(one)) for one in graphs]
        assert families.connected(graphs).tolist() == expected
        assert size == 1 or 0 < sum(expected) < 200


def means(graphs):
    """Numbers of a set of graphs [B, N, N] that tell families apart, each [B]."""
    graphs = graphs.astype(float)
    degrees = graphs.sum(2)
    return {
        "edges": degrees.sum(1),
        "square of degrees": (degrees**2).sum(1),
        "triangles": np.trace(graphs @ graphs @ graphs, axis1=1, axis2=2),
        "next": graphs[:, 0, 1],
        "second": graphs[:, 2, 4],
        "far": graphs[:, 0, graphs.shape[1] // 2],
        "over the seam": graphs[:, 0, -1],
        "first degree": degrees[:, 0],
        "last degree": degrees[:, -1],
        "both": graphs[:, 2, 3] * (1 - graphs[:, 2, 4]),
    }


def compare(ours, theirs):
    one, other = means(ours), means(theirs)
    for name in one:
        error = np.hypot(one[name].std() / len(ours) ** 0.5, other[name].std() / len(theirs) ** 0.5)
        assert abs(one[name].mean() - other[name].mean()) <= 5 * error + 1e-9, name


@pytest.mark.parametrize(("size", "p"), [(16, 0.2), (12, 0.6)])
def test_watts_strogatz_graphs_are_those_of_networkx(size, p):
    rng = np.random.default_rng(5)
    known = [
        nx.connected_watts_strogatz_graph(size, int(rng.choice((4, 6, 8))), p, seed=int(rng.integers(2**31)))
        for _ in range(1000)
    ]
    ours = families.watts_strogatz(generator(0, size, 1), size, np.full(4000, p))
    compare(ours, np.stack([nx.to_numpy_array(one) for one in known]))
    assert set(ours.sum((1, 2)) // size) == {4, 6, 8}


def test_rings_that_are_not_rewired():
    for one in edges(SalsaSampler("ws")(0, 20, 30, p=0.0)):
        degree = int(one[0].sum())
        assert np.array_equal(one, nx.to_numpy_array(nx.watts_strogatz_graph(20, degree, 0)) != 0)
    crowded = edges(SalsaSampler("ws")(0, 5, 50, p=1.0))
    assert (crowded.sum((1, 2)) == 20).all()


def test_erdos_renyi_graphs_are_those_of_networkx_that_are_connected():
    rng = np.random.default_rng(6)
    known = []
    while len(known) < 1000:
        one = nx.gnp_random_graph(8, 0.3, seed=int(rng.integers(2**31)))
        known += [nx.to_numpy_array(one)] if nx.is_connected(one) else []
    ours = families.erdos_renyi(generator(0, 8, 1), 8, np.full(4000, 0.3))
    compare(ours, np.stack(known))


def test_the_range_of_the_protocol_is_drawn_from():
    low, high = salsa.connecting(160)
    density = edges(SalsaSampler("er")(0, 160, 200)).sum((1, 2)) / (160 * 159)
    assert low * 0.8 < density.min() < low * 1.4 and high * 0.85 < density.max() < high * 1.2
    assert salsa.connecting(1) == (0, 0) and salsa.connecting(2)[1] == 1
    several = edges(SalsaSampler("er")(0, 40, 200, p=(0.2, 0.9))).mean((1, 2))
    assert 60 < (several > 0.5).sum() < 140


def test_triangulations_are_those_of_the_points():
    points = generator(4, 30, 1).random((1, 2, 30))
    expected = np.zeros((30, 30), dtype=bool)
    for corners in Delaunay(points[0].T).simplices:
        expected[np.ix_(corners, corners)] = True
    np.fill_diagonal(expected, False)
    assert np.array_equal(families.delaunay(generator(4, 30, 1), 30, np.zeros(1))[0], expected)
    assert edges(SalsaSampler("delaunay")(0, 3, 4)).sum() == 4 * 6


@pytest.mark.parametrize(
    ("family", "size", "p", "message"),
    [
        ("ws", 4, None, "larger size"),
        ("delaunay", 2, None, "at least 3 nodes"),
        ("er", 16, 0.001, "raise p"),
        ("er", 16, 1.5, "probabilities"),
        ("er", 0, None, "at least 1 node"),
    ],
)
def test_graphs_that_do_not_exist_are_refused(family, size, p, message):
    with pytest.raises(GraphError, match=message):
        SalsaSampler(family)(0, size, 2, p=p)


def test_training_mixes_sizes_in_random_order():
    batch = salsa_set("train").sample(0, 200, weighted=True)
    assert batch.width == 16 and len(batch) == 200
    assert sorted(set(batch.sizes.tolist())) == [4, 7, 11, 13, 16]
    assert batch.sizes.tolist() != sorted(batch.sizes.tolist())
    assert batch.nodes.diff(dim=1).any() and not (batch.nodes[:, 1:] & ~batch.nodes[:, :-1]).any()
    assert not (batch.values["adj"] & ~batch.pairs).any() and not batch.values["A"][~batch.pairs].any()
    for size, matrix in zip(batch.sizes.tolist(), edges(batch), strict=True):
        assert nx.is_connected(nx.from_numpy_array(matrix[:size, :size]))
    again = salsa_set("train").sample(0, 200, weighted=True)
    assert all(torch.equal(batch.values[k], again.values[k]) for k in batch.values)


def test_test_sets_have_their_size():
    for name in ("er_80", "ws_80", "delaunay_80"):
        batch = salsa_set(name).sample(1, 3)
        assert batch.values["A"].shape == (3, 80, 80) and batch.nodes.all()
    assert len(salsa_set("val").sample(1)) == 1000
    with pytest.raises(GraphError):
        salsa_set("val").sample(1, 0)
