"""Rounds as modules of PyTorch Geometric, one class for each family of networks."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..nets.attention_round import AbstractAttentionRound
from ..nets.encoded import Projection
from ..nets.gatv2 import GATv2Round
from ..nets.mpnn import MPNNRound
from ..nets.pair_layer import PairLayer
from ..nets.shapes import ungated
from ..nets.transformer import TransformerRound
from .pyg_convs import EdgeValueConv, GATv2Conv, MaximumConv, PriorConv, TransformerConv
from .pyg_pairs import PAIRS, Links, PairUnits, ThirdUnits

State = tuple[Tensor, Tensor]
"""h [M, H] at all nodes of all graphs, and p [L, P] at all pairs (nothing, where P is 0)."""


class AbstractRound(nn.Module, ABC):
    """What nodes are told, and the update of their vectors.

    Args:
        source: whose weights are copied.
    """

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.attend: str = source.shape.attend
        self.skip, self.mlp, self.norm = (copy.deepcopy(x) for x in (source.skip, source.mlp, source.norm))

    @abstractmethod
    def forward(self, data: Any, h: Tensor, p: Tensor) -> State:
        """The vectors after the round."""

    @property
    @abstractmethod
    def third(self) -> bool:
        """Whether some layer at pairs reads a third node."""

    def update(self, z: Tensor, told: Tensor) -> Tensor:
        """Hidden vectors [M, H] after the round."""
        after = F.relu(told + self.skip(z))
        for layer in self.mlp:
            after = F.relu(layer(after))
        normed: Tensor = after if self.norm is None else self.norm(after)
        return normed


class AbstractAttention(AbstractRound):
    """A round whose attention is a module ``conv``, stock or not, that keeps logits and values apart.

    Stock modules use one map, of the sender or of the edge, for logits and for values. Ours have two. So
    each head of theirs is wide enough for both, first the numbers of logits and then those of values; what
    is 0 keeps them apart, and of what comes out the values are kept. The input is [x ; h ; u], of which
    receivers alone read the graph's part u. With vectors p at pairs, what is read of an edge (receiver i,
    sender j) has p_ij and p_ji beside its raw features.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
        read: width of the numbers of logits, of each head.
    """

    conv: Any

    def __init__(self, source: AbstractAttentionRound, project: Projection, read: int) -> None:
        super().__init__(source)
        self.heads, self.read, self.width = source.shape.heads, read, source.shape.width
        self.keeps = source.pair is not None
        self.key_map = project.then(source.edge).beside(source.pair)
        carried = source.edge_value
        self.value_map = None if carried is None else project.then(carried).beside(source.pair_value)
        self.pairs = nn.ModuleList(
            PairUnits(layer, project) for layer in source.pairs if isinstance(layer, PairLayer)
        )

    @property
    def stock(self) -> bool:
        """Whether the attention is a module of the package itself."""
        return not isinstance(self.conv, EdgeValueConv | PriorConv)

    @property
    def third(self) -> bool:
        """Whether some layer at pairs reads a third node."""
        return any(layer.heads for layer in self.pairs)

    def forward(self, data: Any, h: Tensor, p: Tensor) -> State:
        """The vectors after the round."""
        z = torch.cat([data.x, h], -1)
        edges = data[f"edge_attr_{self.attend}"]
        if self.keeps:
            place = data[f"pair_{self.attend}"]
            edges = torch.cat([edges, p[data[f"reverse_{PAIRS}"][place]], p[place]], -1)
        given, (_, alpha) = self.conv(
            torch.cat([z, data.u], -1),
            data[f"edge_index_{self.attend}"],
            edges if edges.shape[1] else None,
            return_attention_weights=True,
        )
        own = slice(self.read, self.read + self.width // self.heads)
        told = given.unflatten(-1, (self.heads, -1))[..., own].flatten(1)
        after = self.update(z, told)
        if len(self.pairs):
            p = self._at_pairs(data, torch.cat([data.x, after], -1), p, alpha)
        return after, p

    def _at_pairs(self, data: Any, z: Tensor, p: Tensor, alpha: Tensor) -> Tensor:
        everywhere = alpha.new_zeros(len(p), self.heads)
        everywhere[data[f"pair_{self.attend}"]] = alpha
        links = Links.of(data, PAIRS)
        for layer in self.pairs:
            p = layer(links, z, p, read=(everywhere, data.triples) if layer.heads else None)
        return p

    def _blocks(self, layer: Any) -> tuple[Tensor, Tensor]:
        """The rows of a layer that make numbers of logits and of values, of each head, as views."""
        weight = layer if isinstance(layer, Tensor) else layer.weight
        rows = weight.view(self.heads, -1, *weight.shape[1:])
        return rows[:, : self.read], rows[:, self.read : self.read + self.width // self.heads]

    def _own(self, weight: Tensor) -> Tensor:
        """The rows of each head, as a view."""
        return weight.view(self.heads, -1, *weight.shape[1:])

    def _fill_edges(self) -> None:
        """Fill ``lin_edge`` of a module whose parameters are 0."""
        if self.key_map.weight.shape[1]:
            read, value = self._blocks(self.conv.lin_edge)
            read.copy_(self._own(self.key_map.weight))
            if self.value_map is not None:
                value.copy_(self._own(self.value_map.weight))


class GATv2(AbstractAttention):
    """A stock ``GATv2Conv`` if messages carry no edge values, else ``EdgeValueConv``; an update.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: GATv2Round, project: Projection) -> None:
        super().__init__(source, project, source.attend.shape[1])
        kind: Any = GATv2Conv if source.edge_value is None else EdgeValueConv
        self.conv = _blank(
            kind(
                source.skip.in_features + source.graph.in_features,
                self.read + self.width // self.heads,
                heads=self.heads,
                negative_slope=source.slope,
                edge_dim=self.key_map.weight.shape[1] or None,
                add_self_loops=False,
            ),
            source.attend,
        )
        z = source.skip.in_features
        read, value = self._blocks(self.conv.lin_l)
        read[..., :z] = self._own(source.sender.weight)
        value[..., :z] = self._own(source.value.weight)
        read, _ = self._blocks(self.conv.lin_r)
        read[..., :z] = self._own(source.receiver.weight)
        read[..., z:] = self._own(source.graph.weight)
        self._blocks(self.conv.lin_r.bias)[0].copy_(self._own(source.receiver.bias + self.key_map.bias))
        self.conv.att[0, :, : self.read] = source.attend
        bias = source.value.bias if self.value_map is None else source.value.bias + self.value_map.bias
        self._blocks(self.conv.bias)[1].copy_(self._own(bias))
        self._fill_edges()


class Transformer(AbstractAttention):
    """A stock ``TransformerConv`` if logits have no part of the sender alone, else ``PriorConv``; an update.

    ``TransformerConv`` divides logits by the square root of its channels. They are made a power of 4,
    with numbers that are 0, so that queries which are larger by that root make the same bits.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: TransformerRound, project: Projection) -> None:
        super().__init__(source, project, source.depth)
        stock = not source.prior.weight.any()
        channels, scale = self.read + self.width // self.heads, 1.0
        if stock:
            scale = 2.0 ** math.ceil(math.log(channels, 4))
            channels = int(scale**2)
        kind: Any = TransformerConv if stock else PriorConv
        self.conv = _blank(
            kind(
                source.skip.in_features + source.graph.in_features,
                channels,
                heads=self.heads,
                edge_dim=self.key_map.weight.shape[1] or None,
                root_weight=False,
            ),
            source.query.weight,
        )
        z = source.skip.in_features
        query, _ = self._blocks(self.conv.lin_query)
        query[..., :z] = self._own(source.query.weight) * scale
        query[..., z:] = self._own(source.graph.weight) * scale
        self._blocks(self.conv.lin_query.bias)[0].copy_(self._own(source.query.bias) * scale)
        self._blocks(self.conv.lin_key)[0][..., :z] = self._own(source.key.weight)
        self._blocks(self.conv.lin_key.bias)[0].copy_(self._own(source.key.bias + self.key_map.bias))
        self._blocks(self.conv.lin_value)[1][..., :z] = self._own(source.value.weight)
        bias = source.value.bias if self.value_map is None else source.value.bias + self.value_map.bias
        self._blocks(self.conv.lin_value.bias)[1].copy_(self._own(bias))
        if not stock:
            self.conv.prior.weight[:, :z] = source.prior.weight
        self._fill_edges()


class MPNN(AbstractRound):
    """Layers at pairs, a ``MaximumConv`` of their messages, and an update.

    Pairs are those that are attended; all of them in networks that keep vectors there or read triples.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: MPNNRound, project: Projection) -> None:
        ungated(source.shape, "a network of PyTorch Geometric")
        super().__init__(source)
        self.kept, self.whole = source.kept, bool(source.kept or source.thirds is not None)
        self.thirds = None if source.thirds is None else ThirdUnits(source.thirds, project)
        self.pairs = nn.ModuleList(
            PairUnits(layer, project) if isinstance(layer, PairLayer) else copy.deepcopy(layer)
            for layer in source.pairs
        )
        parts = (source.graph, source.message, source.received)
        self.graph, self.message, self.received = (copy.deepcopy(part) for part in parts)
        self.conv = MaximumConv()

    @property
    def third(self) -> bool:
        """Whether some layer at pairs reads a third node."""
        return self.thirds is not None

    def forward(self, data: Any, h: Tensor, p: Tensor) -> State:
        """The vectors after the round."""
        z = torch.cat([data.x, h], -1)
        if self.graph is None:
            return self.update(z, z.new_zeros(())), p
        links = Links.of(data, PAIRS if self.whole else self.attend)
        q = p if self.whole else z.new_zeros(len(links.sender), 0)
        if self.thirds is not None:
            q = torch.cat([q, self.thirds(links, z, q, data.triples)], -1)
        shared = self.graph(data.u)
        for layer in self.pairs:
            q = layer(links, z, q, shared=shared) if isinstance(layer, PairUnits) else F.relu(layer(q))
            shared = None
        told = z.new_zeros(())
        if self.message is not None and self.received is not None:
            heard = q[data[f"pair_{self.attend}"]] if self.whole else q
            index = data[f"edge_index_{self.attend}"]
            told = self.received(self.conv(index, self.message(heard), len(z)))
        return self.update(z, told), q[:, : self.kept] if self.whole else p


_MODULES: dict[type[nn.Module], Callable[[Any, Projection], AbstractRound]] = {
    GATv2Round: GATv2,
    TransformerRound: Transformer,
    MPNNRound: MPNN,
}


def pyg_round(source: nn.Module, project: Projection) -> AbstractRound:
    """A round of any family, with copies of the weights."""
    return _MODULES[type(source)](source, project)


def _blank(conv: Any, like: Tensor) -> Any:
    """A module with all parameters 0, of a type of numbers."""
    for parameter in conv.to(like.dtype).parameters():
        parameter.zero_()
    return conv
