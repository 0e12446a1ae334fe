"""The programs made of depth-first searches against recorded traces, networkx and recursion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mechgap.errors import GraphError
from mechgap.interop.golden import read_trace
from mechgap.lab.parity import compare
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import (
    articulation_points,
    bridges,
    dag_shortest_paths,
    strongly_connected_components,
    topological_sort,
)
from mechgap.tasks.requirements import is_acyclic
from oracles import textbook
from oracles.graphs import NAMED, adjacencies, batch_of

GOLDEN = Path(__file__).parent.parent / "golden"
ORDER, PATHS = topological_sort.task, dag_shortest_paths.task
COMPONENTS = strongly_connected_components.task
CUTS, BRIDGES = articulation_points.task, bridges.task
TASKS = (ORDER, PATHS, COMPONENTS, CUTS, BRIDGES)

each = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
lists = settings(max_examples=20)


@dataclass
class Run:
    """A run on one graph: the number of frames, the values of the last one, and the outputs."""

    frames: int
    last: dict
    outputs: dict


def run(task, batch):
    task.check(batch)
    return interpret(task.program, batch, dtype=torch.float64)


def runs(task, graphs):
    """A run on each of several graphs, all made at once; a graph is what ``batch_of`` takes."""
    batch = join([batch_of(*graph) if isinstance(graph, tuple) else batch_of(graph) for graph in graphs])
    trace = run(task, batch)
    assert task.valid is None or torch.equal(task.valid(trace.outputs, batch), batch.nodes)
    for i, n in enumerate(batch.sizes.tolist()):
        values = {name: value[-1] for name, value in trace.values.items()}
        last, outputs = (
            {name: value[(i, *[slice(n)] * (value.dim() - 1))].tolist() for name, value in found.items()}
            for found in (values, trace.outputs)
        )
        yield Run(int(trace.lengths[i]), last, outputs)


@st.composite
def acyclic(draw, largest=8):
    """A directed graph without cycles, in any order of its nodes."""
    adjacency = np.triu(draw(adjacencies(largest)), k=1)
    order = draw(st.permutations(range(len(adjacency))))
    return adjacency[order][:, order]


@st.composite
def symmetric(draw, largest=8):
    """An undirected graph, dense or sparse, with loops or without."""
    adjacency = draw(adjacencies(largest))
    return adjacency | adjacency.T if draw(st.booleans()) else adjacency & adjacency.T


@each
def test_recorded_traces_are_met(task):
    path = GOLDEN / f"{task.name}-n4.npz"
    recorded = read_trace(path, task.program)
    found = list(compare(task.program, run(task, recorded.batch), recorded))
    assert [c.name for c in found if c.mismatches] == []
    assert len(found) == 1 + len(task.program.interface.hints) + len(task.program.interface.outputs)


@each
def test_what_is_drawn_can_be_run_at_every_size(task):
    for size in (1, 2, 3, 12):
        batch = task.sample(size, size, 6)
        trace = run(task, batch)
        assert task.valid is None or task.valid(trace.outputs, batch).all()


@each
def test_padding_changes_nothing(task):
    batches = [task.sample(size, size, 3) for size in (5, 1, 9)]
    together = run(task, join(batches))
    for i, batch in enumerate(batches):
        alone, rows, n = run(task, batch), slice(3 * i, 3 * i + 3), batch.width
        assert torch.equal(together.lengths[rows], alone.lengths)
        for name, value in alone.values.items():
            padded = together.values[name][: alone.frames, rows]
            assert torch.equal(padded[(..., *[slice(n)] * (value.dim() - 2))], value)
        for name, value in alone.outputs.items():
            padded = together.outputs[name][rows]
            assert torch.equal(padded[(..., *[slice(n)] * (value.dim() - 1))], value)


# ---- topological order


def check_order(adjacency, found):
    parents, _, done = textbook.dfs(adjacency)
    order, following = [found.outputs["topo_head"].index(True)], found.outputs["topo"]
    while following[order[-1]] != order[-1]:
        order.append(following[order[-1]])
    assert order == sorted(range(len(adjacency)), key=lambda v: -done[v])
    assert all(order.index(u) < order.index(v) for u, v in np.argwhere(adjacency))
    assert found.frames == 2 * len(adjacency) + sum(v == parent for v, parent in enumerate(parents))


@lists
@given(st.lists(acyclic(), min_size=10, max_size=10))
def test_topological_order_is_that_of_finishing_times(graphs):
    for adjacency, found in zip(graphs, runs(ORDER, graphs), strict=True):
        check_order(adjacency, found)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_topological_order_of_graphs_that_break_things(count):
    complete = np.triu(np.ones((count, count), dtype=bool), k=1)
    graphs = [complete, complete.T, np.eye(count, k=1) > 0, np.eye(count, k=-1) > 0, complete & False]
    for adjacency, found in zip(graphs, runs(ORDER, graphs), strict=True):
        check_order(adjacency, found)


# ---- shortest paths in acyclic graphs


@st.composite
def routes(draw):
    """(adjacency, source, weights), with equal weights, weights of 0 and negative ones."""
    adjacency = draw(acyclic())
    fractions = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 0.5, 0.5, 1.0])
    weights = draw(arrays.arrays(float, adjacency.shape, elements=fractions))
    return adjacency, draw(st.integers(0, len(adjacency) - 1)), weights * adjacency


@lists
@given(st.lists(routes(), min_size=10, max_size=10))
def test_shortest_paths_may_have_negative_weights(drawn):
    for (adjacency, source, weights), found in zip(drawn, runs(PATHS, drawn), strict=True):
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(len(adjacency)))
        graph.add_weighted_edges_from((u, v, weights[u, v]) for u, v in np.argwhere(adjacency))
        lengths = networkx.single_source_bellman_ford_path_length(graph, source)
        assert found.last["mark"] == [v in lengths for v in graph]
        assert found.last["d"] == [lengths.get(v, 0.0) for v in graph]
        for v, parent in enumerate(found.outputs["pi"]):
            if v == source or v not in lengths:
                assert parent == v
            else:
                assert adjacency[parent, v]
                assert lengths[parent] + weights[parent, v] == lengths[v]
        assert found.frames == 3 * len(lengths) + 1


# ---- strongly connected components


def check_components(adjacency, found):
    names, places = found.outputs["scc_id"], range(len(adjacency))
    graph = networkx.from_numpy_array(adjacency, create_using=networkx.DiGraph)
    expected = {frozenset(component) for component in networkx.strongly_connected_components(graph)}
    assert {frozenset(v for v in places if names[v] == name) for name in names} == expected
    _, discovered, done = textbook.dfs(adjacency)
    for component in expected:  # its name is the node that the first search met first
        name = min(component, key=lambda v: discovered[v])
        assert name == max(component, key=lambda v: done[v])
        assert {names[v] for v in component} == {name}
    assert found.frames == 5 * len(adjacency) + len(expected)
    assert found.last["A_t"] == (adjacency.T | np.eye(len(adjacency), dtype=bool)).tolist()


@lists
@given(st.lists(adjacencies(), min_size=10, max_size=10))
def test_components_are_those_of_networkx(graphs):
    for adjacency, found in zip(graphs, runs(COMPONENTS, graphs), strict=True):
        check_components(adjacency, found)


def test_components_of_graphs_that_break_things():
    graphs = list(NAMED.values())
    for adjacency, found in zip(graphs, runs(COMPONENTS, graphs), strict=True):
        check_components(adjacency, found)


# ---- articulation points and bridges


def low_points(adjacency):
    """(low points, number of looks) by recursion: every node looks again when a child is done."""
    count, time, looks = len(adjacency), 0, 0
    parents, found, low = list(range(count)), [0] * count, [0] * count

    def visit(u):
        nonlocal time, looks
        time += 1
        found[u] = low[u] = time
        while True:
            for v in range(count):
                if adjacency[u, v] and not found[v]:
                    parents[v] = u
                    visit(v)
                    break
                if adjacency[u, v] and v != parents[u]:
                    low[u] = min(low[u], found[v])
                    looks += 1
            else:
                break
        time += 1
        low[u] = min([low[u], *(low[v] for v in range(count) if parents[v] == u)])

    for u in range(count):
        if not found[u]:
            visit(u)
    return low, looks


def check_cuts(graphs):
    for adjacency, cuts, found in zip(graphs, runs(CUTS, graphs), runs(BRIDGES, graphs), strict=True):
        graph = networkx.from_numpy_array(adjacency)
        is_cut, is_bridge = cuts.outputs["is_cut"], np.argwhere(found.outputs["is_bridge"]).tolist()
        assert {v for v in graph if is_cut[v]} == set(networkx.articulation_points(graph))
        expected = [[u, v] for edge in networkx.bridges(graph) for u, v in (edge, edge[::-1])]
        assert sorted(expected) == is_bridge
        low, looks = low_points(adjacency)
        assert np.round(np.multiply(cuts.last["low"], 100)).tolist() == low
        assert cuts.frames == found.frames == 3 * len(adjacency) + looks
        for name in set(found.last) - {"is_bridge_h"}:
            assert found.last[name] == cuts.last[name]


@lists
@given(st.lists(symmetric(), min_size=10, max_size=10))
def test_articulation_points_and_bridges_are_those_of_networkx(graphs):
    check_cuts(graphs)


def test_articulation_points_and_bridges_of_graphs_that_break_things():
    karate = networkx.to_numpy_array(networkx.karate_club_graph(), weight=None) > 0
    check_cuts([karate, *(adjacency | adjacency.T for adjacency in NAMED.values())])


def test_bridges_mean_nothing_at_pairs_that_are_no_edges():
    assert set(BRIDGES.program.defined) == {"is_bridge_h", "is_bridge"}


# ---- inputs that are refused


@pytest.mark.parametrize("task", [ORDER, PATHS], ids=lambda task: task.name)
@pytest.mark.parametrize("cycle", [[(0, 0)], [(0, 1), (1, 0)], [(1, 2), (2, 3), (3, 1)]])
def test_cycles_are_refused(task, cycle):
    good, bad = np.zeros((2, 4, 4), dtype=bool)
    bad[tuple(np.transpose(cycle))] = True
    with pytest.raises(GraphError, match=r"(?s)graph 1.*cycle.*without cycles"):
        task.check(join([batch_of(good), batch_of(bad)]))


@given(st.lists(adjacencies(5), min_size=1, max_size=4))
def test_cycles_are_found_where_networkx_finds_them(graphs):
    batch = join([batch_of(adjacency) for adjacency in graphs])
    directed = [networkx.from_numpy_array(a, create_using=networkx.DiGraph) for a in graphs]
    expected = [networkx.is_directed_acyclic_graph(graph) for graph in directed]
    assert is_acyclic(batch).tolist() == expected


@pytest.mark.parametrize("task", [CUTS, BRIDGES], ids=lambda task: task.name)
def test_directed_graphs_are_refused_where_edges_have_no_direction(task):
    with pytest.raises(GraphError, match=r"(?s)undirected graph.*both directions"):
        task.check(batch_of(np.eye(3, k=1, dtype=bool)))


@each
def test_numbers_that_are_none_and_wrong_shapes_are_refused(task):
    batch = task.sample(0, 4, 2)
    weights = batch.values["A"].clone()
    weights[1, 2, 3] = torch.nan
    for wrong in (weights, weights[:, :3]):
        with pytest.raises(GraphError, match="input A"):
            task.check(type(batch)({**batch.values, "A": wrong}, batch.nodes))
