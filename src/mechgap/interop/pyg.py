"""Rounds of networks as modules of PyTorch Geometric (extra ``pyg``), on sparse graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..errors import NotFoundError
from ..nets.network import Network
from .pyg_pairs import PAIRS
from .pyg_rounds import State, pyg_round

if TYPE_CHECKING:
    from ..nets.encoded import Encoded

try:
    from torch_geometric.data import Data
except ImportError:  # the module can be imported without the extra, but not used
    Data = None

EDGES, ALL_PAIRS, TRIPLES = 1, 2, 3
"""What a processor reads: edges that rounds attend; all pairs of nodes too; and all triples."""


def to_pyg(network: Network) -> Processor:
    """The rounds of a network as modules of PyTorch Geometric.

    Args:
        network: compiled or trained, of any family.

    Returns:
        A module that makes the same hidden vectors: bit for bit for compiled networks, up to rounding
        for trained ones.

    Raises:
        NotFoundError: if the package torch_geometric is not installed.
    """
    if Data is None:
        raise NotFoundError(
            "an export to PyTorch Geometric",
            "no package torch_geometric",
            "torch_geometric, whose modules are made",
            "install it: pip install 'mechgap[pyg]'; or use mechgap.interop.torch_export",
        )
    return Processor(network)


def to_data(encoded: Encoded, reach: int = EDGES) -> Data:
    """A batch that a network has read, as one sparse graph.

    Args:
        encoded: of ``Network.encode``.
        reach: ``Processor.reach``; with ``ALL_PAIRS`` the data have lists of all n^2 pairs of each graph,
            with ``TRIPLES`` of all n^3 triples.

    Returns:
        Data of all M nodes of all graphs one after the other: ``x`` [M, F] the encoded features of nodes,
        ``u`` [M, G] those of their graphs, ``batch`` [M] their graph, ``row`` [M] their row in it; and for
        each name under which rounds attend (all, neighbours), and "pairs" for all pairs:
        ``edge_index_NAME`` [2, L], from sender to receiver, ``edge_attr_NAME`` [L, K], the raw features
        of edges at (receiver, sender), ``reverse_NAME`` [L], where in the list the opposite edge is, and
        ``pair_NAME`` [L], where in the list of all pairs the edge is. ``triples`` [3, T] has for each
        (u, k, v) where in that list (u, k), (k, v) and (u, v) are.
    """
    graph, row = encoded.nodes.nonzero(as_tuple=True)
    place = _places(encoded.nodes)
    data = Data(x=encoded.x[graph, row], u=encoded.graph[graph], batch=graph, row=row)
    real = encoded.nodes[:, :, None] & encoded.nodes[:, None]
    whole = _places(real)
    names = {name: attended & real for name, attended in encoded.attended.items()}
    for name, listed in (names | ({PAIRS: real} if reach > EDGES else {})).items():
        at, receiver, sender = listed.nonzero(as_tuple=True)
        data[f"edge_index_{name}"] = torch.stack([place[at, sender], place[at, receiver]])
        data[f"edge_attr_{name}"] = encoded.edges[at, receiver, sender]
        data[f"reverse_{name}"] = _places(listed)[at, sender, receiver]
        if reach > EDGES:
            data[f"pair_{name}"] = whole[at, receiver, sender]
    if reach > ALL_PAIRS:
        at, u, k, v = (real[..., None] & encoded.nodes[:, None, None]).nonzero(as_tuple=True)
        data["triples"] = torch.stack([whole[at, k, u], whole[at, v, k], whole[at, v, u]])
    return data


class Processor(nn.Module):
    """The prologue and the rounds of a network, as modules of PyTorch Geometric.

    Args:
        network: whose weights are copied.

    Attributes:
        reach: what ``to_data`` must give it: ``EDGES`` for networks without vectors at pairs, else
            ``ALL_PAIRS``, or ``TRIPLES`` for those with layers that read a third node.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        config = network.config
        self.hidden, self.kept = config.hidden, config.pairs
        project = network._projection()
        with torch.no_grad():
            self.prologue = nn.ModuleList(pyg_round(layer, project) for layer in network.prologue)
            self.rounds = nn.ModuleList(pyg_round(layer, project) for layer in network.rounds)
        triples = any(layer.third for layer in (*self.prologue, *self.rounds))
        self.reach = TRIPLES if triples else ALL_PAIRS if config.pairs else EDGES

    def start(self, data: Data) -> State:
        """Vectors of frame 0, at nodes [M, H] and at pairs [L, P]: zeros, after the prologue."""
        pairs = len(data[f"reverse_{PAIRS}"]) if self.reach > EDGES else 0
        h: Tensor = data.x.new_zeros(len(data.x), self.hidden)
        state = h, data.x.new_zeros(pairs, self.kept)
        for layer in self.prologue:
            state = layer(data, *state)
        return state

    def forward(self, data: Data, state: State) -> State:
        """Vectors of the next frame."""
        for layer in self.rounds:
            state = layer(data, *state)
        return state


def _places(mask: Tensor) -> Tensor:
    """How many true entries come before each; a number of it, where it is true itself."""
    return mask.flatten().cumsum(0).sub(1).reshape(mask.shape)
