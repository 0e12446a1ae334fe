"""What the rounds of all families have that attend: messages, the update, and the layers at pairs."""

from __future__ import annotations

from abc import ABC, abstractmethod
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
from .shapes import AbstractAttentionConfig

if TYPE_CHECKING:
    from jaxtyping import Float


class AbstractAttentionRound(nn.Module, ABC):
    """Every node attends others and updates its hidden vector.

    With z = [x ; h], receiver i and sender j, and the logits that a family says:

        alpha_i  = softmax of logit_ij over the attended j             for every head
        m_i      = sum_j alpha_ij (value z_j)  +  sum_j alpha_ij (edge_value e_ij)
        h'_i     = mlp(relu(m_i + skip z_i)), then layer normalisation

    In a network with vectors p at pairs, the layers ``pairs`` (see ``PairLayer``) then make new ones
    of h', and what attention and messages read of an edge is e with [p_ij ; p_ji] beside it
    (``pair``, ``pair_value``). Parts without edge values or norm leave that out.

    Args:
        config: the shape of the network.
        shape: the shape of this round.
        edges: width of what logits read of an edge.
    """

    def __init__(self, config: NetworkConfig, shape: AbstractAttentionConfig, edges: int) -> None:
        super().__init__()
        self.shape = shape
        size, width, kept = config.features + config.hidden, shape.width, 2 * config.pairs
        self.edge = linear(config.edge_features, edges, bias=False)
        self.value = linear(size, width)
        self.edge_value = linear(config.edge_features, width, bias=False) if shape.edge_values else None
        self.skip = linear(size, width)
        self.mlp = nn.ModuleList(linear(a, b) for a, b in pairwise((width, *shape.mlp)))
        self.norm = nn.LayerNorm(config.hidden, eps=1e-5) if config.layer_norm else None
        self.pair = linear(kept, edges, bias=False) if kept else None
        self.pair_value = linear(kept, width, bias=False) if kept and shape.edge_values else None
        self.pairs = nn.ModuleList(
            PairLayer(config, before, after, shape.heads if shape.pair_reads and not index else 0)
            for index, (before, after) in enumerate(pairwise((config.pairs, *shape.pairs)))
        )

    @abstractmethod
    def _logits(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], edges: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B A N N"]:
        """Logits of the attention before masking, of z and of the raw features of edges."""

    @abstractmethod
    def sharpen(self, factor: float) -> None:
        """Multiply all logits of the attention by a factor, in the weights."""

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

    def _own(self, width: int) -> Float[Tensor, "M A"]:
        """One where a number of the heads' M = A * width belongs to a head, else zero."""
        own = torch.eye(self.shape.heads, dtype=self.value.weight.dtype, device=self.value.weight.device)
        return own.repeat_interleave(width, 0)

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
