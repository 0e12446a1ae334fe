"""Points of the plane: their variables, which way three of them turn, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.expression import Expression
from ...lang.vocabulary import argmin, follow, me, min_of, node
from ..bounds import LARGEST_KEY
from ..samplers.geometry import collinear
from ..task import Requirement

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch

RADIUS = 2.0

pos = node.scalar("pos", low=0, high=1)
x = node.scalar("x", low=-LARGEST_KEY, high=LARGEST_KEY)
y = node.scalar("y", low=-LARGEST_KEY, high=LARGEST_KEY)

lowest = argmin(x, y == min_of(y, me == me)).named("lowest")
"""The lowest point, and of several the leftmost."""


def turn(corner: Expression, one: Expression, other: Expression) -> Expression:
    """Twice the area of the triangle of three points, which pointers of the graph name.

    It is positive if the way around the corner from one point to the other is counterclockwise, zero if
    the three lie on one line.
    """
    corner_x, corner_y = follow(corner, x), follow(corner, y)
    to_one_x, to_one_y = follow(one, x) - corner_x, follow(one, y) - corner_y
    to_other_x, to_other_y = follow(other, x) - corner_x, follow(other, y) - corner_y
    return to_one_x * to_other_y - to_one_y * to_other_x


def in_general_position(batch: Batch) -> Tensor:
    """[B], whether all points are different and no three lie on one line.

    Three points count as on one line if they span a triangle of twice the area below 1e-12 after all
    were moved and scaled into the square around a disk of radius 2 (that of the benchmark).
    """
    import torch

    holds = torch.ones(len(batch), dtype=torch.bool)
    points = torch.stack([batch.values["x"], batch.values["y"]], 1).double().cpu()
    for size in sorted(set(batch.sizes.tolist())):
        rows = (batch.sizes == size).cpu()
        some = points[rows, :, :size]
        low, high = some.amin(2, keepdim=True), some.amax(2, keepdim=True)
        reach = (high - low).amax(1, keepdim=True) / (2 * RADIUS)
        scaled = (some - (low + high) / 2) / torch.where(reach > 0, reach, 1.0)
        same = (some[..., None] == some[..., None, :]).all(1).sum((1, 2)) > size
        holds[rows] = ~(same | torch.from_numpy(collinear(scaled.numpy())))
    return holds.to(batch.nodes.device)


GENERAL_POSITION = Requirement(
    in_general_position,
    "points of which two are equal or three lie on one line",
    "different points, of which each three span a triangle",
    "remove points that are on a line between others, or move them a little",
)
"""What the hull algorithms require: with points on one line their answers may be wrong."""
