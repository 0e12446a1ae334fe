"""Gate 4, parameters: how far are the weights of two networks apart, and is there a hill between them?"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ..nets.network import Network
from .alignment import Alignment, aligned
from .matching import own_scales, scaled_by

Loss = Callable[[Network], float]
"""What training made small, of a network."""

GRID = tuple(k / 10 for k in range(11))
"""How far from the second network to the first one."""

UNTRAINED = 10_000
"""Seed of the first untrained network."""


@dataclass(frozen=True)
class Distance:
    """The relative distance of the weights of two networks after their units were matched.

    Attributes:
        whole: |a - b| / |b| over all weights, both with every unit divided by its size; 0 for networks that
            are the same up to order and scale. An upper bound: the matching need not be the best.
        modules: the same for each module with weights in the second network.
        floor: that of untrained networks from the second one, one for each seed.
    """

    whole: float
    modules: dict[str, float]
    floor: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """The distance as plain data."""
        return {**asdict(self), "floor": list(self.floor)}


@dataclass(frozen=True)
class Barrier:
    """The loss on the straight line between two matched networks.

    Attributes:
        grid: where on the line; 0 is the second network and 1 the first.
        losses: there.
        height: the largest loss above the straight line between the losses of the ends; at least 0.
    """

    grid: tuple[float, ...]
    losses: tuple[float, ...]
    height: float

    def to_json(self) -> dict[str, Any]:
        """The barrier as plain data."""
        return {"grid": list(self.grid), "losses": list(self.losses), "height": self.height}


def distance(network: Network, exact: Network, *, random: int = 3, seed: int = UNTRAINED) -> Distance:
    """How far the weights of a network are from those of another one, up to order and scale of units.

    Args:
        network: what is measured.
        exact: another network of the same shape, such as a compiled one or one of another seed.
        random: how many untrained networks stand beside.
        seed: of the first of them; trained networks should not have started from it.

    Raises:
        MechgapError: if the shapes differ.
    """
    modules = _squares(network, exact)
    untrained = [Network(exact.config, seed=seed + k).to(exact.dtype) for k in range(random)]
    floor = tuple(_relative(_squares(other, exact).values()) for other in untrained)
    named = {name: _relative([sums]) for name, sums in modules.items() if sums[1] > 0}
    return Distance(_relative(modules.values()), named, floor)


def barrier(first: Network, second: Network, loss: Loss, grid: Sequence[float] = GRID) -> Barrier:
    """The loss on the line between a network and another one whose units were matched to its own.

    That there is no hill speaks for one basin; a hill is weak evidence against it, since the matching need
    not be the best and the line is one of many ways.

    Args:
        first, second: networks of one shape.
        loss: of a network, to be evaluated at every point.
        grid: points from 0, the second network, to 1, the first.

    Raises:
        MechgapError: if the networks cannot be aligned.
    """
    near, far = dict(first.named_parameters()), dict(aligned(first, second).named_parameters())
    between = copy.deepcopy(first).requires_grad_(False)
    points = tuple(sorted({0.0, *grid, 1.0}))
    losses = []
    for share in points:
        with torch.no_grad():
            for name, parameter in between.named_parameters():
                parameter.copy_(torch.lerp(far[name], near[name], share))
        losses.append(float(loss(between)))
    lines = [losses[0] + share * (losses[-1] - losses[0]) for share in points]
    height = max(value - line for value, line in zip(losses, lines, strict=True))
    return Barrier(points, tuple(losses), max(0.0, height))


def _squares(network: Network, exact: Network) -> dict[str, tuple[float, float]]:
    """For every module the squares of the differences, and those of the weights of the exact network."""
    found: dict[str, tuple[float, float]] = {}
    alignment = Alignment.of(network, exact)
    sizes = own_scales(alignment.first)
    mine, moved = (scaled_by(wiring, sizes) for wiring in (alignment.first, alignment.moved()))
    for one, two in zip(mine.links, moved.links, strict=True):
        apart = float(np.square(one.matrix - two.matrix).sum())
        module = one.name.partition(" of ")[0]
        before = found.get(module, (0.0, 0.0))
        found[module] = (before[0] + apart, before[1] + float(np.square(two.matrix).sum()))
    return found


def _relative(sums: Iterable[tuple[float, float]]) -> float:
    pairs = list(sums)
    below = sum(pair[1] for pair in pairs)
    return math.sqrt(sum(pair[0] for pair in pairs) / below) if below else float("nan")
