"""Triplet messages of the CLRS benchmark (Ibarz et al., 2022), read into rounds with vectors at pairs.

There the maximum over all triplets of a pair goes through one layer and a ReLU to the decoders, and to no
message. Here the first units of a round's layers at pairs make these numbers, and are kept at pairs for the
readouts; the others make the messages and read none of them.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..nets.config import NetworkConfig
from ..nets.mpnn import MPNNRound
from ..nets.network import Network
from ..nets.pair_layer import PairLayer
from ..nets.shapes import MPNNConfig
from .clrs_links import Arrays, Link, add_bias, linear_weight

LAYERS = 8
"""How many linear layers the benchmark's processor has for them."""


def triplet_config(plain: NetworkConfig, thirds: int) -> NetworkConfig:
    """The shape of a network that holds one with triplet messages.

    Args:
        plain: the shape of the benchmark's network without them, as ``mpnn_config`` gives it.
        thirds: how many numbers a triplet has.
    """
    both = 2 * plain.hidden
    return replace(
        plain,
        rounds=tuple(
            replace(one, pairs=(both, both), thirds=thirds)
            for one in plain.rounds
            if isinstance(one, MPNNConfig)
        ),
        # The benchmark reads the edge from the third node to the first; triples here that to the third node.
        edge_features=both,
        reverse_edges=True,
        pairs=plain.hidden,
        pointer_pairs=True,
    )


def read_triplets(network: Network, arrays: Arrays, names: list[str]) -> None:
    """Fill the parts of all rounds that make triplet messages.

    Args:
        network: of the shape of ``triplet_config``.
        arrays: the benchmark's parameters.
        names: of its layers for them, in the order in which it makes them.

    Raises:
        MechgapError: if an array is missing or has another shape.
    """
    for round in network.rounds:
        assert isinstance(round, MPNNRound) and round.thirds is not None and round.graph is not None
        first, second = round.pairs
        assert isinstance(first, PairLayer) and isinstance(second, nn.Linear)
        (triples,) = round.thirds.layers
        nodes, edges = _layers(triples, "here"), _layers(triples, "edges")
        *legs, graph, last = names
        weights = _legs([layer.weight for layer in nodes], [layer.weight for layer in edges])
        for name, weight in zip(legs, weights, strict=True):
            Link(name, (weight,), nodes[-1].bias).read(arrays)
        kept = round.kept
        thirds = first.pair.weight[:kept, kept : first.pair.in_features // 2]
        Link(last, (thirds,), first.receiver.bias[:kept]).read(arrays)
        # What the graph adds is the same for all triplets of a pair, so that it may come after their maximum.
        shape = torch.Size((thirds.shape[1], round.graph.in_features))
        round.graph.weight[:kept] = thirds @ linear_weight(arrays, f"{graph}/w", shape)
        add_bias(arrays, f"{graph}/b", nodes[-1].bias)
        second.weight[:kept, :kept] = torch.eye(kept)  # they are at least 0, so that the ReLU keeps them


def _legs(nodes: list[Tensor], edges: list[Tensor]) -> list[Tensor]:
    """The weights at triples in the benchmark's order.

    Its triplets (i, j, k) are triples (j, i, k) here, as its maximum is over i: nodes i, j, k, and edges
    (i, j), (i, k), (j, k), the first of which is the transposed one of the first leg.
    """
    (_, transposed), (second, _), (direct, _) = (weight.chunk(2, 1) for weight in edges)
    return [nodes[1], nodes[0], nodes[2], transposed, second, direct]


def _layers(triples: nn.Module, part: str) -> list[nn.Linear]:
    """The layers of a part, one for each leg."""
    return [layer for layer in getattr(triples, part) if isinstance(layer, nn.Linear)]
