"""Which points are on a convex hull."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch

STRAIGHT = 1e-6
"""How far from a straight angle, in radians, a corner of the hull may count as straight."""


def valid_hull(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Points for which ``in_hull`` is right, [B, N].

    Corners of the convex hull of the points (``x``, ``y``) are in it, points inside of it are not, and
    points on its sides may be either. Of points at one place it is enough that one of them is in. The
    ends of a line are corners if all points are on it.
    """
    import torch

    chosen = outputs["in_hull"]
    x, y = (batch.values[name].double() for name in ("x", "y"))
    right, up = (value[:, None, :] - value[:, :, None] for value in (x, y))  # [B, from, to]
    twins = (right == 0) & (up == 0) & batch.pairs
    angles = torch.where(batch.pairs & ~twins, torch.atan2(up, right), torch.inf).sort(-1).values
    seen = angles.isfinite()
    gaps = torch.where(seen[..., 1:], angles.diff(dim=-1), 0.0)
    largest = torch.where(seen, angles, -torch.inf).amax(-1)
    around = torch.where(seen[..., 0], angles[..., 0] - largest + 2 * math.pi, 2 * math.pi)
    widest = torch.cat((gaps, around[..., None]), -1).amax(-1)  # the widest angle without a point
    corner, outside = widest > math.pi + STRAIGHT, widest >= math.pi - STRAIGHT
    covered = (twins & chosen[:, None, :]).any(2)
    return torch.where(chosen, outside, ~corner | covered) & batch.nodes
