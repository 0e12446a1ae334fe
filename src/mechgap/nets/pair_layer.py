"""One layer of units at pairs of nodes, which read both ends and the pair in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import NetworkConfig
from .encoded import Encoded
from .initial import linear

if TYPE_CHECKING:
    from jaxtyping import Float


class PairLayer(nn.Module):
    """New vectors at all pairs, neighbours or not.

    With z = [x ; h] at the nodes, e the encoded edge features and p the vectors at pairs:

        p'_uv = relu(((edge e_uv + pair [p_uv ; p_vu]) + sender z_u) + receiver z_v)

    Numbers of the graph may be added before the ReLU too.
    With the attention alpha of the heads of a round, two sums are added before the ReLU, for each head:

        sum_k alpha_uk (sent p_kv)  +  sum_k alpha_vk (received p_uk)

    Args:
        config: the shape of the network.
        before: width of p.
        width: width of p'.
        heads: of the round whose attention is read; 0 for none.
    """

    def __init__(self, config: NetworkConfig, before: int, width: int, heads: int = 0) -> None:
        super().__init__()
        size = config.features + config.hidden
        self.edge = linear(config.edge_features, width, bias=False)
        self.pair = linear(2 * before, width, bias=False)
        self.sender = linear(size, width, bias=False)
        self.receiver = linear(size, width)
        self.heads = heads
        self.sent = linear(heads * before, width, bias=False) if heads else None
        self.received = linear(heads * before, width, bias=False) if heads else None

    def forward(
        self,
        encoded: Encoded,
        z: Float[Tensor, "B N _"],
        pairs: Float[Tensor, "B N N _"],
        attention: Float[Tensor, "B A N N"] | None = None,
        shared: Float[Tensor, "B W"] | None = None,
    ) -> Float[Tensor, "B N N _"]:
        """The vectors p' at (sender, receiver), zero at padding."""
        forward, backward = self.pair.weight.chunk(2, 1)
        after = encoded.projection.then(self.edge)(encoded.edges) + F.linear(pairs, forward)
        after = after + F.linear(pairs, backward).transpose(1, 2)
        if self.sent is not None and self.received is not None and attention is not None:
            parts = zip(
                attention.unbind(1),
                self.sent.weight.chunk(self.heads, 1),
                self.received.weight.chunk(self.heads, 1),
                strict=True,
            )
            for alpha, sent, received in parts:
                after = after + torch.einsum("buk,bkvw->buvw", alpha, F.linear(pairs, sent))
                after = after + torch.einsum("bvk,bukw->buvw", alpha, F.linear(pairs, received))
        received = self.receiver(z) if shared is None else self.receiver(z) + shared[:, None]
        after = F.relu(after + self.sender(z)[:, :, None] + received[:, None])
        real = encoded.nodes[:, :, None] & encoded.nodes[:, None]
        return after.masked_fill(~real[..., None], 0.0)
