"""Sparse graphs: the other samplers with a connectivity that falls as graphs grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...semantics.batch import Batch
    from ..task import Sampler
    from .draws import Connectivity, Seed


@dataclass(frozen=True)
class SparseSampler:
    """Draws graphs in which a node has a few neighbours, however many nodes there are.

    Attributes:
        sample: draws graphs for a chance p.
        degree: the mean number of edges out of a node, loops not counted, unless the caller gives p.
        undirected: whether ``sample`` draws an edge with probability p squared, as for undirected
            graphs, and not p.
    """

    sample: Sampler
    degree: float
    undirected: bool = True

    def __call__(self, seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
        """Draw ``count`` graphs of ``size`` nodes; see ``Sampler``."""
        if p is None:
            chance = min(1.0, self.degree / max(size - 1, 1))
            p = chance**0.5 if self.undirected else chance
        return self.sample(seed, size, count, p=p)
