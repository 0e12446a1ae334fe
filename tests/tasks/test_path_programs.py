"""Dijkstra, Prim, Floyd-Warshall and Kruskal against textbook versions, networkx and recorded traces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechgap.errors import GraphError
from mechgap.interop.golden import read_trace
from mechgap.lab.parity import compare
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import dijkstra, floyd_warshall, mst_kruskal, mst_prim
from oracles import textbook
from oracles.graphs import NAMED, batch_of, weighted

TASKS = {module.task.name: module.task for module in (dijkstra, mst_prim, floyd_warshall, mst_kruskal)}
GOLDEN = Path(__file__).parent.parent / "golden"
RECORDED = sorted(path for name in TASKS for path in GOLDEN.glob(f"{name}-n*.npz"))

every_task = pytest.mark.parametrize("name", TASKS)
named = pytest.mark.parametrize("adjacency", NAMED.values(), ids=NAMED.keys())


def run(name, batch):
    return interpret(TASKS[name].program, batch, dtype=torch.float64)


def check(name, batch, expected):
    """Compare the frames of a run with lists of values by name, and the answer with a right one."""
    trace = run(name, batch)
    assert int(trace.lengths) == len(expected)
    for hint in expected[0]:
        assert trace.values[hint][:, 0].tolist() == [frame[hint] for frame in expected], hint
    assert TASKS[name].valid(trace.outputs, batch).all()
    return trace


def marks(count, *nodes):
    return [v in nodes for v in range(count)]


def grown_frames(weights, adjacency, source, key, far):
    """Every frame of Dijkstra's algorithm (``far``: keys are lengths) or of Prim's (keys are weights)."""
    count = len(weights)
    parents, keys, done, queue, last = list(range(count)), [0.0] * count, set(), {source}, source
    frames = []
    while True:
        frames.append(
            {
                "pi_h": list(parents),
                key: list(keys),
                "mark": marks(count, *done),
                "in_queue": marks(count, *queue),
                "u": marks(count, last),
            }
        )
        if not queue:
            return frames
        last = min(queue, key=lambda v: (keys[v], v))
        queue.remove(last)
        done.add(last)
        for v in range(count):
            length = far * keys[last] + weights[last, v]
            if adjacency[last, v] and v not in done and (v not in queue or length < keys[v]):
                parents[v], keys[v] = last, length
                queue.add(v)


@given(weighted(), st.data())
def test_dijkstra_follows_the_textbook(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    expected = grown_frames(weights, adjacency, source, "d", 1)
    trace = check("dijkstra", batch_of(adjacency, source, weights), expected)
    lengths = torch.where(trace.values["mark"][-1, 0], trace.values["d"][-1, 0], torch.inf)
    assert lengths.tolist() == textbook.distances(weights, adjacency, source)


@st.composite
def undirected(draw):
    """(weights, adjacency), both symmetric, with many ties and weights of 0."""
    weights, adjacency = draw(weighted())
    adjacency = adjacency | adjacency.T
    return np.maximum(weights, weights.T) * adjacency, adjacency


def network(weights, adjacency, kind=networkx.Graph):
    graph = kind()
    graph.add_nodes_from(range(len(weights)))
    graph.add_weighted_edges_from((u, v, weights[u, v]) for u, v in np.argwhere(adjacency) if u != v)
    return graph


def forest_weight(weights, adjacency):
    edges = networkx.minimum_spanning_edges(network(weights, adjacency), data=True)
    return sum(data["weight"] for _, _, data in edges)


@given(undirected(), st.data())
def test_prim_follows_the_textbook(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    expected = grown_frames(weights, adjacency, source, "key", 0)
    trace = check("mst_prim", batch_of(adjacency, source, weights), expected)
    part = sorted(networkx.node_connected_component(network(weights, adjacency), source))
    tree = sum(weights[p, v] for v, p in enumerate(trace.outputs["pi"][0].tolist()) if v != p)
    assert tree == forest_weight(weights[np.ix_(part, part)], adjacency[np.ix_(part, part)])


def floyd_warshall_frames(weights, adjacency):
    """Every frame, and the pointers after the last one."""
    count = len(weights)
    length, known = weights.tolist(), (adjacency | np.eye(count, dtype=bool)).tolist()
    before = [[u] * count for u in range(count)]
    frames = []
    for k in range(count):
        copies = {"Pi_h": before, "D": length, "msk": known}
        frames.append({name: [list(row) for row in rows] for name, rows in copies.items()})
        frames[-1]["k"] = marks(count, k)
        old, passable = frames[-1]["D"], frames[-1]["msk"]
        for u in range(count):
            for v in range(count):
                if not (passable[u][k] and passable[k][v]):
                    continue
                if not passable[u][v] or old[u][k] + old[k][v] < old[u][v]:
                    length[u][v], before[u][v] = old[u][k] + old[k][v], before[k][v]
                known[u][v] = True
    return frames, before


@given(weighted())
def test_floyd_warshall_follows_the_textbook(graph):
    weights, adjacency = graph
    expected, before = floyd_warshall_frames(weights, adjacency)
    batch = batch_of(adjacency, 0, weights)
    trace = check("floyd_warshall", batch, expected)
    assert trace.outputs["Pi"][0].tolist() == before
    for source in range(len(weights)):
        lengths = textbook.distances(weights, adjacency, source)
        for v, length in enumerate(lengths):
            assert v == source or walk(before[source], source, v, weights, adjacency) == length


def walk(before, source, node, weights, adjacency):
    """Length of the path that the nodes before give; infinite if there is none."""
    length = 0.0
    for _ in before:
        if node == source:
            return length
        if not adjacency[before[node], node]:
            return np.inf
        length, node = length + weights[before[node], node], before[node]
    return length if node == source else np.inf


class Unions:
    """Kruskal's algorithm as a textbook writes it, with a record of every frame."""

    def __init__(self, weights, adjacency):
        self.count = len(weights)
        self.forest = np.zeros((self.count, self.count), dtype=bool)
        self.parents = list(range(self.count))
        self.frames = []
        self.ends, self.roots, self.paths = (0, 0), [0, 0], [set(), set()]
        self.record(0)
        edges = [(weights[u, v], u, v) for u, v in np.argwhere(adjacency) if u < v]
        for _, u, v in sorted(edges):
            self.ends, self.roots, self.paths = (u, v), [u, v], [{u}, {v}]
            self.record(1)
            self.climb(0)
            self.climb(1)
            low, high = min(self.roots), max(self.roots)
            if low < high:
                self.forest[u, v] = self.forest[v, u] = True
                self.parents[low] = high
            self.record(0)

    def climb(self, side):
        while self.parents[self.roots[side]] != self.roots[side]:
            self.roots[side] = self.parents[self.roots[side]]
            for v in self.paths[side]:
                self.parents[v] = self.roots[side]
            self.paths[side].add(self.roots[side])
            self.record(side + 1)

    def record(self, phase):
        frame = {"in_mst_h": self.forest.tolist(), "pi": list(self.parents), "phase": phase}
        for name, end, root, path in zip("uv", self.ends, self.roots, self.paths, strict=True):
            frame |= {
                name: marks(self.count, end),
                f"root_{name}": marks(self.count, root),
                f"mask_{name}": marks(self.count, *path),
            }
        self.frames.append(frame)


@settings(max_examples=60)
@given(undirected())
def test_kruskal_follows_the_textbook(graph):
    weights, adjacency = graph
    unions = Unions(weights, adjacency)
    trace = check("mst_kruskal", batch_of(adjacency, 0, weights), unions.frames)
    forest = trace.outputs["in_mst"][0].numpy()
    assert (forest == unions.forest).all()
    assert (forest * weights).sum() == 2 * forest_weight(weights, adjacency)


@named
def test_graphs_that_break_things(adjacency):
    both = adjacency | adjacency.T
    ones = both.astype(float)
    batch = batch_of(both, 0, ones)
    check("dijkstra", batch, grown_frames(ones, both, 0, "d", 1))
    check("mst_prim", batch, grown_frames(ones, both, 0, "key", 0))
    check("floyd_warshall", batch, floyd_warshall_frames(ones, both)[0])
    check("mst_kruskal", batch, Unions(ones, both).frames)


@every_task
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_valid_answers_at_every_size(name, p):
    task = TASKS[name]
    for size in (1, 2, 3, 14):
        batch = task.sample(size, size, 8, p=p)
        task.check(batch)
        assert task.valid(interpret(task.program, batch).outputs, batch).all()


@every_task
def test_padding_changes_nothing(name):
    task = TASKS[name]
    batches = [task.sample(size, size, 3, p=0.7) for size in (5, 1, 9)]
    together = interpret(task.program, join(batches))
    assert torch.equal(task.valid(together.outputs, together.batch), together.batch.nodes)
    start = 0
    for batch in batches:
        alone, rows = interpret(task.program, batch), slice(start, start + len(batch))
        start += len(batch)
        assert torch.equal(together.lengths[rows], alone.lengths)
        for port, value in alone.outputs.items():
            real = (slice(None), *[slice(batch.width)] * (value.dim() - 1))
            assert torch.equal(together.outputs[port][rows][real], value)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_runs_are_those_of_the_benchmark(path):
    program = TASKS[path.stem.rpartition("-")[0]].program
    recorded = read_trace(path, program)
    trace = interpret(program, recorded.batch, dtype=torch.float64)
    found = list(compare(program, trace, recorded))
    assert sum(c.compared for c in found) > 500
    assert {c.name: c.mismatches for c in found if c.mismatches} == {}


@every_task
def test_inputs_that_are_refused(name):
    task = TASKS[name]
    batch = task.sample(0, 6, 2, p=0.9)
    for value, reason in ((-1.0, "A"), (float("nan"), "A"), (100.0, "A")):
        weights = batch.values["A"].clone()
        weights[1, 2, 3] = value
        with pytest.raises(GraphError, match=reason):
            task.check(replace(batch, values={**batch.values, "A": weights}))
    weights = batch.values["A"].clone()
    weights[1, 2, 3] += 0.5
    lopsided = replace(batch, values={**batch.values, "A": weights})
    if name.startswith("mst"):
        with pytest.raises(GraphError, match=r"(?s)graph 1.*undirected"):
            task.check(lopsided)
    else:
        task.check(lopsided)


def test_lengths_may_exceed_every_weight():
    path = np.eye(4, k=1, dtype=bool) | np.eye(4, k=-1, dtype=bool)
    batch = batch_of(path, 0, path * 64.0)
    assert run("dijkstra", batch).values["d"][-1, 0].tolist() == [0, 64, 128, 192]
    assert run("floyd_warshall", batch).outputs["Pi"][0, 0].tolist() == [0, 0, 1, 2]
