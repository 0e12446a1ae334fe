"""Linear layers, and first weights as haiku gives them to the networks of CLRS."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor, nn

SMALL, FULL = 16, 0.25
"""Matrices of fewer rows or columns, or with more of their entries not zero, are multiplied as they are."""


class Linear(nn.Linear):
    """A linear layer whose weights are left for ``initialise`` to fill; either width may be 0."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


def linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """A linear layer without first weights."""
    return Linear(inputs, outputs, bias)


def fill(weight: Tensor, deviation: float | Tensor, generator: torch.Generator) -> None:
    """Fill a weight with a normal distribution that is cut off at two standard deviations."""
    with torch.no_grad():
        if weight.numel():
            nn.init.trunc_normal_(weight, a=-2.0, b=2.0, generator=generator)
            weight.mul_(deviation)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Start every linear layer at standard deviation 1 / sqrt(inputs) and bias 0, in order of names."""
    for _, layer in sorted(module.named_modules()):
        if isinstance(layer, nn.Linear):
            fill(layer.weight, 1 / math.sqrt(max(1, layer.in_features)), generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def acts(layer: nn.Linear) -> bool:
    """Whether a layer without bias adds anything; compiled networks have many parts of zeros only.

    While gradients are recorded every part counts, so that none stays at zero.
    """
    return torch.is_grad_enabled() or bool(layer.weight.any())


def compact(weight: Tensor) -> Tensor:
    """A matrix in the form in which it is multiplied fastest: compressed, if it is large and mostly zero.

    While gradients are recorded it stays as it is.
    """
    if torch.is_grad_enabled() or weight.device.type != "cpu" or min(weight.shape) < SMALL:
        return weight
    if weight.count_nonzero() > FULL * weight.numel():
        return weight
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR")
        return weight.to_sparse_csr()
