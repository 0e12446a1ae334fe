"""What a pair of nodes gets of all triples that it is part of, with a third node between."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import NetworkConfig
from .encoded import Encoded
from .initial import linear

if TYPE_CHECKING:
    from jaxtyping import Float

CELLS = 2**22
"""Numbers at triples that are done at once."""


class TripleLayer(nn.Module):
    """One layer at triples (u, k, v), which reads three nodes and three pairs.

    With z at the nodes, e the encoded edge features and p the vectors at pairs:

        first  a_uk = edge e_uk + pair [p_uk ; p_ku] + here z_u
        second b_kv = edge e_kv + pair [p_kv ; p_vk] + here z_k
        direct c_uv = edge e_uv + pair [p_uv ; p_vu] + here z_v + bias
        t_ukv = ((a_uk + b_kv) + c_uv) + before (t of the layer before)

    Args:
        config: the shape of the network.
        before: width of the layer before; 0 for the first one.
        width: of this one.
    """

    def __init__(self, config: NetworkConfig, before: int, width: int) -> None:
        super().__init__()
        size = config.features + config.hidden
        self.edges = nn.ModuleList(linear(config.edge_features, width, bias=False) for _ in range(3))
        self.pairs = nn.ModuleList(linear(2 * config.pairs, width, bias=False) for _ in range(3))
        self.here = nn.ModuleList(linear(size, width, bias=index == 2) for index in range(3))
        self.before = linear(before, width, bias=False) if before else None

    def legs(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], both: Float[Tensor, "B N N _"]
    ) -> list[Float[Tensor, "B N N W"]]:
        """What each leg adds: the first at (u, k), the second at (k, v), the direct one at (u, v).

        Args:
            encoded: the encoded graphs.
            z: at the nodes.
            both: [p_uv ; p_vu].
        """
        found = []
        for index, (edge, pair, here) in enumerate(zip(self.edges, self.pairs, self.here, strict=True)):
            assert isinstance(edge, nn.Linear)
            leg = encoded.projection.then(edge)(encoded.edges) + pair(both)
            node = here(z)
            found.append(leg + (node[:, None] if index == 2 else node[:, :, None]))
        return found


class Thirds(nn.Module):
    """max over the third node k of the last of some layers at triples (u, k, v), at (u, v).

    All layers but the last are followed by a ReLU.

    Args:
        config: the shape of the network.
        widths: of the ReLU layers.
        width: of what pairs get.
    """

    def __init__(self, config: NetworkConfig, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TripleLayer(config, a, b) for a, b in pairwise((0, *widths, width)))
        self.widest = max((*widths, width))

    def forward(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], pairs: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B N N W"]:
        """The maxima, zero at padding."""
        both = torch.cat([pairs, pairs.transpose(1, 2)], -1)
        legs = [layer.legs(encoded, z, both) for layer in self.layers]  # type: ignore[operator]
        nodes = encoded.nodes.shape[1]
        rows = max(1, CELLS // max(1, nodes * nodes * self.widest))
        found = []
        for graph in range(len(encoded.nodes)):
            third = encoded.nodes[graph, None, :, None, None]
            for part in torch.split(torch.arange(nodes, device=z.device), rows):
                triples = self._triples([[leg[graph] for leg in three] for three in legs], part)
                found.append(triples.masked_fill(~third, float("-inf")).amax(1))
        best = torch.cat(found).reshape(len(encoded.nodes), nodes, nodes, -1)
        real = encoded.nodes[:, :, None] & encoded.nodes[:, None]
        return best.masked_fill(~real[..., None], 0.0)

    def _triples(self, legs: list[list[Tensor]], rows: Tensor) -> Float[Tensor, "R N N W"]:
        """The last layer at the triples of some first nodes, at (u, k, v)."""
        t = None
        for layer, (first, second, direct) in zip(self.layers, legs, strict=True):
            before = layer.before
            made = (first[rows][:, :, None] + second[None]) + direct[rows][:, None]
            if t is not None:
                made = made + F.linear(F.relu(t), before.weight)  # type: ignore[union-attr,arg-type]
            t = made
        assert t is not None
        return t
