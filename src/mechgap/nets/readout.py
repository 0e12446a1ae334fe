"""Readouts: what turns hidden vectors into logits of a port, as CLRS decodes each location and kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..lang.location import Location
from ..lang.program import Port
from .config import NetworkConfig
from .encoded import Encoded
from .initial import linear
from .pairs import blocks, pointer_logits

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Reading:
    """What a readout reads.

    Attributes:
        encoded: the encoded graphs.
        nodes: x with the hidden vectors before and after the step.
        pairs: the vectors at pairs after the step.
    """

    encoded: Encoded
    nodes: Float[Tensor, "B N R"]
    pairs: Float[Tensor, "B N N P"]


class NodeReadout(nn.Module):
    """Logits of a value at nodes: one linear layer."""

    def __init__(self, config: NetworkConfig, width: int) -> None:
        super().__init__()
        self.linear = linear(config.features + 2 * config.hidden, width)

    def forward(self, reading: Reading) -> Float[Tensor, "B N W"]:
        logits: Tensor = self.linear(reading.nodes)
        return logits

    def sharpen(self, factor: float) -> None:
        """Multiply the logits by a factor, in the weights."""
        _multiply(factor, self.linear)


class ChoiceReadout(NodeReadout):
    """Logits of a pointer of the graph: a score at every node."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, 1)

    def forward(self, reading: Reading) -> Float[Tensor, "B N"]:
        return super().forward(reading)[..., 0]


class PointerReadout(nn.Module):
    """Logits of a pointer at nodes, at (node a, candidate c).

    logit_ac = final(max(receiver r_a, candidate r_c + edge e_ca)); the edge is that from the
    candidate's row, as in CLRS. With ``pointer_pairs``, pair p_ca is added to what the edge gives.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        size, width = config.features + 2 * config.hidden, config.pointer_width
        self.receiver = linear(size, width)
        self.candidate = linear(size, width)
        self.edge = linear(config.edge_features, width)
        self.pair = linear(config.pairs, width, bias=False) if config.pointer_pairs else None
        self.final = linear(width, 1)

    def forward(self, reading: Reading) -> Float[Tensor, "B N N"]:
        edges = reading.encoded.edges
        if self.pair is not None:
            edges = torch.cat([edges, reading.pairs], -1)
        scores = pointer_logits(
            edges.transpose(1, 2),
            reading.encoded.projection.then(self.edge).beside(self.pair),
            self.receiver(reading.nodes),
            self.candidate(reading.nodes),
            self.final.weight[0],
        )
        return scores + self.final.bias

    def sharpen(self, factor: float) -> None:
        """Multiply the logits by a factor, in the weights."""
        _multiply(factor, self.final)


class EdgeReadout(nn.Module):
    """Logits of a value at pairs: first r_i + second r_j + edge e_ij, and pair p_ij if there are p."""

    def __init__(self, config: NetworkConfig, width: int) -> None:
        super().__init__()
        size = config.features + 2 * config.hidden
        self.first = linear(size, width)
        self.second = linear(size, width)
        self.edge = linear(config.edge_features, width)
        self.pair = linear(config.pairs, width, bias=False) if config.pairs else None

    def forward(self, reading: Reading) -> Float[Tensor, "B N N W"]:
        ends: Tensor = self.first(reading.nodes)[:, :, None] + self.second(reading.nodes)[:, None]
        ends = ends + reading.encoded.projection.then(self.edge)(reading.encoded.edges)
        return ends if self.pair is None else ends + self.pair(reading.pairs)

    def sharpen(self, factor: float) -> None:
        """Multiply the logits by a factor, in the weights."""
        _multiply(factor, self.first, self.second, self.edge, *([self.pair] if self.pair else []))


class EdgePointerReadout(EdgeReadout):
    """Logits of a pointer at pairs, at (i, j, candidate k).

    logit_ijk = final(max(first r_i + second r_j + edge e_ij, candidate r_k)).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, config.pointer_width)
        self.candidate = linear(config.features + 2 * config.hidden, config.pointer_width)
        self.final = linear(config.pointer_width, 1)

    def forward(self, reading: Reading) -> Float[Tensor, "B N N N"]:
        ends = super().forward(reading)
        candidate = self.candidate(reading.nodes)[:, None, None]
        batch, nodes, _, width = ends.shape
        logits: Tensor = ends.new_empty(batch, nodes, nodes, nodes)
        for block in blocks(batch, nodes, nodes * width):
            best = torch.maximum(ends[block.graphs, block.rows, :, None], candidate[block.graphs])
            logits[block.graphs, block.rows] = self.final(best)[..., 0]
        return logits

    def sharpen(self, factor: float) -> None:
        """Multiply the logits by a factor, in the weights."""
        _multiply(factor, self.final)


class GraphReadout(nn.Module):
    """Logits of a value of the graph: nodes(max over the nodes of r_n) + graph g."""

    def __init__(self, config: NetworkConfig, width: int) -> None:
        super().__init__()
        self.nodes = linear(config.features + 2 * config.hidden, width)
        self.graph = linear(config.graph_features, width)

    def forward(self, reading: Reading) -> Float[Tensor, "B W"]:
        padding = ~reading.encoded.nodes[..., None]
        highest = reading.nodes.masked_fill(padding, float("-inf")).amax(1)
        logits: Tensor = self.nodes(highest) + self.graph(reading.encoded.graph)
        return logits

    def sharpen(self, factor: float) -> None:
        """Multiply the logits by a factor, in the weights."""
        _multiply(factor, self.nodes, self.graph)


def readout(config: NetworkConfig, port: Port) -> nn.Module:
    """The readout for the location and kind of a port."""
    if port.kind.refers:
        by_location = {Location.NODE: PointerReadout, Location.EDGE: EdgePointerReadout}
        return by_location.get(port.location, ChoiceReadout)(config)
    plain = {Location.NODE: NodeReadout, Location.EDGE: EdgeReadout, Location.GRAPH: GraphReadout}
    return plain[port.location](config, port.kind.width)


def _multiply(factor: float, *layers: nn.Linear) -> None:
    with torch.no_grad():
        for weight in (weight for layer in layers for weight in layer.parameters()):
            weight.mul_(factor)
