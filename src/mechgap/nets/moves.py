"""Where the units of a layer go when a network is rearranged, and what is drawn for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

LARGEST_STEP = 3
"""Units are scaled by 2^-3 to 2^3."""
LARGE = 2.0**90
"""Units with a weight beyond this are only scaled down, so that nothing leaves the range of float32."""


@dataclass(frozen=True)
class Move:
    """Where the units of a layer go.

    Attributes:
        places: [U] int64, the new position of each unit.
        scale: [U], what each is multiplied by.
        size: number of units afterwards.
    """

    places: Tensor
    scale: Tensor
    size: int

    @property
    def idle(self) -> Tensor:
        """The positions afterwards that no unit goes to."""
        free = torch.ones(self.size, dtype=torch.bool)
        free[self.places] = False
        return free.nonzero()[:, 0]

    @property
    def inverse(self) -> Move:
        """The same places, divided by the scale."""
        return replace(self, scale=1 / self.scale)

    def beside(self, other: Move) -> Move:
        """The units of both, those of the other one behind."""
        places = torch.cat([self.places, self.size + other.places])
        return Move(places, torch.cat([self.scale, other.scale]), self.size + other.size)

    def repeated(self, heads: Tensor) -> Move:
        """For units that are read once for every head, head by head."""
        places = torch.cat([head * self.size + self.places for head in heads])
        return Move(places, self.scale.repeat(len(heads)), self.size * len(heads))


Columns: TypeAlias = tuple["Move | int", ...]
"""Columns in blocks: moved ones, or so many that stay."""
Axes: TypeAlias = Mapping[str, tuple["Move | None", Columns]]
"""Name of a parameter -> where its rows go, and its columns."""


@dataclass(frozen=True)
class Freedom:
    """What is changed when a network is rearranged.

    Attributes:
        order: whether units and heads change places; otherwise idle units stand behind the others.
        scale: whether units are multiplied by powers of two.
    """

    order: bool = True
    scale: bool = True


class Lot:
    """Draws moves.

    Args:
        generator: of what is drawn.
        width: smallest width of the layers at nodes afterwards.
        freedom: what is drawn; the rest stays.
    """

    def __init__(self, generator: torch.Generator, width: int, freedom: Freedom) -> None:
        self.generator = generator
        self.width = width
        self._freedom = freedom

    def order(self, size: int) -> Tensor:
        """Places in random order, or one after the other."""
        if not self._freedom.order:
            return torch.arange(size)
        return torch.randperm(size, generator=self.generator)

    def move(self, size: int, weights: Sequence[Tensor], wanted: int = 0) -> Move:
        """A move of a layer.

        Args:
            size: number of units.
            weights: what the layer reads with.
            wanted: number of units afterwards, if that is more.
        """
        wanted = max(size, wanted)
        places = self.order(wanted)[:size]
        return Move(places, self._scales(size, weights), wanted)

    def blocks(self, heads: Tensor, size: int, weights: Sequence[Tensor], wanted: int = 0) -> Move:
        """A move that keeps the units of a head together.

        Args:
            heads: where each head goes.
            size, weights, wanted: as for ``move``.
        """
        count = len(heads)
        old, new = size // count, -(-max(size, wanted) // count)
        places = [head * new + self.order(new)[:old] for head in heads.tolist()]
        return Move(torch.cat(places), self._scales(size, weights), new * count)

    def _scales(self, size: int, weights: Sequence[Tensor]) -> Tensor:
        """Powers of two; none above one for layers with large weights."""
        if not self._freedom.scale:
            return torch.ones(size)
        top = 1 if large(weights) else LARGEST_STEP + 1
        return 2.0 ** torch.randint(-LARGEST_STEP, top, (size,), generator=self.generator)


def large(weights: Sequence[Tensor]) -> bool:
    """Whether some weight is so large that its unit must not grow."""
    return any(bool((weight.abs() > LARGE).any()) for weight in weights)


def moved(value: Tensor, row: Move | None, columns: Columns) -> Tensor:
    """A parameter with its rows and columns where they go."""
    if columns:
        parts, start = [], 0
        for block in columns:
            size = block if isinstance(block, int) else len(block.places)
            part = value[:, start : start + size]
            if isinstance(block, Move):
                part = torch.zeros(len(value), block.size).index_copy_(1, block.places, part / block.scale)
            parts.append(part)
            start += size
        value = torch.cat(parts, 1)
    if row is None:
        return value
    scaled = value * row.scale.reshape(-1, *[1] * (value.dim() - 1))
    return torch.zeros(row.size, *value.shape[1:]).index_copy_(0, row.places, scaled)
