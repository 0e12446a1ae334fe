"""One of a few named categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from .kind import AbstractKind

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Categorical(AbstractKind):
    """One of a few named categories.

    Attributes:
        categories: the names, in the order of their codes.
    """

    categories: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "categorical"

    def describe(self) -> str:
        return f"categorical{{{', '.join(self.categories)}}}"

    @property
    def width(self) -> int:
        return len(self.categories)

    def spread(self, hidden: int, hint: bool) -> float:
        return float(max(1, self.width) ** -0.5)

    def pack(self, values: Tensor, width: int, *, single: bool) -> Tensor:
        import torch

        return values.to(torch.uint8)

    def unpack(self, values: Tensor, width: int) -> Tensor:
        import torch

        return values.to(torch.int64)

    def features(self, values: Tensor, nodes: Tensor) -> Tensor:
        import torch

        return (values[..., None] == torch.arange(self.width, device=values.device)).float()

    def decode(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return logits.argmax(-1)

    def soften(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return logits.softmax(-1)

    def loss(self, logits: Tensor, truth: Tensor, nodes: Tensor) -> Tensor:
        import torch.nn.functional as F

        loss = F.cross_entropy(logits.flatten(0, -2), truth.flatten(), reduction="none")
        return loss.reshape(truth.shape)

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "categories": list(self.categories)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(tuple(data["categories"]))
