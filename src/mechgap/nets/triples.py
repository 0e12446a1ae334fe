"""What a pair of nodes gets of all triples that it is part of, with a third node between."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import NetworkConfig
from .encoded import Encoded
from .initial import acts, compact, linear

if TYPE_CHECKING:
    from jaxtyping import Float

BLOCK = 2**13
"""Triples that are done at once."""


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
    ) -> list[Float[Tensor, "B N N W"] | None]:
        """What each leg adds: the first at (u, k), the second at (k, v), the direct one at (u, v).

        Args:
            encoded: the encoded graphs.
            z: at the nodes.
            both: [p_uv ; p_vu].
        """
        found: list[Tensor | None] = []
        for index, (edge, pair, here) in enumerate(zip(self.edges, self.pairs, self.here, strict=True)):
            assert isinstance(edge, nn.Linear) and isinstance(pair, nn.Linear) and isinstance(here, nn.Linear)
            parts = []
            if acts(edge):
                parts.append(encoded.projection.then(edge)(encoded.edges))
            if acts(pair):
                parts.append(pair(both))
            if index == 2 or acts(here):
                node = here(z)
                parts.append((node[:, None] if index == 2 else node[:, :, None]).expand(*both.shape[:-1], -1))
            found.append(torch.stack(parts).sum(0) if len(parts) > 1 else parts[0] if parts else None)
        return found


class Thirds(nn.Module):
    """max over the third node k of the last of some layers at triples (u, k, v), at (u, v).

    All layers but the last are followed by a ReLU. Triples are done in blocks that fit into the cache,
    numbers of one unit side by side; without gradients, weights that are mostly zero are multiplied as
    what they are.

    Args:
        config: the shape of the network.
        widths: of the ReLU layers.
        width: of what pairs get.
    """

    def __init__(self, config: NetworkConfig, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TripleLayer(config, a, b) for a, b in pairwise((0, *widths, width)))

    def forward(
        self, encoded: Encoded, z: Float[Tensor, "B N _"], pairs: Float[Tensor, "B N N _"]
    ) -> Float[Tensor, "B N N W"]:
        """The maxima, zero at padding."""
        both = torch.cat([pairs, pairs.transpose(1, 2)], -1)
        layers = [
            _Prepared(layer, encoded, z, both) for layer in self.layers if isinstance(layer, TripleLayer)
        ]
        found = [_largest(layers, graph, nodes) for graph, nodes in enumerate(encoded.nodes)]
        real = encoded.nodes[:, :, None] & encoded.nodes[:, None]
        return torch.stack(found).masked_fill(~real[..., None], 0.0)


class _Prepared:
    """A layer with what its legs add.

    Attributes:
        legs: of each leg [B, W, N, N], or None where it adds nothing.
        before: the map of the layer before, [W, W'].
    """

    def __init__(self, layer: TripleLayer, encoded: Encoded, z: Tensor, both: Tensor) -> None:
        legs = layer.legs(encoded, z, both)
        self.legs = [None if leg is None else leg.movedim(-1, 1).contiguous() for leg in legs]
        self.before = None if layer.before is None else compact(layer.before.weight)

    def added(self, graph: int, rows: slice, columns: slice) -> list[Tensor]:
        """What legs add to the triples of some first and last nodes, each as [W, R, N, C] or less."""
        first, second, direct = (None if leg is None else leg[graph] for leg in self.legs)
        found = []
        if first is not None:
            found.append(first[:, rows, :, None])
        if second is not None:
            found.append(second[:, None, :, columns])
        if direct is not None:
            found.append(direct[:, rows, None, columns])
        return found


class _Scratch:
    """Multiplies by compressed matrices into two rooms in turn; no block asks for memory of its own."""

    def __init__(self) -> None:
        self._rooms = [torch.empty(0), torch.empty(0)]

    def product(self, weight: Tensor, t: Float[Tensor, "W T"]) -> Float[Tensor, "V T"]:
        """weight @ t. It holds until the second product after it."""
        if weight.layout != torch.sparse_csr:
            return weight @ t
        shape = (len(weight), t.shape[1])
        room = self._rooms.pop(0)
        if len(room) < math.prod(shape):
            room = t.new_empty(math.prod(shape))
        self._rooms.append(room)
        out = room[: math.prod(shape)].view(shape)
        return torch.addmm(out, weight, t, beta=0, out=out)


def _largest(layers: list[_Prepared], graph: int, nodes: Tensor) -> Float[Tensor, "N N W"]:
    """The largest of the last layer over the third node, of one graph."""
    size, scratch = len(nodes), _Scratch()
    rows, columns = max(1, BLOCK // size**2), max(1, min(size, BLOCK // size))
    bands = []
    for u in range(0, size, rows):
        band = []
        for v in range(0, size, columns):
            t = _triples(layers, graph, slice(u, u + rows), slice(v, v + columns), size, scratch)
            band.append(t.masked_fill(~nodes[None, None, :, None], float("-inf")).amax(2))
        bands.append(torch.cat(band, 2))
    return torch.cat(bands, 1).movedim(0, -1)


def _triples(
    layers: list[_Prepared], graph: int, rows: slice, columns: slice, size: int, scratch: _Scratch
) -> Float[Tensor, "W R N C"]:
    """The last layer at some triples."""
    legs = layers[0].added(graph, rows, columns)
    shape = (len(legs[0]), len(range(size)[rows]), size, len(range(size)[columns]))
    t = legs[0].expand(shape).clone()
    for leg in legs[1:]:
        t += leg
    for layer in layers[1:]:
        assert layer.before is not None
        active = F.relu(t, inplace=not torch.is_grad_enabled())
        t = scratch.product(layer.before, active.reshape(len(t), -1)).reshape(-1, *shape[1:])
        for leg in layer.added(graph, rows, columns):
            t += leg
    return t
