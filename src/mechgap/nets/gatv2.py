"""One round of GATv2 (Brody et al., 2021) as CLRS has it, with edge values and MLPs as options."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import NetworkConfig
from .encoded import Encoded
from .hidden import Hidden
from .initial import linear
from .pair_layer import PairLayer
from .pairs import attention_logits
from .shapes import RoundConfig

if TYPE_CHECKING:
    from jaxtyping import Float


class GATv2Round(nn.Module):
    """Every node attends others and updates its hidden vector.

    With z = [x ; h], receiver i and sender j:

        pre_ij   = ((sender z_j + edge e_ij) + receiver z_i) + graph g
        logit_ij = attend · leaky_relu(pre_ij)                         for every head
        alpha_i  = softmax of logit_ij over the attended j
        m_i      = sum_j alpha_ij (value z_j)  +  sum_j alpha_ij (edge_value e_ij)
        h'_i     = mlp(relu(m_i + skip z_i)), then layer normalisation

    In a network with vectors p at pairs, the layers ``pairs`` (see ``PairLayer``) then make new ones
    of h', and what attention and messages read of an edge is e with [p_ij ; p_ji] beside it
    (``pair``, ``pair_value``).

    The sums are formed in this order: compiled weights rely on it to be exact. The bias of the
    receiver is added to the graph's part first. Parts without edge values or norm leave that out.

    Args:
        config: the shape of the network.
        shape: the shape of this round.
    """

    def __init__(self, config: NetworkConfig, shape: RoundConfig) -> None:
        super().__init__()
        self.shape = shape
        self.slope = config.negative_slope
        size, mid, width = config.features + config.hidden, shape.mid, shape.width
        self.sender = linear(size, mid, bias=False)
        self.receiver = linear(size, mid)
        self.edge = linear(config.edge_features, mid, bias=False)
        self.graph = linear(config.graph_features, mid, bias=False)
        self.attend = nn.Parameter(torch.zeros(shape.heads, mid // shape.heads))
        self.value = linear(size, width)
        self.edge_value = linear(config.edge_features, width, bias=False) if shape.edge_values else None
        self.skip = linear(size, width)
        widths = (width, *shape.mlp)
        self.mlp = nn.ModuleList(linear(a, b) for a, b in pairwise(widths))
        self.norm = nn.LayerNorm(config.hidden, eps=1e-5) if config.layer_norm else None
        kept = 2 * config.pairs
        self.pair = linear(kept, mid, bias=False) if kept else None
        self.pair_value = linear(kept, width, bias=False) if kept and shape.edge_values else None
        self.pairs = nn.ModuleList(
            PairLayer(config, before, after, shape.heads if shape.pair_reads and not index else 0)
            for index, (before, after) in enumerate(pairwise((config.pairs, *shape.pairs)))
        )

    def forward(self, encoded: Encoded, hidden: Hidden) -> tuple[Hidden, Float[Tensor, "B A N N"]]:
        """Hidden vectors after the round, and attention as (receiver, sender)."""
        z = torch.cat([encoded.x, hidden.nodes], -1)
        edges = encoded.edges
        if self.pair is not None:
            edges = torch.cat([edges, hidden.pairs, hidden.pairs.transpose(1, 2)], -1)
        allowed = encoded.attended[self.shape.attend][:, None]
        attention = self._logits(encoded, z, edges).masked_fill_(~allowed, float("-inf")).softmax(-1)
        after = F.relu(self._message(encoded, z, edges, attention) + self.skip(z))
        for layer in self.mlp:
            after = F.relu(layer(after))
        if self.norm is not None:
            after = self.norm(after)
        after = after.masked_fill(~encoded.nodes[..., None], 0.0)
        pairs = hidden.pairs
        z = torch.cat([encoded.x, after], -1)
        for layer in self.pairs:
            pairs = layer(encoded, z, pairs, attention)
        return Hidden(after, pairs), attention

    def _logits(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], edges: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B A N N"]:
        """Logits of the attention before masking."""
        receiver = F.linear(z, self.receiver.weight)
        shared = self.receiver.bias + self.graph(encoded.graph)
        return attention_logits(
            edges,
            encoded.projection.then(self.edge).beside(self.pair),
            (self.sender(z), receiver),
            shared,
            self._heads(),
            self.slope,
        )

    def _heads(self) -> Float[Tensor, "M A"]:
        """The weights of every head on its own part of the hidden layer."""
        heads = self.shape.heads
        own = torch.eye(heads, dtype=self.attend.dtype, device=self.attend.device)
        return (self.attend[:, :, None] * own[:, None]).reshape(self.shape.mid, heads)

    def _message(
        self,
        encoded: Encoded,
        z: Float[Tensor, "B N _"],
        edges: Float[Tensor, "B N N _"],
        attention: Float[Tensor, "B A N N"],
    ) -> Float[Tensor, "B N width"]:
        batch, width, _ = z.shape
        values = self.value(z).reshape(batch, width, self.shape.heads, -1).transpose(1, 2)
        message: Tensor = (attention @ values).transpose(1, 2).reshape(batch, width, -1)
        if self.edge_value is None:
            return message
        # The map is linear and the same for all pairs, so raw features are averaged before it.
        project = encoded.projection.then(self.edge_value).beside(self.pair_value)
        carried = attention.transpose(1, 2) @ edges
        shape = (self.shape.heads, self.shape.width // self.shape.heads, edges.shape[-1])
        sent: Tensor = torch.einsum("bnak,awk->bnaw", carried, project.weight.reshape(shape)).reshape(
            batch, width, -1
        )
        return message + (sent + project.bias)
