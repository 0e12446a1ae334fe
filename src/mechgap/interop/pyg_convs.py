"""Message passing as modules of PyTorch Geometric, where the package has none of that form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..nets.initial import linear

try:
    from torch_geometric.nn import GATv2Conv, MessagePassing, TransformerConv
    from torch_geometric.utils import softmax
except ImportError:  # the module can be imported without the extra, but not used
    GATv2Conv = TransformerConv = softmax = None
    MessagePassing = nn.Module

if TYPE_CHECKING:
    Attended = tuple[Tensor, tuple[Tensor, Tensor]]

__all__ = ["EdgeValueConv", "GATv2Conv", "MaximumConv", "PriorConv", "SumConv", "TransformerConv"]


class AbstractAttentionConv(MessagePassing):  # type: ignore[misc]
    """Messages l_j + e_ij along edges, weighted by the softmax of logits over the senders.

    Args:
        heads: attention heads.
    """

    def __init__(self, heads: int) -> None:
        super().__init__(aggr="add", node_dim=0)
        self.heads = heads

    def attend(self, edge_index: Tensor, values: Tensor, e: Tensor, logits: Tensor) -> Attended:
        """What every node gets [M, heads * channels], and what the stock modules give of attention."""
        nodes = len(values)
        alpha = softmax(logits, edge_index[1], num_nodes=nodes)
        out = self.propagate(edge_index, l=values, e=e, alpha=alpha, size=(nodes, nodes))
        return out.flatten(1), (edge_index, alpha)

    def message(self, l_j: Tensor, e: Tensor, alpha: Tensor) -> Tensor:
        """What goes along each edge [L, heads, channels]."""
        return (l_j + e) * alpha[..., None]


class EdgeValueConv(AbstractAttentionConv):
    """As ``GATv2Conv``, with its names of parameters, but messages carry the mapped edge features too.

    With l = lin_l x, r = lin_r x, e = lin_edge edge_attr, for every head:

        alpha_ij = softmax over j of att · leaky_relu(l_j + r_i + e_ij)
        out_i    = sum_j alpha_ij (l_j + e_ij) + bias

    Args:
        size: width of the input.
        channels: width of each head.
        heads, negative_slope, edge_dim: as those of ``GATv2Conv``.
        add_self_loops: must be false.
    """

    def __init__(
        self,
        size: int,
        channels: int,
        heads: int,
        negative_slope: float,
        edge_dim: int | None,
        add_self_loops: bool,
    ) -> None:
        super().__init__(heads)
        assert not add_self_loops
        self.slope = negative_slope
        self.lin_l = linear(size, heads * channels)
        self.lin_r = linear(size, heads * channels)
        self.lin_edge = linear(edge_dim or 0, heads * channels, bias=False)
        self.att = nn.Parameter(torch.zeros(1, heads, channels))
        self.bias = nn.Parameter(torch.zeros(heads * channels))

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None, return_attention_weights: bool
    ) -> Attended:
        """What every node gets [M, heads * channels], and the attention."""
        left, right = (_by_head(part(x), self.heads) for part in (self.lin_l, self.lin_r))
        e = _of_edges(self.lin_edge, edge_attr, edge_index, self.heads)
        sender, receiver = edge_index
        pre = (e + left[sender]) + right[receiver]
        logits = (F.leaky_relu(pre, self.slope) * self.att).sum(-1)
        out, attention = self.attend(edge_index, left, e, logits)
        return out + self.bias, attention


class PriorConv(AbstractAttentionConv):
    """As ``TransformerConv``, with its names of parameters, but logits have a part of the sender alone.

    With q = lin_query x, k = lin_key x, v = lin_value x, e = lin_edge edge_attr, for every head:

        alpha_ij = softmax over j of q_i · (k_j + e_ij) + prior x_j
        out_i    = sum_j alpha_ij (v_j + e_ij)

    Logits are not divided by the square root of the number of channels.

    Args:
        size: width of the input.
        channels: width of each head.
        heads, edge_dim: as those of ``TransformerConv``.
        root_weight: must be false.
    """

    def __init__(self, size: int, channels: int, heads: int, edge_dim: int | None, root_weight: bool) -> None:
        super().__init__(heads)
        assert not root_weight
        self.lin_query = linear(size, heads * channels)
        self.lin_key = linear(size, heads * channels)
        self.lin_value = linear(size, heads * channels)
        self.lin_edge = linear(edge_dim or 0, heads * channels, bias=False)
        self.prior = linear(size, heads, bias=False)

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None, return_attention_weights: bool
    ) -> Attended:
        """What every node gets [M, heads * channels], and the attention."""
        parts = (self.lin_query, self.lin_key, self.lin_value)
        query, key, value = (_by_head(part(x), self.heads) for part in parts)
        e = _of_edges(self.lin_edge, edge_attr, edge_index, self.heads)
        sender, receiver = edge_index
        logits = (query[receiver] * (e + key[sender])).sum(-1) + self.prior(x)[sender]
        return self.attend(edge_index, value, e, logits)


class MaximumConv(MessagePassing):  # type: ignore[misc]
    """The largest of what comes along edges, number by number.

    Between nodes these are the messages of an MPNN; between pairs of nodes, what pairs get of triples.
    """

    def __init__(self) -> None:
        super().__init__(aggr="max", node_dim=0)

    def forward(self, edge_index: Tensor, sent: Tensor, count: int) -> Tensor:
        """The maxima [count, W] of what is sent along the edges [L, W]."""
        found: Tensor = self.propagate(edge_index, sent=sent, size=(count, count))
        return found

    def message(self, sent: Tensor) -> Tensor:
        """What goes along each edge."""
        return sent


class SumConv(MessagePassing):  # type: ignore[misc]
    """The sum over heads and edges of weighted vectors of the senders."""

    def __init__(self) -> None:
        super().__init__(aggr="add", node_dim=0)

    def forward(self, edge_index: Tensor, x: Tensor, weights: Tensor) -> Tensor:
        """The sums [M, W] of x [M, heads, W], by weights of the edges [L, heads]."""
        found: Tensor = self.propagate(edge_index, x=x, weights=weights, size=(len(x), len(x)))
        return found

    def message(self, x_j: Tensor, weights: Tensor) -> Tensor:
        """What goes along each edge."""
        return (x_j * weights[..., None]).sum(1)


def _by_head(values: Tensor, heads: int) -> Tensor:
    return values.reshape(len(values), heads, -1)


def _of_edges(layer: nn.Linear, edge_attr: Tensor | None, edge_index: Tensor, heads: int) -> Tensor:
    """The mapped features of edges by head; zeros where there are none."""
    if edge_attr is None:
        return layer.weight.new_zeros(edge_index.shape[1], heads, layer.out_features // heads)
    return _by_head(layer(edge_attr), heads)
