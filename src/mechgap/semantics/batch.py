"""A batch of inputs: values by name, and which rows are nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Inputs of several graphs, padded to one number of nodes.

    Values by kind: masks are bool, pointers and category codes int64, scalars floating point in
    recorded units. Shapes by location: node [B, N], edge [B, N, N] as (sender, receiver), graph [B].

    Attributes:
        values: input name -> tensor.
        nodes: [B, N], true where a row is a node of the graph and false where it is padding; the
            nodes come first.
    """

    values: Mapping[str, Tensor]
    nodes: Tensor

    def __len__(self) -> int:
        return int(self.nodes.shape[0])

    @property
    def width(self) -> int:
        """The padded number of nodes N."""
        return int(self.nodes.shape[1])

    @property
    def sizes(self) -> Tensor:
        """[B], the number of nodes of each graph."""
        return self.nodes.sum(1)

    @property
    def pairs(self) -> Tensor:
        """[B, N, N], true where both ends are nodes."""
        return self.nodes[:, :, None] & self.nodes[:, None, :]

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        return Batch({name: value.to(device) for name, value in self.values.items()}, self.nodes.to(device))

    def take(self, rows: Tensor) -> Batch:
        """The graphs at the given rows [B'], in that order."""
        return Batch({name: value[rows] for name, value in self.values.items()}, self.nodes[rows])

    def part(self, start: int, stop: int) -> Batch:
        """The graphs from ``start`` to ``stop``, without copying."""
        return Batch({name: v[start:stop] for name, v in self.values.items()}, self.nodes[start:stop])
