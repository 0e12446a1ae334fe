"""Linear readouts of a program's internal variables, trained with a network and no part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..lang.location import Location
from ..lang.program import Port, Program
from ..nets.initial import initialise, linear

if TYPE_CHECKING:
    from jaxtyping import Float


def internal_ports(program: Program) -> tuple[Port, ...]:
    """The state variables at nodes that are no hints and no pointers, which linear maps can read."""
    return tuple(
        Port(v.name, v.location, v.kind)
        for v in program.state
        if v.internal and v.location is Location.NODE and not v.kind.refers
    )


class Internals(nn.Module):
    """For each variable one linear layer that reads the hidden vector of a node.

    Training them with the network makes it keep these variables where a linear map finds them; it is
    not told what else to do with them.

    Args:
        ports: the variables.
        hidden: width H of the hidden vectors.
        seed: of the first weights.
    """

    def __init__(self, ports: Sequence[Port], hidden: int, seed: int) -> None:
        super().__init__()
        self.ports = tuple(ports)
        self.readouts = nn.ModuleList(linear(hidden, port.kind.width) for port in self.ports)
        initialise(self, torch.Generator().manual_seed(seed))

    def forward(self, hidden: Float[Tensor, "B N H"]) -> dict[str, Tensor]:
        """Logits [B, N, W] by the name of the variable."""
        return {port.name: layer(hidden) for port, layer in zip(self.ports, self.readouts, strict=True)}
