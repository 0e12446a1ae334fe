"""References to nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .kind import AbstractKind

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Pointer(AbstractKind):
    """The index of a node of the same graph."""

    @property
    def name(self) -> str:
        return "pointer"

    @property
    def refers(self) -> bool:
        return True

    @property
    def links(self) -> float:
        return 0.5

    def pack(self, values: Tensor, width: int, *, single: bool) -> Tensor:
        """int64 if single, else int16 where it can hold N too; pointers to no node are -1 or N."""
        import torch

        if single:
            return values.to(torch.int64)
        short = short_dtype(width)
        return values if values.dtype == short else values.clamp(-1, width).to(short)

    def unpack(self, values: Tensor, width: int) -> Tensor:
        import torch

        return values.to(torch.int64)

    def features(self, values: Tensor, nodes: Tensor) -> Tensor:
        """One-hot over the candidate nodes; all zero for a pointer to no node."""
        import torch

        candidates = torch.arange(nodes.shape[1], device=values.device)
        return (values[..., None] == candidates).float()

    def decode(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return _over_nodes(logits, nodes).argmax(-1)

    def soften(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return _over_nodes(logits, nodes).softmax(-1)

    def loss(self, logits: Tensor, truth: Tensor, nodes: Tensor) -> Tensor:
        """Cross entropy over the nodes of the graph; zero where truth names none of them."""
        import torch.nn.functional as F

        chances = _over_nodes(logits, nodes).flatten(0, -2)
        sizes = nodes.sum(1).reshape(-1, *([1] * (truth.dim() - 1)))
        # -100 is cross_entropy's index of places to leave out.
        target = truth.masked_fill((truth < 0) | (truth >= sizes), -100)
        return F.cross_entropy(chances, target.flatten(), reduction="none").reshape(truth.shape)


def _over_nodes(logits: Tensor, nodes: Tensor) -> Tensor:
    """Logits [B, *P, N] with padded candidates at minus infinity."""
    batch, width = nodes.shape
    shape = (batch, *([1] * (logits.dim() - 2)), width)
    return logits.masked_fill(~nodes.reshape(shape), float("-inf"))


def short_dtype(width: int) -> torch.dtype:
    """The smallest type for pointers among that many nodes, with -1 and ``width`` for no node."""
    import torch

    return torch.int16 if width < torch.iinfo(torch.int16).max else torch.int32
