"""Where a value lives: at every node, every ordered pair or triple of nodes, or once in a graph."""

from __future__ import annotations

from enum import Enum


class Location(Enum):
    """Where a value lives.

    NODE: one value at each node, shape [B, N].
    EDGE: one value at each ordered pair (sender, receiver), shape [B, N, N]; the adjacency is a
        mask like any other, so that pairs without an edge have values too.
    GRAPH: one value in each graph, shape [B].
    TRIPLE: one value for each pair and each third node between its ends, shape [B, N, N, N] as
        (middle, sender, receiver). Expressions live here on their way to a reduction over the
        middle; variables do not.
    """

    NODE = "node"
    EDGE = "edge"
    GRAPH = "graph"
    TRIPLE = "triple"

    @property
    def rank(self) -> int:
        """How many node axes a value has: 0 to 3."""
        return _BY_RANK.index(self)

    @property
    def reduced(self) -> Location:
        """Where the result of a reduction over values of this location lives."""
        return _BY_RANK[self.rank - 1]

    @property
    def unreduced(self) -> Location:
        """Where the values lived that a reduction to this location went over."""
        return _BY_RANK[self.rank + 1]


_BY_RANK = (Location.GRAPH, Location.NODE, Location.EDGE, Location.TRIPLE)

PLACES = (Location.NODE, Location.EDGE, Location.GRAPH)
"""Where variables live."""
