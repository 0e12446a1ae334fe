"""Numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from .kind import AbstractKind

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Scalar(AbstractKind):
    """A number.

    Attributes:
        low, high: declared bounds (inclusive) in units; a run that leaves them is an error.
        whole: whether every value is a whole number of units.
        unit: factor from the program's number to the recorded one (CLRS counts time in 0.01).
    """

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    unit: float = 1.0

    @property
    def name(self) -> str:
        return "scalar"

    def describe(self) -> str:
        words = ["whole" if self.whole else "", f"scalar[{_exact(self.low)}, {_exact(self.high)}]"]
        words.append(f"x {_exact(self.unit)}" if self.unit != 1.0 else "")
        return " ".join(word for word in words if word)

    def spread(self, hidden: int, hint: bool) -> float:
        return float(hidden**-0.5) if hint else 1.0

    def features(self, values: Tensor, nodes: Tensor) -> Tensor:
        return values[..., None]

    def decode(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return logits[..., 0]

    def soften(self, logits: Tensor, nodes: Tensor) -> Tensor:
        return logits

    def loss(self, logits: Tensor, truth: Tensor, nodes: Tensor) -> Tensor:
        return (logits[..., 0] - truth.to(logits.dtype)).square()

    def error(self, predicted: Tensor, truth: Tensor) -> Tensor:
        return (predicted - truth.to(predicted.dtype)).abs()

    def agreement(self, predicted: Tensor, truth: Tensor, tolerance: float = 1e-5) -> Tensor:
        return self.error(predicted, truth) <= tolerance

    def to_json(self) -> dict[str, Any]:
        bounds = [float(bound) if math.isfinite(bound) else None for bound in (self.low, self.high)]
        return {**super().to_json(), "bounds": bounds, "whole": self.whole, "unit": float(self.unit)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        low, high = data["bounds"]
        return cls(
            -math.inf if low is None else float(low),
            math.inf if high is None else float(high),
            bool(data["whole"]),
            float(data["unit"]),
        )


def _exact(value: float) -> str:
    """A number with all of its digits, and no more."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
