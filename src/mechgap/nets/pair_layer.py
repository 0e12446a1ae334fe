"""One layer of units at pairs of nodes, which read both ends and the pair in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    Args:
        config: the shape of the network.
        before: width of p.
        width: width of p'.
    """

    def __init__(self, config: NetworkConfig, before: int, width: int) -> None:
        super().__init__()
        size = config.features + config.hidden
        self.edge = linear(config.edge_features, width, bias=False)
        self.pair = linear(2 * before, width, bias=False)
        self.sender = linear(size, width, bias=False)
        self.receiver = linear(size, width)

    def forward(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], pairs: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B N N _"]:
        """The vectors p' at (sender, receiver), zero at padding."""
        forward, backward = self.pair.weight.chunk(2, 1)
        after = encoded.projection.then(self.edge)(encoded.edges) + F.linear(pairs, forward)
        after = after + F.linear(pairs, backward).transpose(1, 2)
        after = F.relu(after + self.sender(z)[:, :, None] + self.receiver(z)[:, None])
        real = encoded.nodes[:, :, None] & encoded.nodes[:, None]
        return after.masked_fill(~real[..., None], 0.0)
