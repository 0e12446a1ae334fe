"""What a network has read of a batch before it steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Projection:
    """A linear map of raw edge features to encoded ones, kept apart so that no N x N x E is made.

    Attributes:
        weight: from K raw features to E encoded ones.
        bias: of the encoded features.
    """

    weight: Float[Tensor, "E K"]
    bias: Float[Tensor, " E"]

    def then(self, layer: nn.Linear) -> Projection:
        """This map followed by a linear layer, as one map."""
        bias = layer.weight @ self.bias
        without_bias = cast("Tensor | None", layer.bias) is None
        return Projection(layer.weight @ self.weight, bias if without_bias else bias + layer.bias)

    def beside(self, layer: nn.Linear | None) -> Projection:
        """This map with a linear layer of further features, which stand after the K of this one."""
        return self if layer is None else Projection(torch.cat([self.weight, layer.weight], 1), self.bias)

    def __call__(self, edges: Tensor) -> Tensor:
        """The map [..., E] of raw features [..., Ke]."""
        return F.linear(edges, self.weight, self.bias)


@dataclass(frozen=True)
class Encoded:
    """A batch of graphs as a network reads it.

    Attributes:
        nodes: which rows are nodes.
        x: encoded node features, zero at padding.
        edges: raw edge features at (receiver, sender).
        projection: makes encoded edge features of raw ones.
        graph: encoded graph features.
        attended: by the name of RoundConfig.attend, [B, N, N] bool at (receiver, sender).
    """

    nodes: Bool[Tensor, "B N"]
    x: Float[Tensor, "B N F"]
    edges: Float[Tensor, "B N N K"]
    projection: Projection
    graph: Float[Tensor, "B G"]
    attended: dict[str, Tensor]

    def take(self, rows: Tensor) -> Encoded:
        """The graphs at the given rows [B']."""
        return Encoded(
            self.nodes[rows],
            self.x[rows],
            self.edges[rows],
            self.projection,
            self.graph[rows],
            {name: mask[rows] for name, mask in self.attended.items()},
        )
