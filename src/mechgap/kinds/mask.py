"""Truth values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .kind import AbstractKind

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Mask(AbstractKind):
    """True or false, independently at every place."""

    @property
    def name(self) -> str:
        return "mask"

    @property
    def links(self) -> float:
        return 0.0

    def features(self, values: Tensor, nodes: Tensor) -> Tensor:
        return values[..., None].float()

    def decode(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return logits[..., 0] > 0

    def soften(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return logits.sigmoid()

    def loss(self, logits: Tensor, truth: Tensor, nodes: Tensor) -> Tensor:
        import torch.nn.functional as F

        return F.binary_cross_entropy_with_logits(logits[..., 0], truth.to(logits.dtype), reduction="none")


@dataclass(frozen=True)
class MaskOne(AbstractKind):
    """True at exactly one node of a graph.

    There is one decision in a graph: its loss and whether it agrees stand at every node of the graph.
    """

    @property
    def name(self) -> str:
        return "mask_one"

    def pack(self, values: Tensor, width: int, *, single: bool) -> Tensor:
        """The index of the one node, [B]; values that are no mask are such indices already."""
        import torch

        if values.dtype != torch.bool:
            return values.to(torch.int64)
        return (values * torch.arange(width, device=values.device)).amax(-1)

    def unpack(self, values: Tensor, width: int) -> Tensor:
        import torch

        return values[..., None] == torch.arange(width, device=values.device)

    def features(self, values: Tensor, nodes: Tensor) -> Tensor:
        return values[..., None].float()

    def decode(self, logits: Tensor, nodes: Tensor) -> Tensor:
        import torch

        best = _over_nodes(logits, nodes).argmax(-1, keepdim=True)
        return torch.arange(nodes.shape[1], device=logits.device) == best

    def soften(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return _over_nodes(logits, nodes).softmax(-1)[..., None]

    def loss(self, logits: Tensor, truth: Tensor, nodes: Tensor) -> Tensor:
        import torch.nn.functional as F

        node = truth.int().argmax(-1)
        loss = F.cross_entropy(_over_nodes(logits, nodes), node, reduction="none")
        return loss[..., None].expand(truth.shape)

    def agreement(self, predicted: Tensor, truth: Tensor, tolerance: float = 1e-5) -> Tensor:
        return (predicted == truth).all(-1, keepdim=True).expand(truth.shape)


def _over_nodes(logits: Tensor, nodes: Tensor) -> Tensor:
    """Logits [B, N, 1] as [B, N] with padding at minus infinity."""
    return logits[..., 0].masked_fill(~nodes, float("-inf"))
