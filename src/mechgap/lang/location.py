"""Where a value lives: at every node, at every ordered pair of nodes, or once in a graph."""

from __future__ import annotations

from enum import Enum


class Location(Enum):
    """Where a value lives.

    NODE: one value at each node, shape [B, N].
    EDGE: one value at each ordered pair (sender, receiver), shape [B, N, N]; the adjacency is a
        mask like any other, so that pairs without an edge have values too.
    GRAPH: one value in each graph, shape [B].
    """

    NODE = "node"
    EDGE = "edge"
    GRAPH = "graph"

    @property
    def rank(self) -> int:
        """How many node axes a value has: 0, 1 or 2."""
        return {Location.GRAPH: 0, Location.NODE: 1, Location.EDGE: 2}[self]
