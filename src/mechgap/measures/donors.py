"""Other inputs on the same graphs, from whose runs foreign states are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..lang.program import Interface
from ..semantics.batch import Batch

if TYPE_CHECKING:
    from jaxtyping import Int64


@dataclass(frozen=True)
class Pairs:
    """Runs that receive foreign states, and the runs that give them.

    Attributes:
        base: inputs [P] of the runs that receive.
        donor: inputs [P] of the runs that give.
        graph: to which graph of the test set a pair belongs; graphs are the unit of replication.
    """

    base: Batch
    donor: Batch
    graph: Int64[Tensor, " P"]

    @property
    def graphs(self) -> int:
        """The number of graphs."""
        return int(self.graph.max()) + 1


def draw_pairs(interface: Interface, batch: Batch, donors: int = 4, seed: int = 0) -> Pairs:
    """Every graph of a batch paired with several donors drawn by ``redrawn``."""
    graph = torch.arange(len(batch)).repeat(donors)
    drawn = [redrawn(interface, batch, seed * donors + k) for k in range(donors)]
    values = {name: torch.cat([each.values[name] for each in drawn]) for name in batch.values}
    return Pairs(batch.take(graph), Batch(values, torch.cat([each.nodes for each in drawn])), graph)


def redrawn(interface: Interface, batch: Batch, seed: int = 0) -> Batch:
    """Other inputs on the same graphs: every mask_one at another node, drawn uniformly.

    Inputs without a mask_one come from another graph with the same number of nodes.
    """
    generator = torch.Generator().manual_seed(seed)
    marks = [port.name for port in interface.inputs if isinstance(port.kind, MaskOne)]
    if not marks:
        return batch.take(_partners(batch.sizes, generator))
    values = dict(batch.values)
    for name in marks:
        open_nodes = batch.nodes & ~values[name]
        chance = torch.where(open_nodes.any(1, keepdim=True), open_nodes, values[name]).double()
        node = torch.multinomial(chance, 1, generator=generator)
        values[name] = torch.arange(batch.width) == node
    return Batch(values, batch.nodes)


def _partners(sizes: Tensor, generator: torch.Generator) -> Tensor:
    """For every graph another one of the same size, in a random cycle; itself if there is none."""
    partner = torch.arange(len(sizes))
    for size in set(sizes.tolist()):
        rows = (sizes == size).nonzero()[:, 0]
        rows = rows[torch.randperm(len(rows), generator=generator)]
        partner[rows] = rows.roll(1)
    return partner
