"""Where the hints and outputs of a program are defined."""

from __future__ import annotations

import torch
from torch import Tensor

from ..lang.program import Program
from .batch import Batch
from .machine import Machine


def where_defined(program: Program, batch: Batch) -> dict[str, Tensor]:
    """The places where hints and outputs are defined, for those that are not defined everywhere.

    Returns:
        name -> bool with the shape of the value, [B, N], [B, N, N] or [B].
    """
    if not program.defined:
        return {}
    evaluation = Machine(program, batch).evaluation({})
    types = program.types
    return {
        name: evaluation.full(mask, types[mask].location).to(torch.bool)
        for name, mask in program.defined.items()
    }
