"""Graphs to and from networkx."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given

from mechgap.errors import GraphError
from mechgap.graphs import Graph
from mechgap.interop.networkx import from_networkx, to_networkx
from mechgap.semantics.inputs import to_batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from oracles import textbook
from oracles.graphs import weighted


@given(weighted())
def test_there_and_back(graph):
    weights, _ = graph
    made = Graph.from_matrix(weights)
    again = from_networkx(to_networkx(made))
    assert again.names == made.names
    assert again.directed == made.directed
    assert np.array_equal(again.weights, made.weights)


@pytest.mark.parametrize("make", [networkx.karate_club_graph, networkx.les_miserables_graph])
def test_real_graphs(make):
    source = make()
    graph = from_networkx(source)
    assert (graph.size, graph.edges) == (source.number_of_nodes(), source.number_of_edges())
    assert np.array_equal(graph.weights, networkx.to_numpy_array(source))
    for name in ("bfs", "bellman_ford"):
        task = load(name)
        batch = to_batch(graph, task.program, source=graph.names[3])
        trace = interpret(task.program, batch)
        assert task.valid(trace.outputs, batch).all()
    lengths = textbook.distances(graph.weights, graph.adjacency, 3)
    assert trace.values["d"][-1, 0].tolist() == lengths


def test_parallel_edges_and_other_weights():
    multi = networkx.MultiDiGraph([(1, 2, {"km": 3}), (1, 2, {"km": 3}), (2, 1, {"km": 4})])
    graph = from_networkx(multi, weight="km")
    assert graph.weights.tolist() == [[0, 3], [4, 0]]
    assert from_networkx(multi).weights.tolist() == [[0, 1], [1, 0]]
    multi.add_edge(1, 2, km=5)
    with pytest.raises(GraphError, match="1 -> 2"):
        from_networkx(multi, weight="km")


def test_what_is_no_graph_of_ours_is_refused():
    with pytest.raises(GraphError, match="no node"):
        from_networkx(networkx.Graph())
    with pytest.raises(GraphError, match="the weight 'far'"):
        from_networkx(networkx.Graph([(0, 1, {"weight": "far"})]))
