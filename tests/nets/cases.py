"""Interfaces with every location and kind, random batches of them, and a network that counts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mechgap.kinds.categorical import Categorical
from mechgap.kinds.kind import AbstractKind
from mechgap.kinds.mask import Mask, MaskOne
from mechgap.kinds.pointer import Pointer
from mechgap.kinds.scalar import Scalar
from mechgap.lang.location import PLACES, Location
from mechgap.lang.program import Interface, Port
from mechgap.nets.config import NetworkConfig
from mechgap.nets.features import hint_features
from mechgap.nets.hidden import Hidden
from mechgap.nets.network import Network
from mechgap.nets.shapes import MPNNConfig, RoundConfig, TransformerConfig
from mechgap.semantics.batch import Batch

ALL_KINDS: tuple[AbstractKind, ...] = (
    Scalar(),
    Mask(),
    MaskOne(),
    Pointer(),
    Categorical(("red", "green", "blue")),
)


SIZES = (5, 1, 3)
"""Nodes of the graphs of a batch."""


def everything() -> Interface:
    """Every location with every kind that can live there, as input, hint and output."""

    def ports(prefix: str) -> tuple[Port, ...]:
        return tuple(
            Port(f"{prefix}_{location.value}_{kind.name}", location, kind)
            for location in PLACES
            for kind in ALL_KINDS
            if not isinstance(kind, MaskOne) or location is Location.NODE
        )

    return Interface(ports("in"), ports("hint"), ports("out"))


def flat_graphs() -> Interface:
    """Inputs, hints and outputs as graph algorithms of CLRS have them."""
    node, edge, graph = Location.NODE, Location.EDGE, Location.GRAPH
    return Interface(
        (
            Port("s", node, MaskOne()),
            Port("A", edge, Scalar()),
            Port("adj", edge, Mask()),
            Port("k", graph, Scalar()),
        ),
        (Port("pi_h", node, Pointer()), Port("d", node, Scalar()), Port("busy", graph, Mask())),
        (Port("pi", node, Pointer()),),
    )


def random_value(port: Port, nodes: Tensor, generator: torch.Generator) -> Tensor:
    """A random value of a port; zero or false at padding."""
    batch, width = nodes.shape
    shape = (batch, *[width] * port.location.rank)
    draw = torch.rand(shape, generator=generator)
    real = {0: nodes[:, 0], 1: nodes, 2: nodes[:, :, None] & nodes[:, None]}[port.location.rank]
    sizes = nodes.sum(1).reshape(-1, *[1] * port.location.rank)
    if isinstance(port.kind, Mask):
        return (draw < 0.4) & real
    if isinstance(port.kind, MaskOne):
        return torch.arange(width) == draw.masked_fill(~real, -1).argmax(1, keepdim=True)
    if isinstance(port.kind, Pointer):
        return (draw * sizes).long().masked_fill(~real, 0)
    if isinstance(port.kind, Categorical):
        return (draw * len(port.kind.categories)).long().masked_fill(~real, 0)
    return draw.masked_fill(~real, 0.0)


def real_nodes(sizes: list[int]) -> Tensor:
    """[B, N], the nodes of graphs of these sizes."""
    return torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]


def random_batch(interface: Interface, sizes: list[int], seed: int = 0) -> tuple[Batch, dict[str, Tensor]]:
    """A random batch and random values of the hints."""
    generator = torch.Generator().manual_seed(seed)
    nodes = real_nodes(sizes)
    inputs = {p.name: random_value(p, nodes, generator) for p in interface.inputs}
    hints = {p.name: random_value(p, nodes, generator) for p in interface.hints}
    return Batch(inputs, nodes), hints


def cut(value: Tensor, row: int, size: int, width: int) -> Tensor:
    """The value of one graph out of a batch that is padded to ``width`` nodes, without its padding."""
    part = value[row : row + 1]
    for axis in range(1, part.dim()):
        if part.shape[axis] == width:
            part = part.narrow(axis, 0, size)
    return part


def small_config(interface: Interface, **changes: object) -> NetworkConfig:
    """A network with two different rounds, two heads, edge values and a node MLP."""
    settings: dict[str, object] = {
        "interface": interface,
        "features": 6,
        "hidden": 8,
        "edge_features": 5,
        "graph_features": 3,
        "rounds": (
            RoundConfig(heads=2, mid=4, width=6, mlp=(10, 8), edge_values=True),
            RoundConfig(heads=1, mid=5, width=8, attend="all"),
        ),
        "pointer_width": 7,
        "reverse_edges": True,
        "layer_norm": True,
    }
    return NetworkConfig(**{**settings, **changes})


PAIRS: dict[str, object] = {
    "pairs": 3,
    "rounds": (
        RoundConfig(heads=2, mid=4, width=6, mlp=(10, 8), edge_values=True, pairs=(4, 3), pair_reads=True),
        RoundConfig(heads=1, mid=5, width=8, attend="all", pairs=(3,)),
    ),
}
"""What ``small_config`` takes for a network that keeps vectors at pairs."""
TRANSFORMER: dict[str, object] = {
    "rounds": (
        TransformerConfig(heads=2, keys=6, width=6, mlp=(10, 8), edge_values=True),
        TransformerConfig(heads=1, keys=5, width=8, attend="all"),
    ),
    "index_square": True,
}
"""What ``small_config`` takes for a transformer."""
TRANSFORMER_PAIRS: dict[str, object] = {
    "pairs": 3,
    "rounds": (
        TransformerConfig(
            heads=2, keys=4, width=6, mlp=(10, 8), edge_values=True, pairs=(4, 3), pair_reads=True
        ),
        TransformerConfig(heads=1, keys=2, width=8, attend="all", pairs=(3,)),
    ),
}
"""What ``small_config`` takes for a transformer that keeps vectors at pairs."""


MPNN: dict[str, object] = {
    "rounds": (
        MPNNConfig(width=6, mlp=(10, 8), received=5, pairs=(4, 7)),
        MPNNConfig(width=8, received=0),
        MPNNConfig(width=8, received=4, pairs=(3,), attend="all"),
    ),
}
"""What ``small_config`` takes for an MPNN; one of its rounds has no messages."""
MPNN_LINKED: dict[str, object] = {
    "rounds": (
        MPNNConfig(width=8, received=8, pairs=(6, 5, 6), linked=True),
        MPNNConfig(width=8, received=8, pairs=(8, 8), linked=True, attend="all"),
    ),
}
"""What ``small_config`` takes for an MPNN whose messages are made as in CLRS."""
MPNN_PAIRS: dict[str, object] = {
    "pairs": 3,
    "rounds": (
        MPNNConfig(width=6, mlp=(10, 8), received=5, pairs=(4, 6)),
        MPNNConfig(width=8, received=7, pairs=(5, 4), attend="all", linked=True),
        MPNNConfig(width=8, received=0, pairs=(4, 3)),
    ),
}
"""What ``small_config`` takes for an MPNN that keeps vectors at pairs."""
MPNN_TRIPLES: dict[str, object] = {
    "pairs": 3,
    "rounds": (
        MPNNConfig(width=8, received=5, pairs=(4, 6), triples=(5, 4), thirds=2),
        MPNNConfig(width=8, received=7, pairs=(5,), thirds=3, attend="all"),
    ),
}
"""What ``small_config`` takes for an MPNN that reads triples, with hidden layers and without."""
MPNN_THIRDS: dict[str, object] = {
    "rounds": (
        MPNNConfig(width=8, received=5, pairs=(4,), triples=(3,), thirds=2, attend="all"),
        MPNNConfig(width=8, received=7, pairs=(5, 5), thirds=3, linked=True),
    ),
}
"""What ``small_config`` takes for an MPNN that reads triples and keeps nothing at pairs, as in CLRS."""


def made(
    config: NetworkConfig, sizes: Sequence[int] = SIZES, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[Network, Batch, dict[str, Tensor], Hidden]:
    """A network, a batch, features of hints, and some hidden vectors."""
    network = Network(config, seed).to(dtype)
    with torch.no_grad():
        for name, weight in sorted(network.named_parameters()):
            if name.endswith("bias"):
                weight.copy_(torch.linspace(-0.3, 0.4, len(weight)))
    batch, values = random_batch(config.interface, list(sizes), seed)
    hints = hint_features(config, values, batch.nodes)
    generator = torch.Generator().manual_seed(seed)
    places = (len(batch), batch.width)
    nodes = torch.rand(*places, config.hidden, generator=generator, dtype=dtype)
    kept = torch.rand(*places, batch.width, config.pairs, generator=generator, dtype=dtype)
    hidden = Hidden(nodes * batch.nodes[..., None], kept * batch.pairs[..., None])
    return network, batch, hints, hidden


def counting_network(halting: bool = True) -> Network:
    """A network with a hint ``count`` = 0, 1, 2, … that halts in the frame where it is ``goal``."""
    interface = Interface(
        (Port("goal", Location.GRAPH, Scalar()),),
        (Port("count", Location.NODE, Scalar()),),
        (Port("total", Location.NODE, Scalar()),),
    )
    one = RoundConfig(mid=1, width=1)
    config = NetworkConfig(
        interface=interface,
        features=1,
        hidden=1,
        edge_features=1,
        graph_features=1,
        rounds=(one,),
        prologue=(one,),
        pointer_width=1,
        encode_hints=False,
        halting=halting,
    )
    network = Network(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
        network.graph_encoder.weight.fill_(1.0)
        network.rounds[0].skip.weight[0, 1] = 1.0
        network.rounds[0].skip.bias.fill_(1.0)
        network.readouts["hint_count"].linear.weight[0, 2] = 1.0
        network.readouts["output_total"].linear.weight[0, 2] = 1.0
        if halting:
            network.readouts["halt"].nodes.weight[0, 1] = 1.0
            network.readouts["halt"].nodes.bias.fill_(0.5)
            network.readouts["halt"].graph.weight.fill_(-1.0)
    return network
