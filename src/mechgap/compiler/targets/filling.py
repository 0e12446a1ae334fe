"""What emission needs: the plan, a blank network, and rows of linear layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import nn

from ...lang.program import Program
from ...nets.config import NetworkConfig
from ...nets.features import edge_columns, node_columns
from ...nets.network import Network
from ...nets.shapes import AbstractRoundConfig
from ..layout import RoundPlan
from ..lowering import Meaning
from ..slots import Slot


@dataclass(frozen=True)
class Plan:
    """Everything that emission needs.

    Attributes:
        program: what was compiled.
        slots: the places of the state, at nodes and at pairs.
        meaning: which slots hold what.
        widths: of the hidden vectors, and of the vectors at pairs.
        rounds: of the start, and of a step.
        n: largest number of nodes.
    """

    program: Program
    slots: tuple[Slot, ...]
    meaning: Meaning
    widths: tuple[int, int]
    rounds: tuple[tuple[RoundPlan, ...], tuple[RoundPlan, ...]]
    n: int

    def held(self, paired: bool) -> dict[str, int]:
        """The slots at pairs, or those at nodes -> their dimensions."""
        names = [slot.name for slot in self.slots if slot.paired is paired]
        return {name: k for k, name in enumerate(names)}


def fill_row(layer: nn.Linear, row: int, terms: Iterable[tuple[int, float]], constant: float = 0.0) -> None:
    """Add terms, and a constant if it is not 0, to a row of a layer."""
    for column, coefficient in terms:
        layer.weight[row, column] += coefficient
    if constant:
        layer.bias[row] += constant


def configured(
    plan: Plan,
    prologue: tuple[AbstractRoundConfig, ...],
    rounds: tuple[AbstractRoundConfig, ...],
    negative_slope: float = 0.01,
    index_square: bool = False,
) -> NetworkConfig:
    """The shape of the network of a plan, with rounds of any family."""
    hidden, pairs = plan.widths
    probe = NetworkConfig(
        interface=plan.program.interface,
        features=1,
        hidden=hidden,
        edge_features=1,
        graph_features=1,
        rounds=rounds,
        prologue=prologue,
        pointer_width=2,
        encode_hints=False,
        reverse_edges=True,
        node_index=True,
        graph_to_nodes=True,
        halting=True,
        negative_slope=negative_slope,
        pairs=pairs,
        index_square=index_square,
    )
    return replace(
        probe,
        features=max(1, len(node_columns(probe))),
        edge_features=max(1, len(edge_columns(probe))),
    )


def blank(config: NetworkConfig) -> Network:
    """A network that encodes features as they are, and whose other parameters are 0."""
    network = Network(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for encoder in (network.node_encoder, network.edge_encoder, network.graph_encoder):
            if encoder is not None:
                encoder.weight.fill_diagonal_(1.0)
    return network


def nonzero(network: nn.Module) -> int:
    """Number of parameters that are not zero."""
    return sum(int((parameter != 0).sum()) for parameter in network.parameters())
