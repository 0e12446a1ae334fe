"""Layers at pairs and at triples of nodes for PyTorch Geometric: pairs are the edges of a complete graph."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..nets.encoded import Projection
from ..nets.initial import linear
from ..nets.pair_layer import PairLayer
from ..nets.triples import Thirds, TripleLayer
from .pyg_convs import MaximumConv, SumConv

PAIRS = "pairs"
"""The name of the list of all pairs, beside those under which rounds attend."""


@dataclass(frozen=True)
class Links:
    """A list of edges, as layers at pairs (u, v) read it.

    Attributes:
        sender, receiver: the nodes u and v [L].
        edges: raw features at (u, v) [L, K].
        reverse: where the opposite pair is in the list [L].
    """

    sender: Tensor
    receiver: Tensor
    edges: Tensor
    reverse: Tensor

    @classmethod
    def of(cls, data: Any, name: str) -> Links:
        """Those of a name; attention has the features of the opposite pair, (receiver, sender)."""
        reverse = data[f"reverse_{name}"]
        sender, receiver = data[f"edge_index_{name}"]
        return cls(sender, receiver, data[f"edge_attr_{name}"][reverse], reverse)


class PairUnits(nn.Module):
    """A ``PairLayer`` on a list of edges.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: PairLayer, project: Projection) -> None:
        super().__init__()
        self.edge = mapped(project.then(source.edge))
        self.pair, self.sender = copy.deepcopy(source.pair), copy.deepcopy(source.sender)
        self.receiver = copy.deepcopy(source.receiver)
        self.sent, self.received = copy.deepcopy(source.sent), copy.deepcopy(source.received)
        self.heads, self.sum = source.heads, SumConv()

    def forward(
        self,
        links: Links,
        z: Tensor,
        p: Tensor,
        shared: Tensor | None = None,
        read: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """The vectors [L, W] after the layer.

        Args:
            links: the pairs.
            z: at the nodes.
            p: at the pairs.
            shared: what the graph adds at every node.
            read: the attention at all pairs [L, A] and the triples, for layers that read them.
        """
        after = self.edge(links.edges) + self.pair(torch.cat([p, p[links.reverse]], -1))
        if self.heads and read is not None:
            alpha, (first, second, direct) = read[0], read[1]
            sent, received = (self._by_head(part, p) for part in (self.sent, self.received))
            at_first = alpha[links.reverse][first]
            after = after + self.sum(torch.stack([second, direct]), sent, at_first)
            after = after + self.sum(torch.stack([first, direct]), received, alpha[second])
        at_receiver = self.receiver(z) if shared is None else self.receiver(z) + shared
        return F.relu((after + self.sender(z)[links.sender]) + at_receiver[links.receiver])

    def _by_head(self, layer: Any, p: Tensor) -> Tensor:
        """What a layer makes of p for each head [L, A, W]."""
        return torch.stack([F.linear(p, part) for part in layer.weight.chunk(self.heads, 1)], 1)


class ThirdUnits(nn.Module):
    """``Thirds`` as message passing between pairs: along each triple from (u, k), with (k, v), to (u, v).

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: Thirds, project: Projection) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TripleUnits(layer, project) for layer in source.layers)
        self.maximum = MaximumConv()

    def forward(self, links: Links, z: Tensor, p: Tensor, triples: Tensor) -> Tensor:
        """What pairs [L, W] get of the triples [3, T]."""
        first, _, direct = triples
        both, t = torch.cat([p, p[links.reverse]], -1), None
        for layer in self.layers:
            t = layer(links, z, both, triples, t)
        found: Tensor = self.maximum(torch.stack([first, direct]), t, len(p))
        return found


class TripleUnits(nn.Module):
    """A ``TripleLayer`` on a list of triples.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: nn.Module, project: Projection) -> None:
        super().__init__()
        assert isinstance(source, TripleLayer)
        edges = [layer for layer in source.edges if isinstance(layer, nn.Linear)]
        self.edges = nn.ModuleList(mapped(project.then(layer)) for layer in edges)
        self.pairs, self.here = copy.deepcopy(source.pairs), copy.deepcopy(source.here)
        self.before = copy.deepcopy(source.before)

    def forward(
        self, links: Links, z: Tensor, both: Tensor, triples: Tensor, before: Tensor | None
    ) -> Tensor:
        """The numbers [T, W] of the layer, of those of the layer before."""
        nodes = (links.sender, links.sender, links.receiver)
        parts = zip(self.edges, self.pairs, self.here, nodes, triples, strict=True)
        first, second, direct = (
            ((edge(links.edges) + pair(both)) + here(z)[node])[leg] for edge, pair, here, node, leg in parts
        )
        if self.before is not None and before is not None:
            first = self.before(F.relu(before)) + first
        found: Tensor = (first + second) + direct
        return found


def mapped(project: Projection) -> nn.Linear:
    """A map of raw features as a layer."""
    layer = linear(project.weight.shape[1], project.weight.shape[0]).to(project.weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(project.weight)
        layer.bias.copy_(project.bias)
    return layer
