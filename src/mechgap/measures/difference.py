"""How two networks differ, apart from what changes no run: the order and the scale of their units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..errors import MechgapError
from ..nets.network import Network
from .links import Link, Places, Wiring
from .matching import Match, match
from .wiring import wire

TOLERANCE = 1e-5
"""Relative difference of two weights that counts as none: float32 with some roundings."""


@dataclass(frozen=True)
class ModuleDifference:
    """How the weights of one module differ.

    Attributes:
        module: the parameter, encoders multiplied in; and the columns where it reads several sorts.
        weights, different: how many there are that are not zero in both networks, and how many differ.
        largest: largest absolute difference, in the scale of the first network.
        relative: largest difference over the larger of the two (or, where a weight is a sum of several, over
            the sizes of these: rounding is in proportion to them).
        place: of the weight with the largest relative difference in the first network; () if none differs.
        other: of that weight in the second network.
        first, second: the two values, in the scale of the first network.
    """

    module: str
    weights: int
    different: int
    largest: float
    relative: float
    place: tuple[int, ...] = ()
    other: tuple[int, ...] = ()
    first: float = 0.0
    second: float = 0.0


@dataclass(frozen=True)
class Difference:
    """How two networks differ.

    Attributes:
        tolerance: relative difference of weights that counts as none.
        modules: one for each module that has weights.
        moved: how many units have another place in the second network.
        scaled: how many have another scale.
    """

    tolerance: float
    modules: tuple[ModuleDifference, ...]
    moved: int
    scaled: int

    @property
    def equal(self) -> bool:
        """Whether the networks are the same up to the order and the scale of their units."""
        return not any(module.different for module in self.modules)

    @property
    def largest(self) -> ModuleDifference | None:
        """The module with the largest relative difference, if any weights differ."""
        found = max(self.modules, key=lambda module: module.relative, default=None)
        return None if self.equal else found

    def to_json(self) -> dict[str, Any]:
        """The difference as plain data."""
        return {**asdict(self), "equal": self.equal}


def difference(first: Network, second: Network, tolerance: float = TOLERANCE) -> Difference:
    """Compare two networks up to their symmetries.

    Hidden units, attention heads and their units, units of layers and of pointer decoders may come in
    another order; those before or after a ReLU (a leaky one too) may be scaled by positive numbers; encoders
    may be exchanged with what reads them; what shifts all logits of a softmax or of a choice does not count.
    Networks that are the same up to these are found to be equal; for others the matching is a good one,
    not always the best.

    Args:
        first, second: the networks.
        tolerance: relative difference of weights that counts as none.

    Raises:
        MechgapError: if they have different shapes.
    """
    check_shapes(first, second)
    wirings = wire(first), wire(second)
    found = match(*wirings)
    modules = tuple(_modules(wirings, found, tolerance))
    moved = sum(int((order != np.arange(len(order))).sum()) for order in found.order.values())
    scaled = sum(int((np.abs(scale - 1.0) > tolerance).sum()) for scale in found.scales.values())
    return Difference(tolerance, modules, moved, scaled)


def _modules(wirings: tuple[Wiring, Wiring], found: Match, tolerance: float) -> Iterator[ModuleDifference]:
    for a, b in zip(wirings[0].links, wirings[1].links, strict=True):
        moved = replace(b, matrix=found.moved(b, b.matrix), terms=found.moved(b, b.terms))
        if bool(((a.matrix != 0) | (moved.matrix != 0)).any()):
            yield _module(a, moved, _places(b, found), tolerance)


def _module(first: Link, second: Link, places: tuple[Places, Places], tolerance: float) -> ModuleDifference:
    """Compare a link with the one of the second network as it would be in the first."""
    one, two = first.matrix, second.matrix
    gap, size = np.abs(one - two), np.maximum(first.terms, second.terms)
    relative = np.where(size > 0, gap / np.where(size > 0, size, 1.0), 0.0)
    found = ModuleDifference(
        first.name,
        int(((one != 0) | (two != 0)).sum()),
        int((relative > tolerance).sum()),
        float(gap.max()),
        float(relative.max()),
    )
    if not found.different:
        return found
    # Of weights that are there in one network only, all as different as can be, the largest is told.
    worst = np.unravel_index(int(np.lexsort((gap.ravel(), relative.ravel()))[-1]), gap.shape)
    row, column = (int(k) for k in worst)
    return replace(
        found,
        place=(row, column),
        other=(int(places[0][row]), int(places[1][column])),
        first=float(one[row, column]),
        second=float(two[row, column]),
    )


def _places(link: Link, found: Match) -> tuple[Places, Places]:
    """Where the rows and columns of the first network are in the second one."""
    rows, columns = link.matrix.shape
    return (
        np.arange(rows) if link.row is None else found.order[link.row],
        np.arange(columns) if link.column is None else found.order[link.column],
    )


def check_shapes(first: Network, second: Network) -> None:
    """Check that two networks are of one shape.

    Raises:
        MechgapError: if not; it says in what they differ.
    """
    if first.config == second.config:
        return
    fields = first.config.__dataclass_fields__
    given = [
        f"{name} ({_short(getattr(first.config, name))} and {_short(getattr(second.config, name))})"
        for name in fields
        if getattr(first.config, name) != getattr(second.config, name)
    ]
    raise MechgapError(
        "comparing networks",
        f"networks that differ in {'; '.join(given)}",
        "networks of one shape, with the same inputs, hints and outputs",
        "compare networks of the same program, compiled or trained with the same settings",
    )


def _short(value: object) -> str:
    text = f"{value}"
    return text if len(text) < 60 else f"{text[:58]} …"
