"""Components, closure, widest paths, independent sets, eccentricity and Borůvka against oracles."""

from __future__ import annotations

import math

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechgap.errors import GraphError
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import (
    bellman_ford_seq,
    boruvka,
    components,
    components_seq,
    eccentricity,
    independent_set,
    independent_set_seq,
    mst_kruskal_light,
    transitive_closure,
    transitive_closure_seq,
    widest_path,
)
from oracles import textbook
from oracles.graphs import NAMED, adjacencies, batch_of, weighted

TASKS = {
    module.task.name: module.task
    for module in (
        bellman_ford_seq,
        boruvka,
        components,
        components_seq,
        eccentricity,
        independent_set,
        independent_set_seq,
        mst_kruskal_light,
        transitive_closure,
        transitive_closure_seq,
        widest_path,
    )
}
UNDIRECTED = sorted(name for name, task in TASKS.items() if task.requires)

every_task = pytest.mark.parametrize("name", TASKS)
sources = st.integers(0, 100)


def run(name, batch):
    task = TASKS[name]
    trace = interpret(task.program, batch, dtype=torch.float64)
    assert task.valid is None or task.valid(trace.outputs, batch).all()
    return trace


def both_ways(adjacency):
    return adjacency | adjacency.T


def check_components(adjacency):
    batch = batch_of(both_ways(adjacency))
    graph = networkx.from_numpy_array(both_ways(adjacency))
    firsts = {v: min(part) for part in networkx.connected_components(graph) for v in part}
    expected = [firsts[v] for v in range(len(adjacency))]
    spread, search = run("components", batch), run("components_seq", batch)
    assert spread.outputs["component"][0].tolist() == expected
    assert search.outputs["component"][0].tolist() == expected
    farthest = max(networkx.shortest_path_length(graph, firsts[v], v) for v in graph)
    assert spread.frames == farthest + 1
    assert search.frames == len(adjacency) + 1


def check_closure(adjacency):
    batch = batch_of(adjacency)
    graph = networkx.from_numpy_array(adjacency, create_using=networkx.DiGraph)
    lengths = dict(networkx.all_pairs_shortest_path_length(graph))
    expected = [[v in lengths[u] for v in graph] for u in graph]
    squaring, warshall = run("transitive_closure", batch), run("transitive_closure_seq", batch)
    assert squaring.outputs["reach"][0].tolist() == expected
    assert warshall.outputs["reach"][0].tolist() == expected
    farthest = max(length for row in lengths.values() for length in row.values())
    assert squaring.frames == 1 + math.ceil(math.log2(max(farthest, 1)))
    assert warshall.frames == len(adjacency) + 1


def check_independent_set(adjacency):
    edges = both_ways(adjacency) & ~np.eye(len(adjacency), dtype=bool)
    batch = batch_of(edges)
    expected: list[bool] = []
    rounds: list[int] = []  # in which round a node is decided
    for v in range(len(edges)):
        before = [u for u in range(v) if edges[u, v]]
        expected.append(not any(expected[u] for u in before))
        joined = [rounds[u] for u in before if expected[u]]
        rounds.append(min(joined) if joined else 1 + max((rounds[u] for u in before), default=0))
    at_once, in_turn = run("independent_set", batch), run("independent_set_seq", batch)
    for trace in (at_once, in_turn):
        assert trace.outputs["chosen"][0].tolist() == expected
        assert (trace.values["ruled_out"][-1] == ~trace.outputs["chosen"]).all()
    assert at_once.frames == 1 + max(rounds)
    assert in_turn.frames == 1 + sum(expected)


def check_eccentricity(adjacency, source):
    trace = run("eccentricity", batch_of(adjacency, source))
    levels = textbook.levels(adjacency, source)
    assert trace.outputs["eccentricity"].tolist() == [max(levels)]
    assert trace.frames == 1 + max(levels)


@given(adjacencies(), sources)
def test_answers_and_numbers_of_frames(adjacency, source):
    check_components(adjacency)
    check_closure(adjacency)
    check_independent_set(adjacency)
    check_eccentricity(adjacency, source % len(adjacency))


@pytest.mark.parametrize("adjacency", NAMED.values(), ids=NAMED.keys())
def test_graphs_that_break_things(adjacency):
    check_components(adjacency)
    check_closure(adjacency)
    check_independent_set(adjacency)
    check_eccentricity(adjacency, 0)
    check_forest(both_ways(adjacency).astype(float), both_ways(adjacency))
    check_widest(adjacency.astype(float), adjacency, 0)


def check_widest(weights, adjacency, source):
    trace = run("widest_path", batch_of(adjacency, source, weights))
    widths = np.where(adjacency, weights, -np.inf)
    np.fill_diagonal(widths, 64.0)
    for k in range(len(widths)):
        widths = np.maximum(widths, np.minimum(widths[:, k, None], widths[None, k]))
    reached = trace.values["msk"][-1, 0].numpy()
    assert (reached == (widths[source] > -np.inf)).all()
    assert (np.where(reached, trace.values["width"][-1, 0], -np.inf) == widths[source]).all()


@given(weighted(), sources)
def test_widest_paths_are_those_of_floyd_warshall(graph, source):
    weights, adjacency = graph
    check_widest(weights, adjacency, source % len(adjacency))


def check_forest(weights, adjacency):
    batch = batch_of(adjacency, 0, weights)
    graph = networkx.Graph()
    graph.add_weighted_edges_from((u, v, weights[u, v]) for u, v in np.argwhere(adjacency) if u != v)
    least = sum(d["weight"] for _, _, d in networkx.minimum_spanning_edges(graph, data=True))
    forests = [run(name, batch).outputs["in_mst"][0] for name in ("boruvka", "mst_kruskal_light")]
    for forest in forests:
        assert (forest.numpy() * weights).sum() == 2 * least
    assert torch.equal(*forests)


@given(weighted())
def test_forests_of_boruvka_are_those_of_kruskal(graph):
    weights, adjacency = graph
    check_forest(np.maximum(weights, weights.T) * both_ways(adjacency), both_ways(adjacency))


@pytest.mark.parametrize("p", [0.1, 0.3, 1.0])
def test_boruvka_takes_a_number_of_frames_of_the_order_of_the_square_of_the_logarithm(p):
    for size in (2, 8, 40):
        batch = TASKS["boruvka"].sample(size, size, 10, p=p)
        rounds = math.ceil(math.log2(size))
        assert run("boruvka", batch).frames <= 1 + rounds * (3 + rounds)


def test_a_chain_of_parts_that_pick_each_other_is_merged_in_one_round():
    count = 33
    path = np.eye(count, k=1, dtype=bool)
    weights = np.where(path, np.arange(count, 0, -1)[:, None], 0.0)
    trace = run("boruvka", batch_of(both_ways(path), 0, weights + weights.T))
    assert trace.frames == 3 + math.ceil(math.log2(count - 2))
    assert trace.values["in_mst_h"][1, 0].sum() == 2 * (count - 1)


@given(weighted(), sources)
def test_the_sequential_rival_of_bellman_ford_finds_shortest_paths(graph, source):
    weights, adjacency = graph
    source %= len(adjacency)
    trace = run("bellman_ford_seq", batch_of(adjacency, source, weights))
    lengths = torch.where(trace.values["msk"][-1, 0], trace.values["d"][-1, 0], torch.inf)
    expected = textbook.distances(weights, adjacency, source)
    assert lengths.tolist() == expected
    assert trace.frames == 1 + np.isfinite(expected).sum()


@every_task
@pytest.mark.parametrize("p", [None, 0.0, 0.5, 1.0])
def test_inputs_of_every_size(name, p):
    task = TASKS[name]
    for size in (1, 2, 3, 12):
        batch = task.sample(size, size, 6, p=p)
        task.check(batch)
        run(name, batch)


@every_task
def test_padding_changes_nothing(name):
    task = TASKS[name]
    batches = [task.sample(size, size, 3, p=0.5) for size in (5, 1, 9)]
    together = interpret(task.program, join(batches))
    start = 0
    for batch in batches:
        alone, rows = interpret(task.program, batch), slice(start, start + len(batch))
        start += len(batch)
        assert torch.equal(together.lengths[rows], alone.lengths)
        for port, value in alone.outputs.items():
            real = (slice(None), *[slice(batch.width)] * (value.dim() - 1))
            assert torch.equal(together.outputs[port][rows][real], value)


@pytest.mark.parametrize("name", UNDIRECTED)
def test_directed_graphs_are_refused(name):
    batch = batch_of(np.eye(4, k=1, dtype=bool))
    with pytest.raises(GraphError, match="undirected"):
        TASKS[name].check(batch)


def test_tasks_that_need_undirected_graphs():
    assert UNDIRECTED == [
        "boruvka",
        "components",
        "components_seq",
        "independent_set",
        "independent_set_seq",
        "mst_kruskal_light",
    ]


def test_samplers_draw_a_few_neighbours_for_each_node():
    for name, degree in (("components", 1.5), ("independent_set", 4), ("transitive_closure", 1.5)):
        for size in (16, 100):
            edges = TASKS[name].sample(0, size, 100).values["adj"].float().sum() - 100 * size
            assert abs(edges / (100 * size) - degree) < 0.15 * degree
