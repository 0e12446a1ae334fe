"""The programs against recorded traces, textbook versions and networkx."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.cases import SMALLEST, sampled
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load
from oracles import textbook
from oracles.graphs import NAMED, adjacencies, batch_of, weighted

BFS_FAMILY = ("bfs", "bfs_frontier", "bfs_distance", "bfs_seq")
DFS_FAMILY = ("dfs", "dfs_light", "dfs_reverse")

named = pytest.mark.parametrize("adjacency", NAMED.values(), ids=NAMED.keys())


def run(name, batch, dtype=torch.float64):
    return interpret(load(name).program, batch, dtype=dtype)


def frames(trace, name):
    return trace.values[name][:, 0].tolist()


def check_bfs(adjacency, source):
    expected = textbook.bfs_frames(adjacency, source)
    batch = batch_of(adjacency, source)
    for name in ("bfs", "bfs_frontier", "bfs_distance"):
        trace = run(name, batch)
        assert frames(trace, "reach_h") == [reached for reached, _ in expected]
        assert frames(trace, "pi_h") == [parents for _, parents in expected]
        assert trace.outputs["pi"][0].tolist() == expected[-1][1]


@given(adjacencies(), st.data())
def test_bfs_and_its_rivals_follow_the_textbook(adjacency, data):
    check_bfs(adjacency, data.draw(st.integers(0, len(adjacency) - 1)))


@named
def test_bfs_on_graphs_that_break_things(adjacency):
    check_bfs(adjacency, 0)


@given(adjacencies(), st.data())
def test_bfs_distance_counts_levels(adjacency, data):
    source = data.draw(st.integers(0, len(adjacency) - 1))
    trace = run("bfs_distance", batch_of(adjacency, source))
    levels = textbook.levels(adjacency, source)
    assert frames(trace, "distance")[-1] == [max(level, 0) for level in levels]


@given(adjacencies(), st.data())
def test_bfs_seq_visits_one_edge_in_a_step_and_finds_the_same_tree(adjacency, data):
    source = data.draw(st.integers(0, len(adjacency) - 1))
    batch = batch_of(adjacency, source)
    trace, whole = run("bfs_seq", batch), run("bfs", batch)
    reached = np.array(textbook.levels(adjacency, source)) >= 0
    edges = (adjacency & ~np.eye(len(adjacency), dtype=bool))[reached].sum()
    assert trace.frames == 1 + edges
    assert trace.outputs["pi"].tolist() == whole.outputs["pi"].tolist()
    assert trace.values["reach_h"][-1].tolist() == whole.values["reach_h"][-1].tolist()
    assert (trace.values["reach_h"].sum(-1).diff(dim=0) <= 1).all()


@given(weighted(), st.data())
def test_bellman_ford_follows_the_textbook(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    trace = run("bellman_ford", batch_of(adjacency, source, weights))
    expected = textbook.bellman_ford_frames(weights, adjacency, source)
    for i, name in enumerate(("pi_h", "d", "msk")):
        assert frames(trace, name) == [frame[i] for frame in expected]
    known = np.array(frames(trace, "msk")[-1])
    lengths = np.where(known, frames(trace, "d")[-1], np.inf)
    assert lengths.tolist() == textbook.distances(weights, adjacency, source)


@named
def test_bellman_ford_with_equal_weights_is_bfs(adjacency):
    batch = batch_of(adjacency)
    assert run("bellman_ford", batch).outputs["pi"].tolist() == run("bfs", batch).outputs["pi"].tolist()


def check_dfs(adjacency):
    trace = run("dfs", batch_of(adjacency))
    parents, found, done = textbook.dfs(adjacency)
    assert trace.frames == 3 * len(adjacency)
    assert frames(trace, "pi_h")[-1] == parents
    assert (trace.values["d"][-1, 0] * 100).round().tolist() == found
    assert (trace.values["f"][-1, 0] * 100).round().tolist() == done
    assert frames(trace, "color")[-1] == [2] * len(adjacency)
    assert frames(trace, "s_prev")[-1] == list(range(len(adjacency)))


@given(adjacencies())
def test_dfs_follows_the_textbook(adjacency):
    check_dfs(adjacency)


@named
def test_dfs_on_graphs_that_break_things(adjacency):
    check_dfs(adjacency)


@settings(max_examples=40)
@given(adjacencies())
def test_the_controls_of_dfs_leave_its_trace(adjacency):
    batch = batch_of(adjacency)
    whole, light, reverse = (run(name, batch) for name in DFS_FAMILY)
    for name, value in whole.values.items():
        assert torch.equal(light.values[name], value)
        assert torch.equal(reverse.values[name], value)
    assert [port.name for port in load("dfs_light").program.interface.hints] == ["pi_h", "color"]


@given(adjacencies())
def test_dfs_reverse_points_at_the_child_chosen_last(adjacency):
    trace = run("dfs_reverse", batch_of(adjacency))
    parents, found, _ = textbook.dfs(adjacency)
    for u, child in enumerate(frames(trace, "child_h")[-1]):
        children = [v for v, parent in enumerate(parents) if parent == u and v != u]
        assert child == max(children, key=lambda v: found[v], default=u)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("p", [0.0, 0.2, 1.0])
def test_valid_answers_and_inputs_at_every_size(name, p):
    task = load(name)
    for size in (1, 2, 3, 7):
        batch = task.sample(size, max(size, SMALLEST.get(name, 1)), 5, p=p)
        task.check(batch)
        trace = interpret(task.program, batch)
        if task.valid is not None:
            assert torch.equal(task.valid(trace.outputs, batch), batch.nodes)


@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_nothing(name):
    task = load(name)
    batches = [sampled(name, size, 3, seed=size) for size in (5, 1, 6)]
    joined = join(batches)
    task.check(joined)
    together = interpret(task.program, joined)
    right = task.valid(together.outputs, joined) if task.valid else joined.nodes
    start = 0
    for batch in batches:
        alone, rows = interpret(task.program, batch), slice(start, start + len(batch))
        start += len(batch)
        n, t = batch.width, alone.frames
        assert torch.equal(together.lengths[rows], alone.lengths)
        for variable in task.program.state:
            cut = (slice(t), rows, *[slice(n)] * variable.location.rank)
            found, wanted = together.values[variable.name][cut], alone.values[variable.name]
            assert variable.kind.agreement(found, wanted, 1e-6).all(), variable.name
        for port in task.program.interface.outputs:
            cut = (rows, *[slice(n)] * port.location.rank)
            found, wanted = together.outputs[port.name][cut], alone.outputs[port.name]
            assert port.kind.agreement(found, wanted, 1e-6).all(), port.name
        assert right[rows, :n].all()


def test_bfs_levels_of_a_real_graph_are_those_of_networkx():
    graph = networkx.karate_club_graph()
    trace = run("bfs", batch_of(networkx.to_numpy_array(graph, weight=None) > 0, 5))
    levels = networkx.single_source_shortest_path_length(graph, 5)
    reached = trace.values["reach_h"][:, 0]
    assert (~reached).sum(0).tolist() == [levels[v] for v in range(len(graph))]


def test_ties_of_bfs_are_all_admissible_and_dfs_has_no_choice():
    batch = batch_of(~np.eye(4, dtype=bool), 0)
    batch = join([batch, batch_of(NAMED["path"], 3)])
    program = load("bfs").program
    offering = interpret(program, batch, selections=True).selections["offering"]
    assert offering.active[0, 0].tolist()[:4] == [False, True, True, True]
    path = np.kron(np.array([[0, 1], [0, 0]]), np.ones((3, 3))) > 0  # 0, 1, 2 each lead to 3, 4, 5
    path[5, 0] = path[5, 1] = path[5, 2] = True
    ties = interpret(program, batch_of(path, 5), selections=True).selections["offering"]
    assert ties.admissible[1, 0, 3].tolist() == [True, True, True, False, False, False]
    child = interpret(load("dfs").program, batch_of(path), selections=True).selections["child"]
    assert (child.admissible.sum(-1) == 1).all()
