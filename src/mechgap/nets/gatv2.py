"""One round of GATv2 (Brody et al., 2021) as CLRS has it, with edge values and a node MLP as options."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import NetworkConfig, RoundConfig
from .encoded import Encoded
from .initial import linear
from .pairs import attention_logits

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

    def forward(
        self, encoded: Encoded, hidden: Float[Tensor, "B N H"]
    ) -> tuple[Float[Tensor, "B N H"], Float[Tensor, "B A N N"]]:
        """Hidden vectors after the round, and attention as (receiver, sender)."""
        z = torch.cat([encoded.x, hidden], -1)
        allowed = encoded.attended[self.shape.attend][:, None]
        attention = self._logits(encoded, z).masked_fill_(~allowed, float("-inf")).softmax(-1)
        after = F.relu(self._message(encoded, z, attention) + self.skip(z))
        for layer in self.mlp:
            after = F.relu(layer(after))
        if self.norm is not None:
            after = self.norm(after)
        return after.masked_fill(~encoded.nodes[..., None], 0.0), attention

    def _logits(self, encoded: Encoded, z: Float[Tensor, "B N _"]) -> Float[Tensor, "B A N N"]:
        """Logits of the attention before masking."""
        receiver = F.linear(z, self.receiver.weight)
        shared = self.receiver.bias + self.graph(encoded.graph)
        return attention_logits(
            encoded.edges,
            encoded.projection.then(self.edge),
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
        self, encoded: Encoded, z: Float[Tensor, "B N _"], attention: Float[Tensor, "B A N N"]
    ) -> Float[Tensor, "B N width"]:
        batch, width, _ = z.shape
        values = self.value(z).reshape(batch, width, self.shape.heads, -1).transpose(1, 2)
        message: Tensor = (attention @ values).transpose(1, 2).reshape(batch, width, -1)
        if self.edge_value is None:
            return message
        # The map is linear and the same for all pairs, so raw features are averaged before it.
        project = encoded.projection.then(self.edge_value)
        carried = attention.transpose(1, 2) @ encoded.edges
        shape = (self.shape.heads, self.shape.width // self.shape.heads, encoded.edges.shape[-1])
        sent: Tensor = torch.einsum("bnak,awk->bnaw", carried, project.weight.reshape(shape)).reshape(
            batch, width, -1
        )
        return message + (sent + project.bias)
