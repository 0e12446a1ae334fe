"""Matches the units of equal networks, by colours that are refined until each unit has its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .links import Link, Places, Wiring

DIGITS = 6
"""Decimals of a logarithm (to base 2) that two weights share if they are the same."""

Unit = tuple[str, int]
Colours = dict[Unit, int]
Reads = dict[Unit, list[tuple[int, Unit | None]]]
"""What touches each unit: the kind of a weight as a number, and the unit at its other end."""


@dataclass(frozen=True)
class _Side:
    """One of the two networks.

    Attributes:
        reads: of every unit that has weights.
        heads: the units of each attention head, where there are several.
        colours: of every unit that has weights.
    """

    reads: Reads
    heads: dict[tuple[str, int], list[Unit]]
    colours: Colours


def exact_order(first: Wiring, second: Wiring) -> Mapping[str, Places] | None:
    """For each unit of one network the unit of the other that does the same; None if they are not the same.

    Units get the colour of what they read and are read by, again and again (Weisfeiler and Leman, 1968). If
    several have one colour in the end, two of them are taken for the same, and it goes on.

    Args:
        first, second: of equal shapes, all units divided by their sizes.
    """
    kinds: dict[tuple[object, ...], int] = {}
    sides = tuple(_side(wiring, kinds) for wiring in (first, second))
    while True:
        if not _refined(sides):
            return None
        counts = Counter(sides[0].colours.values())
        shared = next((unit for unit, colour in sides[0].colours.items() if counts[colour] > 1), None)
        if shared is None:
            return _order(first, sides)
        colour, own = sides[0].colours[shared], len(counts) + 1
        twin = next(unit for unit, other in sides[1].colours.items() if other == colour)
        sides[0].colours[shared] = sides[1].colours[twin] = own


def _side(wiring: Wiring, kinds: dict[tuple[object, ...], int]) -> _Side:
    reads: Reads = {}
    for number, link in enumerate(wiring.links):
        for (i, j), weight in _weights(link):
            row = None if link.row is None else (link.row, i)
            column = None if link.column is None else (link.column, j)
            for way, here, there, place in ((0, row, column, j), (1, column, row, i)):
                if here is not None:
                    key = (number, way, weight, place if there is None else None)
                    reads.setdefault(here, []).append((kinds.setdefault(key, len(kinds)), there))
    heads: dict[tuple[str, int], list[Unit]] = {}
    for name, group in wiring.groups.items():
        if group.part < group.size:
            for unit in range(group.size):
                if (name, unit) in reads:
                    heads.setdefault((group.heads, unit // group.part), []).append((name, unit))
    names = {name: k for k, name in enumerate(wiring.groups)}
    return _Side(reads, heads, {unit: names[unit[0]] for unit in reads})


def _weights(link: Link) -> list[tuple[tuple[int, int], tuple[bool, float]]]:
    """The weights that are not zero: where, whether positive, and how large."""
    rows, columns = link.matrix.nonzero()
    values = link.matrix[rows, columns]
    sizes = np.log2(np.abs(values)).round(DIGITS) + 0.0
    return [
        ((i, j), (bool(value > 0), float(size)))
        for i, j, value, size in zip(rows.tolist(), columns.tolist(), values, sizes, strict=True)
    ]


def _refined(sides: tuple[_Side, ...]) -> bool:
    """Refine the colours of both networks together; False if they then have different ones."""
    count = 0
    while True:
        names: dict[tuple[object, ...], int] = {}
        for side in sides:
            new = _next(side, names)
            side.colours.clear()
            side.colours.update(new)
        if Counter(sides[0].colours.values()) != Counter(sides[1].colours.values()):
            return False
        if len(names) == count:
            return True
        count = len(names)


def _next(side: _Side, names: dict[tuple[object, ...], int]) -> Colours:
    colours = side.colours
    together: dict[Unit, tuple[int, ...]] = {}
    for units in side.heads.values():
        shared = tuple(sorted(colours[unit] for unit in units))
        together.update(dict.fromkeys(units, shared))
    found = {}
    for unit, touching in side.reads.items():
        around = sorted((kind, -1 if other is None else colours[other]) for kind, other in touching)
        key = (colours[unit], together.get(unit), tuple(around))
        found[unit] = names.setdefault(key, len(names))
    return found


def _order(wiring: Wiring, sides: tuple[_Side, ...]) -> Mapping[str, Places] | None:
    """The order that colours give, each unit having its own; units without weights take what is left."""
    place = {colour: unit for unit, colour in sides[1].colours.items()}
    heads: dict[tuple[str, int], int] = {}
    for head, units in sides[0].heads.items():
        other = place[sides[0].colours[units[0]]]
        heads[head] = other[1] // wiring.groups[other[0]].part
    found = {}
    for name, group in wiring.groups.items():
        order = np.full(group.size, -1)
        for unit in range(group.size):
            if (name, unit) in sides[0].colours:
                order[unit] = place[sides[0].colours[name, unit]][1]
        for block in range(group.size // group.part):
            own = slice(block * group.part, (block + 1) * group.part)
            free = set(range(group.size)) - set(order.tolist())
            if (group.heads, block) in heads:
                start = heads[group.heads, block] * group.part
                free &= set(range(start, start + group.part))
            idle = np.flatnonzero(order[own] < 0) + own.start
            order[idle] = sorted(free)[: len(idle)]
        if sorted(order.tolist()) != list(range(group.size)):
            return None
        found[name] = order
    return found
