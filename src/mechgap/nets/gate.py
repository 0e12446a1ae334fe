"""A gate: how much of a new hidden vector is taken, and how much of the old one stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .initial import linear

if TYPE_CHECKING:
    from jaxtyping import Float

CLOSED = -3.0
"""First bias of the last layer, at which little of the new vector is taken, as in CLRS."""


class Gate(nn.Module):
    """Mixes new hidden vectors with old ones, as the CLRS benchmark does (Ibarz et al., 2022).

    With z = [x ; h] and the largest messages M:

        g  = sigmoid(last relu(node z + message M))
        h' = g * new + (1 - g) * h

    Args:
        size: width of z.
        received: width of the messages.
        hidden: width of the hidden vectors.
    """

    def __init__(self, size: int, received: int, hidden: int) -> None:
        super().__init__()
        self.node = linear(size, hidden)
        self.message = linear(received, hidden, bias=False)
        self.last = linear(hidden, hidden)

    def close(self) -> None:
        """Set the first bias of the last layer."""
        with torch.no_grad():
            self.last.bias.fill_(CLOSED)

    def forward(
        self,
        z: Float[Tensor, "B N _"],
        messages: Float[Tensor, "B N R"],
        old: Float[Tensor, "B N H"],
        new: Float[Tensor, "B N H"],
    ) -> Float[Tensor, "B N H"]:
        """The mixture."""
        share = torch.sigmoid(self.last(F.relu(self.node(z) + self.message(messages))))
        return share * new + (1 - share) * old
