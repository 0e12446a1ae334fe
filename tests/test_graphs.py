"""Graphs: how they are made, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from mechgap.errors import GraphError
from mechgap.graphs import Graph
from oracles.graphs import adjacencies, weighted


@given(weighted())
def test_a_matrix_is_kept(graph):
    weights, _ = graph
    made = Graph.from_matrix(weights)
    assert np.array_equal(made.weights, weights)
    assert np.array_equal(made.adjacency, weights != 0)
    assert made.directed == (not np.array_equal(weights, weights.T))
    assert made.names == tuple(map(str, range(len(weights))))


@given(adjacencies())
def test_the_edges_of_a_graph_make_it_again(adjacency):
    graph = Graph.from_matrix(adjacency)
    edges = [(int(u), int(v)) for u, v in np.argwhere(adjacency)]
    again = Graph.from_edges(edges, directed=graph.directed, nodes=range(len(adjacency)))
    assert np.array_equal(again.adjacency, adjacency)
    assert again.names == graph.names
    assert again.edges == graph.edges


def test_nodes_are_in_the_order_of_numbers_or_of_appearance():
    assert Graph.from_edges([("10", "9"), (2, 10)]).names == ("2", "9", "10")
    assert Graph.from_edges([("b", "a"), ("a", "1")]).names == ("b", "a", "1")
    assert Graph.from_edges([("b", "a")], nodes=["z", "a"]).names == ("z", "a", "b")


def test_counts_of_edges():
    loops = Graph.from_edges([("a", "a"), ("a", "b")])
    assert (loops.edges, repr(loops)) == (2, "Graph(2 nodes, 2 undirected edges)")
    assert Graph.from_edges([("a", "b"), ("b", "a")], directed=True).edges == 2


def test_a_repeated_edge_counts_once_and_a_contradicted_one_is_refused():
    assert Graph.from_edges([("a", "b", 2), ("b", "a", 2.0)]).edges == 1
    assert Graph.from_edges([("a", "b", 2), ("b", "a", 3)], directed=True).edges == 2
    with pytest.raises(GraphError, match=r"(?s)b -> a.*2 and 3.*directed=True"):
        Graph.from_edges([("a", "b", 2), ("b", "a", 3)])


def test_an_edge_may_weigh_nothing():
    graph = Graph.from_edges([("a", "b", 0)])
    assert graph.adjacency[0, 1]
    assert graph.weights[0, 1] == 0


def test_positions_of_nodes():
    graph = Graph.from_edges([("a", "b"), ("b", "7")])
    assert [graph.position(node) for node in ("a", "7", 7 - 6, np.int64(2))] == [0, 2, 1, 2]
    for node in ("c", 3, -1, None, 1.5):
        with pytest.raises(GraphError, match="one of the 3 nodes a, b, 7"):
            graph.position(node)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Graph.from_matrix([[0, 1]]), r"shape \(1, 2\)"),
        (lambda: Graph.from_matrix([1, 0]), r"shape \(2,\)"),
        (lambda: Graph.from_matrix(3), r"shape \(\)"),
        (lambda: Graph.from_matrix(np.zeros((0, 0))), "no node"),
        (lambda: Graph.from_matrix([["a", "b"], ["c", "d"]]), "square matrix of numbers"),
        (lambda: Graph.from_matrix([[0, 1], [1]]), "square matrix of numbers"),
        (lambda: Graph.from_matrix([[0, np.nan], [1, 0]]), r"entry \[0, 1\] \(0 -> 1\)"),
        (lambda: Graph.from_matrix([[0, np.inf], [1, 0]]), "the weight inf"),
        (lambda: Graph.from_matrix([[0, 1], [2, 0]], directed=False), "1 one way and 2 the other way"),
        (lambda: Graph.from_matrix([[0, 1], [1, 0]], names=["a"]), "one name for each node"),
        (lambda: Graph.from_matrix([[0, 1], [1, 0]], names=["a", "a"]), "several nodes named a"),
        (lambda: Graph.from_edges([]), "no node"),
        (lambda: Graph.from_edges([("a", "b", "heavy")]), "a -> b"),
        (lambda: Graph.from_edges([("a", "b", float("nan"))]), "the weight nan"),
    ],
)
def test_what_is_no_graph_is_refused(make, told):
    with pytest.raises(GraphError, match=told):
        make()


def test_all_faulty_entries_are_told():
    with pytest.raises(GraphError) as caught:
        Graph.from_matrix(np.full((2, 2), np.nan))
    assert len(caught.value.faults) == 4
