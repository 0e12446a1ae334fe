"""Well-known graphs that networkx brings along, by a short name."""

from __future__ import annotations

from ..errors import NotFoundError
from ..graphs import Graph
from .networkx import from_networkx

NAMED = {
    "karate": "karate_club_graph",
    "les_miserables": "les_miserables_graph",
    "florentine": "florentine_families_graph",
    "davis": "davis_southern_women_graph",
}
"""Short name -> the function of networkx that makes the graph."""


def named_graph(name: str) -> Graph:
    """A well-known graph.

    Raises:
        NotFoundError: if there is none of that name.

    Example:
        >>> named_graph("karate")
        Graph(34 nodes, 78 undirected edges)
    """
    if name not in NAMED:
        raise NotFoundError("named graphs", repr(name), f"one of {', '.join(NAMED)}", "correct the name")
    import networkx

    return from_networkx(getattr(networkx, NAMED[name])())
