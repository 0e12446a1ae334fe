"""Computes a tensor over pairs of nodes in blocks of rows that fit into the cache."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

LIMIT = 1 << 19
"""Numbers of the largest intermediate tensor in a block."""


def by_rows(rows: int, cost: int, part: Callable[[slice], Tensor]) -> Tensor:
    """What ``part`` gives for all rows, joined along axis 1.

    Args:
        rows: length of axis 1.
        cost: numbers that the largest intermediate tensor holds for each row.
        part: result [B, rows of the slice, …]; rows do not depend on each other.

    With gradients everything is kept for the way back, so blocks would save nothing.
    """
    size = rows if torch.is_grad_enabled() else max(1, LIMIT // max(1, cost))
    if size >= rows:
        return part(slice(0, rows))
    return torch.cat([part(slice(at, min(at + size, rows))) for at in range(0, rows, size)], 1)
