"""One round of a graph transformer: dot-product attention whose keys read the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .attention_round import AbstractAttentionRound
from .config import NetworkConfig
from .edge_keys import dot_products
from .encoded import Encoded
from .initial import linear
from .shapes import TransformerConfig

if TYPE_CHECKING:
    from jaxtyping import Float


class TransformerRound(AbstractAttentionRound):
    """Every node attends others, by the dot product of its query with their keys.

    With z = [x ; h], receiver i and sender j (Vaswani et al., 2017), the edge is part of the key as in
    Shaw et al. (2018) and Shi et al. (2021):

        q_i      = query z_i + graph g
        k_ij     = key z_j + edge e_ij
        logit_ij = (q_i · k_ij) + prior z_j                            for every head

    In a network with vectors p at pairs, ``pair`` [p_ij ; p_ji] is added to the edge's part. ``prior``
    is what a constant query makes of a key, apart and added last: compiled weights rely on that, and
    on the order of k_ij, to be exact. Logits are not divided by the square root of the width d of a
    head; instead the first weights of ``query`` are smaller by it, so that training starts as with it.
    Everything else is as in ``AbstractAttentionRound``, values and feed-forward layers included.

    Args:
        config: the shape of the network.
        shape: the shape of this round.
    """

    def __init__(self, config: NetworkConfig, shape: TransformerConfig) -> None:
        super().__init__(config, shape, shape.keys)
        size, self.depth = config.features + config.hidden, shape.keys // shape.heads
        self.query = linear(size, shape.keys)
        self.graph = linear(config.graph_features, shape.keys, bias=False)
        self.key = linear(size, shape.keys)
        self.prior = linear(size, shape.heads, bias=False)

    def sharpen(self, factor: float) -> None:
        with torch.no_grad():
            for parameter in (self.query.weight, self.query.bias, self.graph.weight, self.prior.weight):
                parameter.mul_(factor)

    def _logits(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], edges: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B A N N"]:
        logits = dot_products(
            edges,
            encoded.projection.then(self.edge).beside(self.pair),
            self.key(z),
            self.query(z) + self.graph(encoded.graph)[:, None],
            self._own(self.depth),
        )
        prior: Tensor = self.prior(z)
        return logits + prior.transpose(1, 2)[:, :, None]
