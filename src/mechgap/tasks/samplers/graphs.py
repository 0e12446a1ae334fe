"""Random graphs and the inputs made of them, with the distributions of the CLRS benchmark.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022; its code, not its
text, is followed where they differ: an undirected graph has each edge with probability p squared
and each loop with probability p, weights of undirected graphs are sqrt(w w' + 0.001), and the
input ``adj`` has all loops while ``A`` has those that were drawn.

Every sampler draws ``count`` graphs of ``size`` nodes; ``p`` is one probability or several of which
each graph draws one, and None means that of the benchmark: 0.2 for the tasks about bridges and for
Kruskal's algorithm, else 0.5. All raise a GraphError for a size or count below 1 and for a p that is
no probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .draws import generator, grid, make_batch, permutations, random_chances, random_coins, uniforms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...semantics.batch import Batch
    from .draws import Connectivity, Seed

WEIGHT_FLOOR = 1e-3
DENSE = 0.5
SPARSE = 0.2
COMMUNITIES = 4
EXCEPTIONAL = 0.01
"""Probability with which a pair of nodes is treated contrary to its communities."""


def sample_reachability(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Undirected graphs without weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``.

    For bfs.
    """
    rng = generator(seed, size, count)
    drawn = random_graphs(rng, size, count, DENSE if p is None else p, directed=False)
    return graph_batch(drawn, sources=random_sources(rng, size, count))


def sample_shortest_paths(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Undirected graphs with weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``.

    For bellman_ford, dijkstra and mst_prim.
    """
    rng = generator(seed, size, count)
    weights = _weighted(rng, size, count, DENSE if p is None else p)
    return graph_batch(weights, sources=random_sources(rng, size, count))


def sample_all_paths(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Undirected graphs with weights: inputs ``pos``, ``A``, ``adj``; for floyd_warshall."""
    return graph_batch(_weighted(generator(seed, size, count), size, count, DENSE if p is None else p))


def sample_weighted_undirected(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Sparse undirected graphs with weights: inputs ``pos``, ``A``, ``adj``; for mst_kruskal."""
    return graph_batch(_weighted(generator(seed, size, count), size, count, SPARSE if p is None else p))


def sample_undirected(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Sparse undirected graphs without weights: inputs ``pos``, ``A``, ``adj``.

    For articulation_points and bridges.
    """
    rng = generator(seed, size, count)
    return graph_batch(random_graphs(rng, size, count, SPARSE if p is None else p, directed=False))


def sample_directed(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs without weights: inputs ``pos``, ``A``, ``adj``; for dfs."""
    rng = generator(seed, size, count)
    return graph_batch(random_graphs(rng, size, count, DENSE if p is None else p, directed=True))


def sample_dag(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs without cycles and weights: inputs ``pos``, ``A``, ``adj``; for topological_sort."""
    return graph_batch(random_dags(generator(seed, size, count), size, count, p))


def sample_weighted_dag(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs without cycles, with weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``.

    For dag_shortest_paths.
    """
    rng = generator(seed, size, count)
    weights = random_dags(rng, size, count, p) * random_weights(rng, size, count, directed=True)
    return graph_batch(weights, sources=random_sources(rng, size, count))


def sample_communities(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs of four communities: inputs ``pos``, ``A``, ``adj``.

    For strongly_connected_components. A quarter of the nodes (rounded down; the last has the rest)
    makes a community, chosen at random. Within one, edges and loops are drawn with probability p and
    then each pair is inverted with probability 0.01; from a community to a later one there are edges
    with probability 0.01, and none back. Graphs of fewer than 4 nodes are a single community.
    """
    import numpy as np

    rng = generator(seed, size, count)
    chances = random_chances(rng, count, p, default=DENSE)
    inside = random_coins(rng, chances * (1 - EXCEPTIONAL) + (1 - chances) * EXCEPTIONAL, (size, size))
    across = random_coins(rng, np.full(count, EXCEPTIONAL), (size, size))
    member = np.minimum(permutations(rng, size, count) // max(size // COMMUNITIES, 1), COMMUNITIES - 1)
    if size < COMMUNITIES:
        member = np.zeros_like(member)
    sender, receiver = member[:, :, None], member[:, None, :]
    return graph_batch((inside & (sender == receiver)) | (across & (sender < receiver)))


def random_graphs(
    rng: np.random.Generator, size: int, count: int, p: Connectivity, *, directed: bool
) -> NDArray[np.bool_]:
    """Erdős-Rényi graphs [count, size, size] with loops; undirected ones have density p squared.

    Raises:
        GraphError: if p is not one or several probabilities.
    """
    chances = random_chances(rng, count, p, default=DENSE)
    if directed:
        return random_coins(rng, chances, (size, size))
    drawn = symmetric_coins(rng, chances**2, size)
    drawn.reshape(count, -1)[:, :: size + 1] = random_coins(rng, chances, (size,))
    return drawn


def symmetric_coins(
    rng: np.random.Generator, chances: NDArray[np.float64], size: int
) -> NDArray[np.bool_]:
    """Undirected graphs without loops [count, size, size], of edges with probabilities [count]."""
    import numpy as np

    upper = random_coins(rng, chances, (size, size))
    upper &= np.tri(size, k=-1, dtype=bool).T
    return upper | upper.transpose(0, 2, 1)


def random_dags(rng: np.random.Generator, size: int, count: int, p: Connectivity) -> NDArray[np.bool_]:
    """Graphs [count, size, size] whose edges, drawn with probability p, follow a random order of the nodes."""
    drawn = random_graphs(rng, size, count, p, directed=True)
    place = permutations(rng, size, count)
    drawn &= place[:, :, None] < place[:, None, :]
    return drawn


def random_weights(rng: np.random.Generator, size: int, count: int, *, directed: bool) -> NDArray[np.float32]:
    """Weights [count, size, size]; uniform in (0, 1], or sqrt(w w' + 0.001) if undirected."""
    import numpy as np

    drawn = uniforms(rng, (count, size, size))
    if directed:
        return np.subtract(np.float32(1), drawn, out=drawn)
    weights = drawn * drawn.transpose(0, 2, 1)
    weights += np.float32(WEIGHT_FLOOR)
    return np.sqrt(weights, out=weights)


def random_sources(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """One node of each graph, [count]."""
    return rng.integers(size, size=count)


def graph_batch(
    weights: NDArray[np.float32] | NDArray[np.float64] | NDArray[np.bool_],
    *,
    sources: NDArray[np.int64] | None = None,
) -> Batch:
    """The standard inputs of graphs whose edges are the entries of [count, size, size] that are not 0."""
    import numpy as np

    count, size, _ = weights.shape
    values = {}
    if sources is not None:
        values["s"] = np.arange(size) == sources[:, None]
    values["A"] = weights.astype(np.float32, copy=False)
    joined = weights.astype(bool)
    joined.reshape(count, -1)[:, :: size + 1] = True
    values["adj"] = joined
    return make_batch(grid(size), values)


def _weighted(rng: np.random.Generator, size: int, count: int, p: Connectivity) -> NDArray[np.float32]:
    """Undirected graphs with weights, [count, size, size]."""
    drawn = random_graphs(rng, size, count, p, directed=False)
    weights = random_weights(rng, size, count, directed=False)
    weights *= drawn
    return weights
