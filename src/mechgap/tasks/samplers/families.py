"""Families of sparse connected graphs: Erdős-Rényi, Watts-Strogatz and Delaunay.

Sources: Erdős and Rényi, "On random graphs", 1959; Watts and Strogatz, "Collective dynamics of
'small-world' networks", 1998, with the details of NetworkX, which SALSA-CLRS uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import GraphError
from .graphs import symmetric_coins

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator, int, NDArray[np.float64]], NDArray[np.bool_]]

RING_NEIGHBOURS = (4, 6, 8)
ATTEMPTS = 1000
"""How often graphs are drawn again until they are connected."""


def erdos_renyi(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Connected graphs [B, N, N], each edge with the probability of its graph, [B].

    Raises:
        GraphError: if graphs with such probabilities are hardly ever connected.
    """
    return _until_connected(_scattered, rng, size, chances)


def watts_strogatz(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Connected graphs [B, N, N]: rings of 4, 6 or 8 neighbours, edges rewired with probabilities [B].

    Fewer neighbours than there are other nodes are chosen from, so 5 nodes are the least.

    Raises:
        GraphError: if there are fewer than 5 nodes, or if such graphs are hardly ever connected.
    """
    if size <= min(RING_NEIGHBOURS):
        raise GraphError(
            "Watts-Strogatz graphs",
            f"{size} nodes",
            f"more than the {min(RING_NEIGHBOURS)} neighbours of a node",
            "ask for a larger size",
        )
    return _until_connected(_rewired, rng, size, chances)


def delaunay(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Delaunay triangulations [B, N, N] of points uniform in the unit square; chances give only B.

    Raises:
        GraphError: if there are fewer than 3 nodes.
    """
    import numpy as np
    from matplotlib.tri import Triangulation

    if size < 3:
        raise GraphError(
            "Delaunay triangulations", f"{size} nodes", "at least 3 nodes", "ask for a larger size"
        )
    points = rng.random((chances.size, 2, size))
    graphs = np.zeros((chances.size, size, size), dtype=bool)
    for graph, (x, y) in zip(graphs, points, strict=True):
        edges = Triangulation(x, y).edges
        graph[edges[:, 0], edges[:, 1]] = True
    return graphs | graphs.transpose(0, 2, 1)


def connected(graphs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[B], whether undirected graphs [B, N, N] are connected: a search from node 0, eight nodes a byte."""
    import numpy as np

    count, size, _ = graphs.shape
    neighbours = np.packbits(graphs, axis=2)
    reached = np.zeros((count, size), dtype=bool)
    reached[:, 0] = True
    while True:
        near = np.bitwise_or.reduce(neighbours * reached[:, :, None], axis=1)
        grown = reached | np.unpackbits(near, axis=1, count=size).astype(bool)
        if np.array_equal(grown, reached):
            return np.asarray(reached.all(axis=1))
        reached = grown


def _until_connected(
    draw: Draw, rng: np.random.Generator, size: int, chances: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Graphs [B, N, N], drawn again with their chances until all are connected."""
    import numpy as np

    graphs = draw(rng, size, chances)
    open_rows = np.flatnonzero(~connected(graphs))
    for _ in range(ATTEMPTS):
        if not open_rows.size:
            return graphs
        drawn = draw(rng, size, chances[open_rows])
        graphs[open_rows] = drawn
        open_rows = open_rows[~connected(drawn)]
    raise GraphError(
        "a sampler of connected graphs",
        f"p = {chances[open_rows].min():.3g} for {size} nodes, not connected in {ATTEMPTS} attempts",
        f"a p near ln(N) / N = {np.log(size) / size:.3g} or above",
        "raise p",
    )


def _scattered(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    return symmetric_coins(rng, chances, size)


def _rewired(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rings whose edges are rewired in the order of Watts and Strogatz.

    Round the ring, first the edges to the next nodes, then those to the second next ones …: an edge that
    is chosen leaves its first end for a random node that is no neighbour yet. What happens depends on what
    happened before, so the first change of all graphs is made, then the second of all graphs, and so on.
    """
    import numpy as np

    count = chances.size
    half = rng.choice([k for k in RING_NEIGHBOURS if k < size], count) // 2
    laps = np.arange(1, max(RING_NEIGHBOURS) // 2 + 1)
    away = (np.arange(size) - np.arange(size)[:, None]) % size
    # With loops until the end, so that no edge is rewired to its own end.
    graphs: NDArray[np.bool_] = np.minimum(away, size - away) <= half[:, None, None]
    degrees = np.repeat(2 * half[:, None], size, axis=1)
    chosen = rng.random((count, laps.size, size)) < chances[:, None, None]
    chosen &= (laps <= half[:, None])[:, :, None]
    changes = np.argsort(~chosen.reshape(count, -1), axis=1, kind="stable")
    totals = chosen.sum(axis=(1, 2))
    for change in range(totals.max()):
        rows = np.flatnonzero(totals > change)
        lap, first = np.divmod(changes[rows, change], size)
        room = degrees[rows, first] < size - 1
        rows, first, old = rows[room], first[room], ((first + lap + 1) % size)[room]
        new = _strangers(rng, graphs, rows, first)
        graphs[rows, first, old] = graphs[rows, old, first] = False
        graphs[rows, first, new] = graphs[rows, new, first] = True
        degrees[rows, old] -= 1
        degrees[rows, new] += 1
    graphs.reshape(count, -1)[:, :: size + 1] = False
    return graphs


def _strangers(
    rng: np.random.Generator, graphs: NDArray[np.bool_], rows: NDArray[np.int64], nodes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each of some nodes, one in each of the graphs at those rows, a random node that is no neighbour."""
    import numpy as np

    found = np.empty_like(nodes)
    open_places = np.arange(rows.size)
    while open_places.size:
        found[open_places] = rng.integers(graphs.shape[1], size=open_places.size)
        taken = graphs[rows[open_places], nodes[open_places], found[open_places]]
        open_places = open_places[taken]
    return found
