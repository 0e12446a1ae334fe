"""Valid-answer checks against the list of all right answers."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechgap.semantics.inputs import join
from mechgap.tasks.validity import valid_bfs, valid_dfs, valid_shortest_paths
from oracles import textbook
from oracles.graphs import adjacencies, batch_of, weighted


def answers(count):
    """Every way to give each node a parent."""
    return torch.tensor(list(product(range(count), repeat=count)))


def repeated(batch, count):
    return join([batch]).take(torch.zeros(count, dtype=torch.int64))


@given(adjacencies(4), st.data())
def test_a_breadth_first_parent_is_a_neighbour_one_level_up(adjacency, data):
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    valid = valid_bfs({"pi": parents}, repeated(batch_of(adjacency, source), len(parents)))
    levels = textbook.levels(adjacency, source)
    for answer, found in zip(parents.tolist(), valid.tolist(), strict=True):
        for v, parent in enumerate(answer):
            right = v == parent
            if levels[v] > 0:
                right = bool(adjacency[parent, v]) and levels[parent] == levels[v] - 1
            assert found[v] == right


@given(weighted(4), st.data())
def test_parents_of_shortest_paths_lead_to_the_source_at_the_right_length(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    batch = repeated(batch_of(adjacency, source, weights), len(parents))
    valid = valid_shortest_paths({"pi": parents}, batch).all(1)
    lengths = textbook.distances(weights, adjacency, source)
    for answer, found in zip(parents.tolist(), valid.tolist(), strict=True):
        right = all(walk(answer, v, source, weights, adjacency) == lengths[v] for v in range(len(answer)))
        assert found == right


def walk(parents, node, source, weights, adjacency):
    """Length of the path that the parents give; infinite for a node that is its own parent."""
    if node != source and parents[node] == node:
        return np.inf
    length = 0.0
    for _ in parents:
        if node == source:
            return length if parents[node] == node else None
        if not adjacency[parents[node], node]:
            return None
        length, node = length + weights[parents[node], node], parents[node]
    return length if node == source and parents[node] == node else None


@settings(max_examples=60)
@given(adjacencies(4))
def test_depth_first_forests_are_exactly_those_that_some_order_makes(adjacency):
    forests = textbook.dfs_forests(adjacency)
    parents = answers(len(adjacency))
    valid = valid_dfs({"pi": parents}, repeated(batch_of(adjacency), len(parents))).all(1)
    assert {tuple(p) for p, ok in zip(parents.tolist(), valid.tolist(), strict=True) if ok} == forests


def test_one_wrong_parent_does_not_spoil_the_others():
    path = np.eye(5, k=1, dtype=bool)
    batch = batch_of(path)
    parents = torch.tensor([[0, 0, 1, 1, 3]])
    assert valid_bfs({"pi": parents}, batch).tolist() == [[True, True, True, False, True]]
    assert valid_dfs({"pi": parents}, batch).tolist() == [[True, True, True, False, True]]


def test_a_pointer_to_no_node_is_wrong_and_padding_is_never_right():
    batch = join([batch_of(np.ones((2, 2), dtype=bool)), batch_of(np.ones((3, 3), dtype=bool))])
    parents = torch.tensor([[0, 7, 2], [0, 0, -1]])
    for valid in (valid_bfs, valid_shortest_paths, valid_dfs):
        assert valid({"pi": parents}, batch).tolist() == [[True, False, False], [True, True, False]]
