"""Rounds of GATv2 as modules of PyTorch Geometric (extra ``pyg``), on sparse graphs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import MechgapError, NotFoundError
from ..nets.gatv2 import GATv2Round
from ..nets.network import Network
from ..nets.shapes import gatv2_shape

if TYPE_CHECKING:
    from ..nets.encoded import Encoded, Projection

try:
    from torch_geometric.data import Data
    from torch_geometric.nn import GATv2Conv, MessagePassing
    from torch_geometric.utils import softmax
except ImportError:  # the module can be imported without the extra, but not used
    Data = GATv2Conv = softmax = None
    MessagePassing = nn.Module

_WHAT = "an export to PyTorch Geometric"


def to_pyg(network: Network) -> Processor:
    """The rounds of a network as modules of PyTorch Geometric.

    Args:
        network: compiled or trained, of GATv2, without vectors at pairs.

    Returns:
        A module that makes the same hidden vectors: bit for bit for compiled networks, up to rounding
        for trained ones.

    Raises:
        NotFoundError: if the package torch_geometric is not installed.
        MechgapError: if the network is none of GATv2, or keeps vectors at pairs of nodes.
    """
    if GATv2Conv is None:
        raise NotFoundError(
            _WHAT,
            "no package torch_geometric",
            "torch_geometric, whose modules are made",
            "install it: pip install 'mechgap[pyg]'; or use mechgap.interop.torch_export",
        )
    for shape in (*network.config.prologue, *network.config.rounds):
        gatv2_shape(shape, _WHAT)
    if network.config.pairs:
        raise MechgapError(
            _WHAT,
            f"a network with vectors of width {network.config.pairs} at all pairs of nodes",
            "a network that keeps its state at nodes",
            "export it to plain PyTorch, with mechgap.interop.torch_export",
        )
    return Processor(network)


def to_data(encoded: Encoded) -> Data:
    """A batch that a network has read, as one sparse graph.

    Args:
        encoded: of ``Network.encode``.

    Returns:
        Data of all M nodes of all graphs one after the other: ``x`` [M, F] the encoded features of nodes,
        ``u`` [M, G] those of their graphs, ``batch`` [M] their graph, ``row`` [M] their row in it; and for
        each name under which rounds attend (all, neighbours): ``edge_index_NAME`` [2, L], from sender to
        receiver, and ``edge_attr_NAME`` [L, K], the raw features of edges.
    """
    graph, row = encoded.nodes.nonzero(as_tuple=True)
    place = torch.full(encoded.nodes.shape, -1, dtype=torch.int64, device=row.device)
    place[graph, row] = torch.arange(len(row), device=row.device)
    data = Data(x=encoded.x[graph, row], u=encoded.graph[graph], batch=graph, row=row)
    real = encoded.nodes[:, :, None] & encoded.nodes[:, None]
    for name, attended in encoded.attended.items():
        at, receiver, sender = (attended & real).nonzero(as_tuple=True)
        data[f"edge_index_{name}"] = torch.stack([place[at, sender], place[at, receiver]])
        data[f"edge_attr_{name}"] = encoded.edges[at, receiver, sender]
    return data


class Processor(nn.Module):
    """The prologue and the rounds of a network, as modules of PyTorch Geometric.

    Args:
        network: whose weights are copied.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.hidden = network.config.hidden
        project = network._projection()
        with torch.no_grad():
            self.prologue = nn.ModuleList(Round(_gatv2(layer), project) for layer in network.prologue)
            self.rounds = nn.ModuleList(Round(_gatv2(layer), project) for layer in network.rounds)

    def start(self, data: Data) -> Tensor:
        """Hidden vectors [M, H] of frame 0: zeros, after the rounds of the prologue."""
        h: Tensor = data.x.new_zeros(len(data.x), self.hidden)
        for layer in self.prologue:
            h = layer(data, h)
        return h

    def forward(self, data: Data, h: Tensor) -> Tensor:
        """Hidden vectors [M, H] of the next frame."""
        for layer in self.rounds:
            h = layer(data, h)
        return h


class Round(nn.Module):
    """One round: a stock ``GATv2Conv`` if messages carry no edge values, else ``EdgeValueConv``; an update.

    ``GATv2Conv`` uses one map of the sender, ``lin_l``, for logits and for values. Ours has two. So the
    stock module gets heads that are wide enough for both: ``lin_l`` is the sender's map above the
    values' map, and ``att`` is 0 for the latter. Of what it gives, the values are kept. Its input is
    [x ; h ; u], of which ``lin_r`` alone reads the graph's part u.

    Args:
        source: whose weights are copied.
        project: from raw edge features to encoded ones.
    """

    def __init__(self, source: GATv2Round, project: Projection) -> None:
        super().__init__()
        shape = source.shape
        self.attend, self.heads, self.mid = shape.attend, shape.heads, source.attend.shape[1]
        self.conv = self._blank(source, project)
        self._fill(source, project)
        self.skip = _copied(source.skip)
        self.mlp = nn.ModuleList(_copied(layer) for layer in source.mlp)
        self.norm = copy.deepcopy(source.norm)

    @property
    def stock(self) -> bool:
        """Whether the attention is a ``GATv2Conv`` of the package itself."""
        return not isinstance(self.conv, EdgeValueConv)

    def _blank(self, source: GATv2Round, project: Projection) -> Any:
        """The attention, of the right shape, with all parameters 0."""
        shape = source.shape
        kind: Any = GATv2Conv if source.edge_value is None else EdgeValueConv
        conv = kind(
            source.skip.in_features + source.graph.in_features,
            self.mid + shape.width // shape.heads,
            heads=shape.heads,
            negative_slope=source.slope,
            edge_dim=project.weight.shape[1] or None,
            add_self_loops=False,
        ).to(source.attend.dtype)
        for parameter in conv.parameters():
            parameter.zero_()
        return conv

    def _fill(self, source: GATv2Round, project: Projection) -> None:
        """Copy the weights: of each head, first the rows of logits and then those of values."""
        conv, heads, mid, z = self.conv, self.heads, self.mid, source.skip.in_features
        edge = project.then(source.edge)
        left, right = (_blocks(part.weight, heads) for part in (conv.lin_l, conv.lin_r))
        left[:, :mid, :z] = _blocks(source.sender.weight, heads)
        left[:, mid:, :z] = _blocks(source.value.weight, heads)
        right[:, :mid, :z] = _blocks(source.receiver.weight, heads)
        right[:, :mid, z:] = _blocks(source.graph.weight, heads)
        _blocks(conv.lin_r.bias, heads)[:, :mid] = _blocks(source.receiver.bias + edge.bias, heads)
        conv.att[0, :, :mid] = source.attend
        bias = _blocks(conv.bias, heads)[:, mid:]
        bias += _blocks(source.value.bias, heads)
        if project.weight.shape[1]:
            _blocks(conv.lin_edge.weight, heads)[:, :mid] = _blocks(edge.weight, heads)
        if source.edge_value is not None:
            carried = project.then(source.edge_value)
            _blocks(conv.lin_edge.weight, heads)[:, mid:] = _blocks(carried.weight, heads)
            bias += _blocks(carried.bias, heads)

    def forward(self, data: Data, h: Tensor) -> Tensor:
        """Hidden vectors [M, H] after the round."""
        z = torch.cat([data.x, h], -1)
        edges = data[f"edge_attr_{self.attend}"]
        given = self.conv(
            torch.cat([z, data.u], -1),
            data[f"edge_index_{self.attend}"],
            edges if edges.shape[1] else None,
        )
        message = given.unflatten(-1, (self.heads, -1))[..., self.mid :].flatten(1)
        after = F.relu(message + self.skip(z))
        for layer in self.mlp:
            after = F.relu(layer(after))
        normed: Tensor = after if self.norm is None else self.norm(after)
        return normed


class EdgeValueConv(MessagePassing):  # type: ignore[misc]
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
        super().__init__(aggr="add", node_dim=0)
        assert not add_self_loops
        self.heads, self.slope = heads, negative_slope
        self.lin_l = nn.Linear(size, heads * channels)
        self.lin_r = nn.Linear(size, heads * channels)
        self.lin_edge = nn.Linear(edge_dim or 0, heads * channels, bias=False)
        self.att = nn.Parameter(torch.zeros(1, heads, channels))
        self.bias = nn.Parameter(torch.zeros(heads * channels))

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """What every node gets [M, heads * channels]."""
        parts = (self.lin_l(x), self.lin_r(x), self.lin_edge(edge_attr))
        left, right, e = (part.unflatten(-1, (self.heads, -1)) for part in parts)
        sender, receiver = edge_index
        pre = (e + left[sender]) + right[receiver]
        logits = (F.leaky_relu(pre, self.slope) * self.att).sum(-1)
        alpha = softmax(logits, receiver, num_nodes=len(x))
        out = self.propagate(edge_index, l=left, e=e, alpha=alpha, size=(len(x), len(x)))
        given: Tensor = out.flatten(1) + self.bias
        return given

    def message(self, l_j: Tensor, e: Tensor, alpha: Tensor) -> Tensor:
        """What goes along each edge [L, heads, channels]."""
        return (l_j + e) * alpha[..., None]


def _gatv2(layer: nn.Module) -> GATv2Round:
    assert isinstance(layer, GATv2Round)
    return layer


def _blocks(weight: Tensor, heads: int) -> Tensor:
    """The rows of each head, as a view."""
    return weight.view(heads, -1, *weight.shape[1:])


def _copied(layer: nn.Module) -> nn.Linear:
    assert isinstance(layer, nn.Linear)
    made = nn.Linear(layer.in_features, layer.out_features).to(layer.weight.dtype)
    made.load_state_dict(layer.state_dict())
    return made
