"""What a network keeps from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Hidden:
    """Hidden vectors, zero at padding.

    Attributes:
        nodes: at every node.
        pairs: at (u, v) that of the pair with sender u and receiver v; of width 0 in networks that
            keep nothing at pairs.
    """

    nodes: Float[Tensor, "B N H"]
    pairs: Float[Tensor, "B N N P"]

    def take(self, rows: Tensor) -> Hidden:
        """The graphs at the given rows [B']."""
        return Hidden(self.nodes[rows], self.pairs[rows])
