"""The protocol of SALSA-CLRS: sparse graphs of three families, training to 16 nodes and tests to 1600.

Source: Minder, Grötschla, Mathys, Wattenhofer, "SALSA-CLRS: A Sparse and Scalable Benchmark for
Algorithmic Reasoning", 2023 (arXiv 2309.12253), and its code. Its tasks are bfs, dfs, dijkstra,
mst_prim, eccentricity and the maximal independent set; graphs are undirected, connected and without
loops in ``A`` (``adj`` has all loops, as in CLRS).

| family | graphs |
|---|---|
| er | Erdős-Rényi, each edge with probability p, uniform in [ln n / n, 3 ln n / n] |
| ws | Watts-Strogatz, a ring of k = 4, 6 or 8 neighbours, each edge rewired with p uniform in [0.05, 0.2] |
| delaunay | Delaunay triangulations of n points uniform in the unit square |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import NotFoundError
from .draws import blocks, generator, random_chances, uniforms
from .families import delaunay, erdos_renyi, watts_strogatz
from .graphs import graph_batch, random_sources, random_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...semantics.batch import Batch
    from .draws import Connectivity, Seed

TASKS: Mapping[str, bool] = {
    "bfs": False,
    "dfs": False,
    "dijkstra": True,
    "mst_prim": True,
    "eccentricity": False,
    "maximal_independent_set": False,
}
"""The tasks of the protocol, and whether their graphs have weights."""

FAMILIES = {"er": erdos_renyi, "ws": watts_strogatz, "delaunay": delaunay}
"""The families of graphs: each draws [B, N, N] for chances [B]."""

SIZES = (16, 80, 160, 800, 1600)
TRAINING_SIZES = (4, 7, 11, 13, 16)
REWIRED = (0.05, 0.2)


def connecting(size: int) -> tuple[float, float]:
    """The range of p at which Erdős-Rényi graphs of that size are drawn, about where they get connected."""
    low = math.log(size) / size
    return min(low, 1.0), min(3 * low, 1.0)


@dataclass(frozen=True)
class SalsaSampler:
    """Draws graphs of one family, for all tasks of the protocol.

    Inputs: ``pos`` = i / N, the source ``s``, ``A`` (weights sqrt(w w' + 0.001) of uniform w and w', or
    1, at the edges), ``adj`` and ``randomness``, a number uniform in [0, 1) at each node, for the
    maximal independent set. (SALSA-CLRS draws new numbers for each of its rounds.)

    Attributes:
        family: a name of ``FAMILIES``.
        weighted: whether edges have weights.

    Raises:
        NotFoundError: if there is no such family.
    """

    family: str
    weighted: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            expected = f"one of {', '.join(FAMILIES)}"
            raise NotFoundError("a sampler, its family", repr(self.family), expected, "correct the name")

    def __call__(self, seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
        """Draw ``count`` graphs of ``size`` nodes; see ``Sampler``.

        Args:
            seed: a seed, or a generator to draw from.
            size: number of nodes of each graph.
            count: number of graphs.
            p: the probability of an edge (er) or of its rewiring (ws); one, or several of which each graph
                draws one; None means the range of the protocol. Triangulations ignore it.

        Raises:
            GraphError: if there are no such graphs.
        """
        rng = generator(seed, size, count)
        if p is None:
            low, high = REWIRED if self.family == "ws" else connecting(size)
            chances = rng.uniform(low, high, count)
        else:
            chances = random_chances(rng, count, p, default=0.0)
        return self.draw(rng, size, chances)

    def draw(self, rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> Batch:
        """Draw a graph of ``size`` nodes for each of the chances [B]; see ``__call__``."""
        import torch

        from ...semantics.batch import Batch

        graphs = FAMILIES[self.family](rng, size, chances)
        weights = _weighed(rng, graphs) if self.weighted else graphs
        batch = graph_batch(weights, sources=random_sources(rng, size, chances.size))
        numbers = torch.from_numpy(uniforms(rng, (chances.size, size)))
        return Batch({**batch.values, "randomness": numbers}, batch.nodes)


@dataclass(frozen=True)
class SalsaSet:
    """One data set of the protocol.

    Attributes:
        name: train, val, or family_size of a test set.
        family: a name of ``FAMILIES``.
        sizes: numbers of nodes, of which each graph draws one.
        count: number of graphs.
        chances: range of p, of which each graph draws a number; see ``SalsaSampler``.
    """

    name: str
    family: str
    sizes: tuple[int, ...]
    count: int
    chances: tuple[float, float]

    def sample(self, seed: Seed, count: int | None = None, *, weighted: bool = False) -> Batch:
        """Draw the data set, or ``count`` graphs as of it, padded to one number of nodes.

        Raises:
            GraphError: if the count is below 1.
        """
        import numpy as np
        import torch

        from ...semantics.inputs import join

        count = self.count if count is None else count
        rng = generator(seed, min(self.sizes), count)
        chances = rng.uniform(*self.chances, count)
        drawn = rng.integers(len(self.sizes), size=count)
        sampler = SalsaSampler(self.family, weighted)
        present = [which for which in range(len(self.sizes)) if (drawn == which).any()]
        parts = [sampler.draw(rng, self.sizes[which], chances[drawn == which]) for which in present]
        if len(parts) == 1:
            return parts[0]
        place = np.argsort(np.concatenate([np.flatnonzero(drawn == which) for which in present]))
        return join(parts).take(torch.from_numpy(place))


PROTOCOL: tuple[SalsaSet, ...] = (
    SalsaSet("train", "er", TRAINING_SIZES, 10_000, connecting(16)),
    SalsaSet("val", "er", (16,), 1000, connecting(16)),
    *(SalsaSet(f"er_{size}", "er", (size,), 1000, connecting(size)) for size in SIZES),
    *(SalsaSet(f"ws_{size}", "ws", (size,), 1000, REWIRED) for size in SIZES),
    *(SalsaSet(f"delaunay_{size}", "delaunay", (size,), 1000, (0.0, 0.0)) for size in SIZES),
)
"""The data sets: training and validation on one family, tests on all three."""


def salsa_set(name: str) -> SalsaSet:
    """The data set of that name.

    Raises:
        NotFoundError: if there is none.
    """
    for found in PROTOCOL:
        if found.name == name:
            return found
    expected = f"one of {', '.join(found.name for found in PROTOCOL)}"
    raise NotFoundError("the protocol of SALSA-CLRS", repr(name), expected, "correct the name")


def _weighed(rng: np.random.Generator, graphs: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Random weights at the edges of undirected graphs [B, N, N], 0 elsewhere."""
    import numpy as np

    count, size, _ = graphs.shape
    weights = np.empty(graphs.shape, dtype=np.float32)
    for rows in blocks(count, 4 * size**2):
        part = random_weights(rng, size, rows.stop - rows.start, directed=False)
        np.multiply(part, graphs[rows], out=weights[rows])
    return weights
