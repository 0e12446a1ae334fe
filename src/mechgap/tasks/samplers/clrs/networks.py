"""Inputs that are graphs: Erdős-Rényi graphs and graphs of communities, with CLRS's densities.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022, and its code. An
undirected graph has the edges that were drawn both ways, so each with probability p squared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .order import Order
from .sequences import positions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs = dict[str, NDArray[Any]]

COMMUNITIES = 4
TOGGLED = 0.01
WEIGHT_FLOOR = 1e-3


@dataclass(frozen=True)
class ErdosRenyi:
    """Random graphs: ``pos``, ``s`` if there is a source, ``A`` and ``adj`` [count, length, length].

    ``A`` holds the weights, or whole ones, of the edges that were drawn, loops among them; ``adj`` has
    every loop.

    Attributes:
        directed: whether the two directions of an edge are drawn alone.
        acyclic: whether edges go from left to right only, in an order that is drawn as well; such
            graphs are directed.
        weighted: whether edges have weights in [0, 1), or roots of w w' + 0.001 if undirected.
        source: whether a node is drawn to start from.
    """

    directed: bool = False
    acyclic: bool = False
    weighted: bool = False
    source: bool = False

    def __call__(self, rng: np.random.RandomState, order: Order) -> Inputs:
        """Draw the graphs, one after the other."""
        import numpy as np

        count, size = order.count, order.length
        edges = np.empty((count, size, size), dtype=bool)
        lines = np.empty((count, size), dtype=np.int64)
        weights = np.empty((count, size, size) if self.weighted else 0)
        sources = np.empty(count, dtype=np.int64)
        for sample in range(count):
            edges[sample] = successes(rng, one_chance(rng, order), (size, size))
            if self.acyclic:
                lines[sample] = rng.permutation(size)
            if self.weighted:
                weights[sample] = rng.random_sample((size, size))
            if self.source:
                sources[sample] = rng.randint(size)
        if self.acyclic:
            edges = reordered(np.triu(edges, 1), lines)
        elif not self.directed:
            edges &= edges.transpose(0, 2, 1)
        inputs: Inputs = {"pos": positions(order)}
        if self.source:
            inputs["s"] = np.eye(size)[sources]
        return inputs | edge_inputs(self._weigh(edges, weights))

    def _weigh(self, edges: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[Any]:
        """The matrix of weights of the edges."""
        import numpy as np

        if not self.weighted:
            return edges.astype(np.int64)
        if not self.directed:
            weights = np.sqrt(weights * weights.transpose(0, 2, 1) + WEIGHT_FLOOR)
        return edges * weights


def communities(rng: np.random.RandomState, order: Order) -> Inputs:
    """Directed graphs of four communities, in an order that is drawn as well: ``pos``, ``A``, ``adj``.

    Inside of a community edges are drawn with the given chance; then a hundredth of the pairs is
    turned over, but never from a community to one before it.
    """
    import numpy as np

    size = order.length
    starts = [size // COMMUNITIES * number for number in range(COMMUNITIES)]
    member = np.searchsorted(starts, np.arange(size), side="right")
    inside = member[:, None] == member
    edges = np.zeros((order.count, size, size), dtype=bool)
    toggled = np.empty((order.count, size, size), dtype=bool)
    lines = np.empty((order.count, size), dtype=np.int64)
    for sample in range(order.count):
        # The pairs of one community follow those of the one before, which is the order of this mask.
        edges[sample, inside] = successes(rng, one_chance(rng, order), int(inside.sum()))
        toggled[sample] = successes(rng, TOGGLED, (size, size))
        lines[sample] = rng.permutation(size)
    edges ^= toggled & (member[:, None] <= member)
    return {"pos": positions(order)} | edge_inputs(reordered(edges, lines).astype(float))


def edge_inputs(weights: NDArray[Any]) -> Inputs:
    """Weights as ``A`` [count, n, n], and as ``adj`` 1 where they are not 0 and at loops."""
    import numpy as np

    return {"A": weights, "adj": ((weights != 0) | np.eye(weights.shape[-1], dtype=bool)).astype(float)}


def reordered(edges: NDArray[np.bool_], lines: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Graphs [count, n, n] whose node i is the node ``lines[i]`` of the given ones; lines are [count, n]."""
    import numpy as np

    sample = np.arange(len(edges))[:, None, None]
    return np.asarray(edges[sample, lines[:, :, None], lines[:, None, :]])


def one_chance(rng: np.random.RandomState, order: Order) -> float:
    """One of the chances of an edge; nothing is drawn if there is one only."""
    return order.chances[rng.randint(len(order.chances))]


def successes(rng: np.random.RandomState, chance: float, shape: int | tuple[int, ...]) -> NDArray[np.bool_]:
    """Trials that succeed with a chance: ``rng.binomial(1, chance, shape)``, in a quarter of the time.

    A RandomState draws one trial by inversion from one uniform number, so that comparing such numbers
    with the chance of the less likely outcome leaves the same result and the same state behind.
    """
    import numpy as np

    unlikely = rng.random_sample(shape) > 1 - min(chance, 1 - chance)
    return np.asarray(unlikely if chance <= 0.5 else ~unlikely)
