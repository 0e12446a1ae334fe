"""Scopes: sets of places at which expressions are evaluated, and the values found there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from ..lang.location import Location

if TYPE_CHECKING:
    from ..lang.expression import Expression

Ends: TypeAlias = "tuple[Tensor | None, ...]"
"""One node for each graph or place, or None for every node, at each end of a place."""

_LOCATIONS = (Location.GRAPH, Location.NODE, Location.EDGE, Location.TRIPLE)


class Scope:
    """Places of one location: which graphs, and at each end of a place which nodes.

    Values in a scope are [K] for K graphs (or single places), then one axis, of length N or 1, for
    each end that is *swept*, that is, takes every node. Ends are those of the location: the node; sender and
    receiver; middle, sender and receiver. Everywhere means every graph and every end swept; a read
    at a pointer is a scope with one node for each graph.

    Args:
        rows: [K] indices of graphs of the batch; None for all of them in order.
        ends: for each end of a place [K] indices of nodes, or None if it is swept.
    """

    def __init__(self, rows: Tensor | None, ends: Ends) -> None:
        self.rows = rows
        self.ends = ends
        self.swept = sum(end is None for end in ends)
        self.values: dict[Expression, Tensor] = {}
        self._below: dict[object, Scope] = {}

    @property
    def location(self) -> Location:
        """The location whose places these are."""
        return _LOCATIONS[len(self.ends)]

    @property
    def everywhere(self) -> bool:
        """Whether these are all places of all graphs."""
        return self.rows is None and self.swept == len(self.ends)

    def derived(self, key: object, make: Callable[[], Scope]) -> Scope:
        """A scope that belongs to this one, made once for each key."""
        if key not in self._below:
            self._below[key] = make()
        return self._below[key]

    def axes(self, value: Tensor, kept: tuple[int, ...]) -> Tensor:
        """A value whose axes are those of the swept ends among ``kept``, with all axes of this scope."""
        if value.dim() == 0 or self.swept == 0:
            return value
        shape, position = [value.shape[0]], 1
        for end, node in enumerate(self.ends):
            if node is not None:
                continue
            if end in kept:
                shape.append(value.shape[position])
                position += 1
            else:
                shape.append(1)
        return value.reshape(shape)

    def among(self, index: tuple[Tensor, ...]) -> Scope:
        """The single places, or the graphs, that an index into values of this scope names.

        Args:
            index: [P] indices of the first axis, then of every swept end; or of the first axis only.
        """
        rows = index[0] if self.rows is None else self.rows[index[0]]
        swept = iter(index[1:])
        ends: list[Tensor | None] = []
        for end in self.ends:
            if end is not None:
                ends.append(end[index[0]])
            else:
                ends.append(next(swept) if len(index) > 1 else None)
        return Scope(rows, tuple(ends))


def flat_index(rows: Tensor, ends: tuple[Tensor, ...], width: int) -> Tensor:
    """[K], the positions of the places in values laid out as [B, width, …].

    Args:
        rows: [K] indices of graphs.
        ends: [K] each, indices of nodes.
        width: number of rows for nodes.
    """
    flat = rows
    for end in ends:
        flat = torch.add(end, flat, alpha=width)
    return flat
