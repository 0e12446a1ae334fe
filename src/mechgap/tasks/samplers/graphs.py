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

from typing import TYPE_CHECKING, Any

from .draws import blocks, generator, grid, make_batch, permutations, random_chances, random_coins, uniforms

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from ...semantics.batch import Batch
    from .draws import Connectivity, Seed

    Draw = Callable[[np.random.Generator, int, NDArray[np.float64]], NDArray[Any]]

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
    drawn = _drawn(rng, size, random_chances(rng, count, p, default=DENSE), undirected_graphs)
    return graph_batch(drawn, sources=random_sources(rng, size, count))


def sample_shortest_paths(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Undirected graphs with weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``.

    For bellman_ford, dijkstra and mst_prim.
    """
    rng = generator(seed, size, count)
    drawn = _drawn(rng, size, random_chances(rng, count, p, default=DENSE), _weighted_undirected)
    return graph_batch(drawn, sources=random_sources(rng, size, count))


def sample_all_paths(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Undirected graphs with weights: inputs ``pos``, ``A``, ``adj``; for floyd_warshall."""
    rng = generator(seed, size, count)
    return graph_batch(_drawn(rng, size, random_chances(rng, count, p, default=DENSE), _weighted_undirected))


def sample_weighted_undirected(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Sparse undirected graphs with weights: inputs ``pos``, ``A``, ``adj``; for mst_kruskal."""
    rng = generator(seed, size, count)
    return graph_batch(_drawn(rng, size, random_chances(rng, count, p, default=SPARSE), _weighted_undirected))


def sample_undirected(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Sparse undirected graphs without weights: inputs ``pos``, ``A``, ``adj``.

    For articulation_points and bridges.
    """
    rng = generator(seed, size, count)
    return graph_batch(_drawn(rng, size, random_chances(rng, count, p, default=SPARSE), undirected_graphs))


def sample_directed(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs without weights: inputs ``pos``, ``A``, ``adj``; for dfs."""
    rng = generator(seed, size, count)
    return graph_batch(_drawn(rng, size, random_chances(rng, count, p, default=DENSE), directed_graphs))


def sample_dag(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs without cycles and weights: inputs ``pos``, ``A``, ``adj``; for topological_sort."""
    rng = generator(seed, size, count)
    return graph_batch(_drawn(rng, size, random_chances(rng, count, p, default=DENSE), acyclic_graphs))


def sample_weighted_dag(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs without cycles, with weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``.

    For dag_shortest_paths.
    """
    rng = generator(seed, size, count)
    drawn = _drawn(rng, size, random_chances(rng, count, p, default=DENSE), _weighted_acyclic)
    return graph_batch(drawn, sources=random_sources(rng, size, count))


def sample_communities(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Directed graphs of four communities: inputs ``pos``, ``A``, ``adj``.

    For strongly_connected_components; see ``community_graphs``.
    """
    rng = generator(seed, size, count)
    return graph_batch(_drawn(rng, size, random_chances(rng, count, p, default=DENSE), community_graphs))


def directed_graphs(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Graphs [B, N, N] with edges and loops of probabilities [B]."""
    return random_coins(rng, chances, (size, size))


def undirected_graphs(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Undirected graphs [B, N, N] with loops of probabilities [B], and edges of their squares."""
    drawn = symmetric_coins(rng, chances**2, size)
    drawn.reshape(chances.size, -1)[:, :: size + 1] = random_coins(rng, chances, (size,))
    return drawn


def acyclic_graphs(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Graphs [B, N, N] whose edges, of probabilities [B], follow a random order of the nodes."""
    drawn = random_coins(rng, chances, (size, size))
    place = permutations(rng, size, chances.size)
    drawn &= place[:, :, None] < place[:, None, :]
    return drawn


def community_graphs(rng: np.random.Generator, size: int, chances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Directed graphs [B, N, N] of four communities.

    A quarter of the nodes (rounded down; the last has the rest) makes a community, chosen at random; of
    fewer than 4 nodes each is one. Within a community, edges and loops are drawn with probabilities [B],
    and then each pair is inverted with probability 0.01; from a community to a later one there are edges
    with probability 0.01, and none back.
    """
    import numpy as np

    inside = random_coins(rng, chances * (1 - EXCEPTIONAL) + (1 - chances) * EXCEPTIONAL, (size, size))
    across = random_coins(rng, np.full(chances.size, EXCEPTIONAL), (size, size))
    order = permutations(rng, size, chances.size)
    member = np.minimum(order // max(size // COMMUNITIES, 1), COMMUNITIES - 1)
    sender, receiver = member[:, :, None], member[:, None, :]
    drawn: NDArray[np.bool_] = (inside & (sender == receiver)) | (across & (sender < receiver))
    return drawn


def symmetric_coins(rng: np.random.Generator, chances: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    """Undirected graphs without loops [B, N, N], of edges with probabilities [B]."""
    import numpy as np

    upper = random_coins(rng, chances, (size, size))
    upper &= np.tri(size, k=-1, dtype=bool).T
    return upper | upper.transpose(0, 2, 1)


def random_graphs(
    rng: np.random.Generator, size: int, count: int, p: Connectivity, *, directed: bool
) -> NDArray[np.bool_]:
    """Erdős-Rényi graphs [count, size, size] with loops; undirected ones have density p squared.

    Raises:
        GraphError: if p is not one or several probabilities.
    """
    chances = random_chances(rng, count, p, default=DENSE)
    return directed_graphs(rng, size, chances) if directed else undirected_graphs(rng, size, chances)


def random_weights(rng: np.random.Generator, size: int, count: int, *, directed: bool) -> NDArray[np.float32]:
    """Weights [count, size, size]; uniform in (0, 1], or sqrt(w w' + 0.001) if undirected."""
    import numpy as np

    drawn = uniforms(rng, (count, size, size))
    if directed:
        return np.subtract(np.float32(1), drawn, out=drawn)
    weights = drawn * drawn.transpose(0, 2, 1)
    weights += np.float32(WEIGHT_FLOOR)
    np.sqrt(weights, out=weights)
    return weights


def random_sources(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """One node of each graph, [count]."""
    return rng.integers(size, size=count)


def graph_batch(weights: NDArray[Any], *, sources: NDArray[np.int64] | None = None) -> Batch:
    """The standard inputs of graphs whose edges are the entries of [count, size, size] that are not 0."""
    import numpy as np

    size = weights.shape[-1]
    values: dict[str, NDArray[Any]] = {}
    if sources is not None:
        values["s"] = np.arange(size) == sources[:, None]
    values["A"] = weights.astype(np.float32, copy=False)
    joined = weights.astype(bool)
    joined.reshape(len(weights), -1)[:, :: size + 1] = True
    values["adj"] = joined
    return make_batch(grid(size), values)


def _drawn(
    rng: np.random.Generator, size: int, chances: NDArray[np.float64], draw: Draw
) -> NDArray[np.float32]:
    """Edges or weights [count, size, size], drawn block by block."""
    import numpy as np

    weights = np.empty((chances.size, size, size), dtype=np.float32)
    for rows in blocks(chances.size, 4 * size**2):
        weights[rows] = draw(rng, size, chances[rows])
    return weights


def _weighted_undirected(
    rng: np.random.Generator, size: int, chances: NDArray[np.float64]
) -> NDArray[np.float32]:
    weights = random_weights(rng, size, chances.size, directed=False)
    weights *= undirected_graphs(rng, size, chances)
    return weights


def _weighted_acyclic(
    rng: np.random.Generator, size: int, chances: NDArray[np.float64]
) -> NDArray[np.float32]:
    weights = random_weights(rng, size, chances.size, directed=True)
    weights *= acyclic_graphs(rng, size, chances)
    return weights
