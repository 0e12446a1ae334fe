"""Finds which unit of one network is which unit of another, and by what number it is scaled."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from .assignment import assign
from .colouring import exact_order
from .links import Link, Matrix, Places, Wiring

WIDTH = 16
"""Numbers by which a unit is known."""
DEPTH = 12
"""From how far away, in links, units are told apart."""
SWEEPS = 8
"""How often units are matched again by the weights themselves, if they do not fit exactly."""
SCALINGS = 6
"""How often scales are fitted to those of the neighbours after they have reached every group."""
AGREE = 1e-6
"""Relative difference up to which two weights say the same of a scale."""
CONTRAST = 1e3

Order = Mapping[str, Places]
"""Group -> for each unit of the first network, the unit of the second."""
Scales = dict[str, Matrix]
"""Group -> a positive number for each unit."""


@dataclass(frozen=True)
class Match:
    """How the units of one network correspond to those of another.

    Attributes:
        order: group -> for each unit of the first network, the unit of the second.
        scales: group -> for each unit of the first network, its size over that of the unit of the second.
    """

    order: Order
    scales: Scales

    def moved(self, link: Link, matrix: Matrix) -> Matrix:
        """A matrix of a link of the second network as it would be in the first one."""
        found = _ordered(link, self.order, matrix)
        found = found * link.rows(self.scales)[:, None]
        return found if link.column is None else found / self.scales[link.column]


def match(first: Wiring, second: Wiring) -> Match:
    """Match the units of two wirings of equal shapes.

    Networks that are the same up to their symmetries are matched exactly. Else units are known by their
    weights, apart from their scale: by what they read and what reads them, up to ``DEPTH`` links away;
    and are then matched again by the weights themselves.
    """
    scaled = scaled_by(first, own_scales(first)), scaled_by(second, own_scales(second))
    order = exact_order(*scaled)
    if order is None:
        known = _fingerprints(scaled[0]), _fingerprints(scaled[1])
        costs = {group: _distances(known[0][group], known[1][group]) for group in first.groups}
        order = _order(first, costs.__getitem__, first.groups)
    together = _together(first)
    for sweep in range(SWEEPS):
        if _fits(scaled, order):
            break
        # There and back: what is settled at either end of a chain of layers then reaches the other one.
        for groups in together if sweep % 2 == 0 else reversed(together):
            order = {**order, **_order(first, partial(_weight_costs, scaled, order), groups)}
    return Match(order, _relative_scales(first, second, order))


def _fits(scaled: tuple[Wiring, Wiring], order: Order) -> bool:
    """Whether two scaled wirings are equal under a matching."""
    pairs = zip(scaled[0].links, scaled[1].links, strict=True)
    return all(np.allclose(a.matrix, _ordered(b, order), rtol=1e-6, atol=0.0) for a, b in pairs)


def _together(wiring: Wiring) -> list[list[str]]:
    """The groups, those with the same heads together."""
    found: dict[str, list[str]] = {}
    for name, group in wiring.groups.items():
        found.setdefault(group.heads, []).append(name)
    return list(found.values())


def _order(wiring: Wiring, costs: Callable[[str], Matrix], groups: Iterable[str]) -> Order:
    """The cheapest matching of the units of some groups; those of one attention head stay together."""
    chosen = {name: wiring.groups[name] for name in groups}
    cost = {name: costs(name) for name in chosen}
    heads: dict[str, Matrix] = {}
    for name, group in chosen.items():
        blocks = group.size // group.part
        if blocks > 1:
            parts = cost[name].reshape(blocks, group.part, blocks, group.part).swapaxes(1, 2)
            total = np.array([[_cheapest(block) for block in row] for row in parts])
            heads[group.heads] = heads.get(group.heads, 0.0) + total
    owner = {name: assign(total) for name, total in heads.items()}
    found = {}
    for name, group in chosen.items():
        order = np.empty(group.size, dtype=np.int64)
        for head in range(group.size // group.part):
            other = owner[group.heads][head] if group.heads in owner else head
            own, theirs = (slice(h * group.part, (h + 1) * group.part) for h in (head, other))
            order[own] = assign(cost[name][own, theirs]) + other * group.part
        found[name] = order
    return found


def _cheapest(cost: Matrix) -> float:
    return float(cost[np.arange(len(cost)), assign(cost)].sum())


# ---- scales


def own_scales(wiring: Wiring) -> Scales:
    """Sizes of the units by their weights: by what each reads of units whose size is known already.

    Networks that differ in the scale of their units only are equal when divided by them (``scaled_by``).
    """
    scales = {name: np.ones(group.size) for name, group in wiring.groups.items()}
    known = {name: np.full(group.size, not group.scalable) for name, group in wiring.groups.items()}
    for forward in (True, False):
        while True:
            total = {name: np.zeros(group.size) for name, group in wiring.groups.items()}
            for link in wiring.links:
                here, there = (link.row, link.column) if forward else (link.column, link.row)
                matrix = np.abs(link.matrix if forward else link.matrix.T)
                if here is None or (forward and link.inverse):
                    continue
                if there is not None:
                    size = scales[there] if forward else 1.0 / link.rows(scales)
                    matrix = matrix * np.where(known[there], size, 0.0)
                total[here] += matrix.sum(1)
            fresh = {name: ~known[name] & (total[name] > 0) for name in total}
            if not any(map(np.any, fresh.values())):
                break
            for name, units in fresh.items():
                scales[name][units] = total[name][units] if forward else 1.0 / total[name][units]
                known[name] |= units
    return scales


def scaled_by(wiring: Wiring, scales: Scales) -> Wiring:
    """The wiring with every unit divided by its size."""
    links = []
    for link in wiring.links:
        matrix = link.matrix
        matrix = matrix / link.rows(scales)[:, None]
        if link.column is not None:
            matrix = matrix * scales[link.column]
        links.append(replace(link, matrix=matrix))
    return Wiring(wiring.groups, tuple(links))


def _relative_scales(first: Wiring, second: Wiring, order: Order) -> Scales:
    """The sizes of matched units, first over second: what most of their weights say."""
    scales = {
        name: np.full(group.size, np.nan if group.scalable else 1.0) for name, group in first.groups.items()
    }
    ratios = [_ratio(a.matrix, _ordered(b, order)) for a, b in zip(first.links, second.links, strict=True)]
    for _ in range(SCALINGS + len(scales)):
        fresh = {}
        for name, group in first.groups.items():
            if group.scalable:
                said = [
                    told
                    for link, ratio in zip(first.links, ratios, strict=True)
                    for told in _said(name, link, ratio, scales)
                ]
                told = np.hstack(said) if said else np.full((group.size, 1), np.nan)
                fresh[name] = np.array([_most(row, own) for row, own in zip(told, scales[name], strict=True)])
        if all(np.array_equal(scales[name], value, equal_nan=True) for name, value in fresh.items()):
            break
        scales |= fresh
    return {name: np.where(np.isnan(value), 1.0, value) for name, value in scales.items()}


def _said(name: str, link: Link, ratio: Matrix, scales: Scales) -> Iterator[Matrix]:
    """What the weights of a link say of the sizes of a group, given those of the group at its other end."""
    if link.row == name and link.column != name:
        said = ratio * (1.0 if link.column is None else scales[link.column])
        yield 1.0 / said if link.inverse else said
    elif link.column == name and link.row != name:
        yield (link.rows(scales)[:, None] / ratio).T


def _most(said: Matrix, own: float) -> float:
    """The number that most of some numbers agree on; ``own`` if it is as good, or if there are none."""
    known = np.sort(said[~np.isnan(said)])
    if not len(known):
        return own
    ends = np.searchsorted(known, known * (1 + AGREE), side="right")
    counts = ends - np.arange(len(known))
    best = int(counts.argmax())
    near = int((np.abs(known - own) <= own * AGREE).sum()) if own == own else 0
    return own if near == counts[best] else float(known[best + (counts[best] - 1) // 2])


def _ratio(first: Matrix, second: Matrix) -> Matrix:
    """first / second where both are there and have one sign, else not a number."""
    both = first * second > 0
    return np.where(both, first / np.where(both, second, 1.0), np.nan)


# ---- what units are known by


def _fingerprints(wiring: Wiring) -> dict[str, Matrix]:
    """Numbers by which each unit is known, the same for any order of the units."""
    links = [(link, _contrast(link.matrix)) for link in wiring.links]
    state = {name: np.ones((group.size, WIDTH)) for name, group in wiring.groups.items()}
    seen: dict[str, list[Matrix]] = {name: [] for name in wiring.groups}
    for _ in range(DEPTH):
        total = {name: np.zeros_like(value) for name, value in state.items()}
        for link, weights in links:
            rows = _anchors(link.name, 0, len(weights)) if link.row is None else state[link.row]
            columns = _anchors(link.name, 1, weights.shape[1]) if link.column is None else state[link.column]
            for name, part, across in ((link.row, weights, columns), (link.column, weights.T, rows)):
                if name is not None:
                    way = _anchors(link.name, 2 + (part is weights), WIDTH)
                    total[name] += np.arcsinh(part @ across + np.abs(part) @ np.cos(across)) @ way
        state = {name: np.arcsinh(value) for name, value in total.items()}
        for name, value in state.items():
            seen[name].append(value)
    return {name: np.hstack(parts) for name, parts in seen.items()}


def _contrast(matrix: Matrix) -> Matrix:
    """Weights on a scale on which small and large ones both count."""
    return np.sign(matrix) * np.log1p(CONTRAST * np.abs(matrix))


@cache
def _anchors(name: str, part: int, count: int) -> Matrix:
    """Fixed random vectors that belong to a name."""
    random = np.random.default_rng((zlib.crc32(name.encode()), part))
    found: Matrix = random.standard_normal((count, WIDTH)) / np.sqrt(WIDTH)
    return found


def _distances(first: Matrix, second: Matrix) -> Matrix:
    """[n, n], how far two sets of rows are apart."""
    found = np.zeros((len(first), len(second)))
    for row in range(len(first)):
        found[row] = np.abs(first[row] - second).sum(1)
    return found


def _weight_costs(scaled: tuple[Wiring, Wiring], order: Order, group: str) -> Matrix:
    """How much the weights of units differ if all other groups are matched as they are now."""
    first, second = scaled
    size = first.groups[group].size
    found = np.zeros((size, size))
    for a, b in zip(first.links, second.links, strict=True):
        if a.row == group:
            columns = b.matrix if b.column is None else b.matrix[:, order[b.column]]
            found += _distances(_contrast(a.matrix), _contrast(columns))
        if a.column == group:
            rows = b.matrix if b.row is None else b.matrix[order[b.row]]
            found += _distances(_contrast(a.matrix.T), _contrast(rows.T))
    return found


def _ordered(link: Link, order: Order, matrix: Matrix | None = None) -> Matrix:
    """The weights of a link of the second network with its units in the order of the first one."""
    matrix = link.matrix if matrix is None else matrix
    found = matrix if link.row is None else matrix[order[link.row]]
    return found if link.column is None else found[:, order[link.column]]
