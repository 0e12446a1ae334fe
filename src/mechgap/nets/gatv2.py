"""One round of GATv2 (Brody et al., 2021) as CLRS has it, with edge values and MLPs as options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention_round import AbstractAttentionRound
from .config import NetworkConfig
from .encoded import Encoded
from .initial import linear
from .pairs import attention_logits
from .shapes import RoundConfig

if TYPE_CHECKING:
    from jaxtyping import Float


class GATv2Round(AbstractAttentionRound):
    """Every node attends others, by logits that a hidden layer makes of both ends and the edge.

    With z = [x ; h], receiver i and sender j:

        pre_ij   = ((sender z_j + edge e_ij) + receiver z_i) + graph g
        logit_ij = attend · leaky_relu(pre_ij)                         for every head

    In a network with vectors p at pairs, ``pair`` [p_ij ; p_ji] is added to the edge's part. The sums
    are formed in this order: compiled weights rely on it to be exact. The bias of the receiver is
    added to the graph's part first. Everything else is as in ``AbstractAttentionRound``.

    Args:
        config: the shape of the network.
        shape: the shape of this round.
    """

    def __init__(self, config: NetworkConfig, shape: RoundConfig) -> None:
        super().__init__(config, shape, shape.mid)
        self.slope = config.negative_slope
        size, mid = config.features + config.hidden, shape.mid
        self.sender = linear(size, mid, bias=False)
        self.receiver = linear(size, mid)
        self.graph = linear(config.graph_features, mid, bias=False)
        self.attend = nn.Parameter(torch.zeros(shape.heads, mid // shape.heads))

    def sharpen(self, factor: float) -> None:
        with torch.no_grad():
            self.attend.mul_(factor)

    def _logits(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], edges: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B A N N"]:
        receiver = F.linear(z, self.receiver.weight)
        shared = self.receiver.bias + self.graph(encoded.graph)
        return attention_logits(
            edges,
            encoded.projection.then(self.edge).beside(self.pair),
            (self.sender(z), receiver),
            shared,
            self._own(self.attend.shape[1]) * self.attend.flatten()[:, None],
            self.slope,
        )
