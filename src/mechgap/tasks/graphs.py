"""Random graphs and the inputs made of them, with the distributions of the CLRS benchmark.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022; its code, not its
text, is followed where they differ: an undirected graph has each edge with probability p squared
and each loop with probability p, weights of undirected graphs are sqrt(w w' + 0.001), and the
input ``adj`` has all loops while ``A`` has those that were drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import GraphError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..semantics.batch import Batch

    Seed = int | np.random.Generator
    Connectivity = float | Sequence[float]

WEIGHT_FLOOR = 1e-3


def sample_reachability(seed: Seed, size: int, count: int, *, p: Connectivity = 0.5) -> Batch:
    """Undirected graphs without weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``."""
    rng = generator(seed, size, count)
    drawn = random_graphs(rng, size, count, p, directed=False)
    return graph_batch(drawn.astype(float), sources=random_sources(rng, size, count))


def sample_shortest_paths(seed: Seed, size: int, count: int, *, p: Connectivity = 0.5) -> Batch:
    """Undirected graphs with weights, and a source: inputs ``pos``, ``s``, ``A``, ``adj``."""
    rng = generator(seed, size, count)
    drawn = random_graphs(rng, size, count, p, directed=False)
    weights = drawn * random_weights(rng, size, count, directed=False)
    return graph_batch(weights, sources=random_sources(rng, size, count))


def sample_directed(seed: Seed, size: int, count: int, *, p: Connectivity = 0.5) -> Batch:
    """Directed graphs without weights: inputs ``pos``, ``A``, ``adj``."""
    rng = generator(seed, size, count)
    return graph_batch(random_graphs(rng, size, count, p, directed=True).astype(float))


def generator(seed: Seed, size: int, count: int) -> np.random.Generator:
    """The generator to draw from.

    Raises:
        GraphError: if no graph of that size, or no batch of that length, exists.
    """
    import numpy as np

    if size < 1 or count < 1:
        raise GraphError(
            "a sampler",
            f"{count} graphs of {size} nodes",
            "at least one graph of at least one node",
            "ask for a positive size and count",
        )
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)


def random_graphs(
    rng: np.random.Generator, size: int, count: int, p: Connectivity, *, directed: bool
) -> NDArray[np.bool_]:
    """Erdős-Rényi graphs [count, size, size] with loops; undirected ones have density p squared."""
    import numpy as np

    chances = np.atleast_1d(np.asarray(p, dtype=float))
    if chances.ndim != 1 or not ((chances >= 0) & (chances <= 1)).all():
        raise GraphError(
            "a sampler, option p", f"p = {p}", "one or several probabilities in [0, 1]", "correct p"
        )
    drawn = rng.random((count, size, size)) < rng.choice(chances, count)[:, None, None]
    return drawn if directed else drawn & drawn.transpose(0, 2, 1)


def random_weights(rng: np.random.Generator, size: int, count: int, *, directed: bool) -> NDArray[np.float64]:
    """Weights [count, size, size]; uniform in [0, 1), or sqrt(w w' + 0.001) if undirected."""
    import numpy as np

    weights = rng.random((count, size, size))
    return weights if directed else np.sqrt(weights * weights.transpose(0, 2, 1) + WEIGHT_FLOOR)


def random_sources(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """One node of each graph, [count]."""
    return rng.integers(size, size=count)


def graph_batch(weights: NDArray[np.float64], *, sources: NDArray[np.int64] | None = None) -> Batch:
    """The standard inputs of graphs whose edges are the entries of [count, size, size] that are not 0."""
    import numpy as np
    import torch

    from ..semantics.batch import Batch

    count, size, _ = weights.shape
    values = {"pos": torch.tensor(np.arange(size) / size, dtype=torch.float32).expand(count, size)}
    if sources is not None:
        values["s"] = torch.nn.functional.one_hot(torch.from_numpy(sources), size).bool()
    values["A"] = torch.from_numpy(weights.astype(np.float32))
    values["adj"] = torch.from_numpy((weights != 0) | np.eye(size, dtype=bool))
    return Batch(values, torch.ones(count, size, dtype=torch.bool))
