"""One round of message passing with maximum aggregation, as CLRS has it, with triples and MLPs as options."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import NetworkConfig
from .encoded import Encoded
from .gate import Gate
from .hidden import Hidden
from .initial import linear
from .pair_layer import PairLayer
from .shapes import MPNNConfig
from .triples import Thirds

if TYPE_CHECKING:
    from jaxtyping import Float

CELLS = 2**24
"""Numbers at pairs, or at triples, of the graphs that are done at once."""


class MPNNRound(nn.Module):
    """Every node hears messages of others, keeps the largest of each sort and updates its hidden vector.

    With z = [x ; h], sender u, receiver v, and p the vectors at pairs (none in the network of CLRS):

        t_uv = max_k thirds(triples of u, k, v)                   (``Thirds``; Ibarz et al., 2022)
        q_uv = layers(p_uv, p_vu, t_uv, t_vu, e_uv, z_u, z_v, g)   ReLU layers, see ``PairLayer``
        M_v  = max_u message q_uv                                  over the senders u that v hears
        h'_v = mlp(relu(received M_v + skip z_v)), then layer normalisation
        p'_uv = the first numbers of q_uv

    A round that is ``gated`` mixes h'_v with h_v last (``Gate``).

    With one layer and another one that is ``linked``, this is the MPNN of the CLRS benchmark
    (Veličković et al., 2022; Gilmer et al., 2017). A round without layers has no messages.

    Args:
        config: the shape of the network.
        shape: the shape of this round.
    """

    def __init__(self, config: NetworkConfig, shape: MPNNConfig) -> None:
        super().__init__()
        self.shape = shape
        self.kept = config.pairs
        size, width = config.features + config.hidden, shape.width
        self.thirds = Thirds(config, shape.triples, shape.thirds) if shape.thirds else None
        first = config.pairs + shape.thirds
        layers: list[nn.Module] = []
        for before, after in pairwise((first, *shape.pairs)):
            plain = shape.linked and layers
            layers.append(linear(before, after) if plain else PairLayer(config, before, after))
        self.pairs = nn.ModuleList(layers)
        self.graph = linear(config.graph_features, shape.pairs[0], bias=False) if shape.pairs else None
        self.message = linear(shape.pairs[-1], shape.received) if shape.received else None
        self.received = linear(shape.received, width, bias=False) if shape.received else None
        self.skip = linear(size, width)
        self.mlp = nn.ModuleList(linear(a, b) for a, b in pairwise((width, *shape.mlp)))
        self.norm = nn.LayerNorm(config.hidden, eps=1e-5) if config.layer_norm else None
        self.gate = Gate(size, shape.received, config.hidden) if shape.gated else None

    def forward(self, encoded: Encoded, hidden: Hidden) -> tuple[Hidden, Float[Tensor, "B 0 N N"]]:
        """Hidden vectors after the round, and no attention."""
        z = torch.cat([encoded.x, hidden.nodes], -1)
        after, pairs, largest = self.skip(z), hidden.pairs, z[..., :0]
        if len(self.pairs):
            shares = self._shares(encoded)
            if len(shares) == 1:
                largest, pairs = self._messages(encoded, z, hidden.pairs)
            else:
                parts = [self._messages(encoded.take(r), z[r], hidden.pairs[r]) for r in shares]
                largest, pairs = (torch.cat(part) for part in zip(*parts, strict=True))
            if self.received is not None:
                after = self.received(largest) + after
        after = F.relu(after)
        for layer in self.mlp:
            after = F.relu(layer(after))
        if self.norm is not None:
            after = self.norm(after)
        if self.gate is not None:
            after = self.gate(z, largest, hidden.nodes, after)
        after = after.masked_fill(~encoded.nodes[..., None], 0.0)
        batch, nodes = encoded.nodes.shape
        return Hidden(after, pairs), after.new_zeros(batch, 0, nodes, nodes)

    def _shares(self, encoded: Encoded) -> tuple[Tensor, ...]:
        """The graphs in shares whose pairs fit into memory together."""
        batch, nodes = encoded.nodes.shape
        share = max(1, CELLS // max(1, nodes**2 * self.shape.widest))
        return torch.split(torch.arange(batch, device=encoded.nodes.device), share)

    def _messages(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], pairs: Float[Tensor, "B N N _"]
    ) -> tuple[Float[Tensor, "B N _"], Float[Tensor, "B N N _"]]:
        """The largest messages at every node, and the new vectors at pairs."""
        q = pairs
        if self.thirds is not None:
            q = torch.cat([pairs, self.thirds(encoded, z, pairs)], -1)
        assert self.graph is not None
        shared = self.graph(encoded.graph)
        for k, layer in enumerate(self.pairs):
            if isinstance(layer, PairLayer):
                q = layer(encoded, z, q, shared=None if k else shared)
            else:
                q = F.relu(layer(q))
        if self.message is None:
            return z[..., :0], q[..., : self.kept]
        heard = encoded.attended[self.shape.attend].transpose(1, 2)[..., None]
        largest = self.message(q).masked_fill(~heard, float("-inf")).amax(1)
        return largest.masked_fill(~encoded.nodes[..., None], 0.0), q[..., : self.kept]
