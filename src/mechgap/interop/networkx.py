"""Graphs of networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..graphs import Graph

if TYPE_CHECKING:
    import networkx


def from_networkx(graph: networkx.Graph[Any], *, weight: str = "weight") -> Graph:
    """A networkx graph as one of ours; parallel edges must have the same weight.

    Args:
        graph: directed or undirected, with nodes of any kind; nodes are named by their text.
        weight: the edge attribute that holds the weight; edges without it have weight 1.

    Raises:
        GraphError: if a weight is no finite number, two nodes have the same text, or there is no node.

    Example:
        >>> import networkx
        >>> from_networkx(networkx.karate_club_graph())
        Graph(34 nodes, 78 undirected edges)
    """
    edges = [(u, v, data.get(weight, 1.0)) for u, v, data in graph.edges(data=True)]
    return Graph.from_edges(edges, directed=graph.is_directed(), nodes=graph.nodes)


def to_networkx(graph: Graph) -> networkx.Graph[str]:
    """One of our graphs as a networkx graph with the attribute ``weight``."""
    import networkx

    made: networkx.Graph[str] = networkx.DiGraph() if graph.directed else networkx.Graph()
    made.add_nodes_from(graph.names)
    for i, j in zip(*graph.adjacency.nonzero(), strict=True):
        made.add_edge(graph.names[i], graph.names[j], weight=float(graph.weights[i, j]))
    return made
