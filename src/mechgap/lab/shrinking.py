"""Makes a failing input smaller while it still fails: fewer nodes, fewer edges, simpler numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import torch

from ..kinds.mask import MaskOne
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.location import Location
from ..lang.program import Program
from ..semantics.batch import Batch

if TYPE_CHECKING:
    from torch import Tensor

Fails: TypeAlias = "Callable[[Batch], bool]"
"""Says whether a batch of one graph is allowed and still fails."""
Place = tuple[int, ...]
MOST_TRIES = 2000
"""So many inputs are tried at most; what is found by then is small, if not the smallest."""
POSITION = "pos"
"""The input that holds the position i / N of a node."""


class Shrinking:
    """A search for a small failing input, greedy and without chance: halves first, single parts last.

    Args:
        program: whose inputs they are.
        batch: one graph that fails.
        fails: whether another one does.
        tries: how many inputs are tried at most.

    Attributes:
        batch: the smallest input so far.
        tried: how many were tried.
    """

    def __init__(self, program: Program, batch: Batch, fails: Fails, tries: int = MOST_TRIES) -> None:
        self.program = program
        self.batch = _kept(program, batch, list(range(int(batch.sizes[0]))))
        self.tried = 0
        self._fails = fails
        self._limit = tries

    def run(self) -> Batch:
        """The smallest input that was found: nothing that can be left out or simplified alone is left."""
        before = None
        while before is not self.batch and self.tried < self._limit:
            before = self.batch
            self._reduce(self._nodes, self._without_nodes)
            self._try(_natural_positions(self.batch))
            self._reduce(lambda: _both_ways(self._edges()), self._without_edges)
            self._reduce(lambda: [[pair] for pair in self._edges()], self._without_edges)
            for variable in self.program.inputs:
                self._simplify(variable)
        return self.batch

    def _try(self, candidate: Batch | None) -> bool:
        """Take a candidate if it fails too."""
        if candidate is None or self.tried >= self._limit:
            return False
        self.tried += 1
        if not self._fails(candidate):
            return False
        self.batch = candidate
        return True

    def _reduce(
        self,
        parts: Callable[[], Sequence[Sequence[Place]]],
        without: Callable[[Sequence[Place]], Batch | None],
    ) -> None:
        """Leave out as many parts as can be: halves of them, then quarters, down to single ones."""
        share = max(1, len(parts()) // 2)
        while share:
            start = 0
            while start < len(found := parts()) and self.tried < self._limit:
                places = [place for part in found[start : start + share] for place in part]
                if not self._try(without(places)):
                    start += share
            share //= 2

    # ---- nodes

    def _nodes(self) -> list[list[Place]]:
        return [[(node,)] for node in range(self.batch.width)]

    def _without_nodes(self, places: Sequence[Place]) -> Batch | None:
        gone = {node for (node,) in places}
        left = [node for node in range(self.batch.width) if node not in gone]
        return _kept(self.program, self.batch, left) if left else None

    # ---- edges

    def _edges(self) -> list[Place]:
        """The pairs at which any input of edges is not zero."""
        found = torch.zeros(self.batch.width, self.batch.width, dtype=torch.bool)
        for variable in self._clearable():
            found |= self.batch.values[variable.name][0] != 0
        return [(int(i), int(j)) for i, j in found.nonzero()]

    def _without_edges(self, places: Sequence[Place]) -> Batch:
        changed = {}
        for variable in self._clearable():
            value = self.batch.values[variable.name].clone()
            for i, j in places:
                value[0, i, j] = 0
            changed[variable.name] = value
        return Batch({**self.batch.values, **changed}, self.batch.nodes)

    def _clearable(self) -> list[Variable]:
        """The inputs of edges that may be zero."""
        return [
            v
            for v in self.program.inputs
            if v.location is Location.EDGE
            and not v.kind.refers
            and (not isinstance(v.kind, Scalar) or v.kind.low <= 0 <= v.kind.high)
        ]

    # ---- values

    def _simplify(self, variable: Variable) -> None:
        """Make the values of an input simpler: zero (but for edges, which are left out), one, rounded."""
        kind = variable.kind
        if kind.refers or isinstance(kind, MaskOne) or variable.name == POSITION:
            return
        changes = [] if variable.location is Location.EDGE else [_to_zero]
        if isinstance(kind, Scalar):
            changes += [_to_one, _to_whole, _to_tenths]
        for change in changes:

            def parts(change: Change = change) -> list[list[Place]]:
                value = self.batch.values[variable.name][0]
                places = [tuple(map(int, p)) for p in (change(value) != value).nonzero()]
                return _both_ways(places) if variable.location is Location.EDGE else [[p] for p in places]

            def changed(places: Sequence[Place], change: Change = change) -> Batch:
                value = self.batch.values[variable.name].clone()
                simple = change(value)
                for place in places:
                    value[(0, *place)] = simple[(0, *place)]
                return Batch({**self.batch.values, variable.name: value}, self.batch.nodes)

            self._reduce(parts, changed)


Change: TypeAlias = "Callable[[Tensor], Tensor]"


def _to_zero(value: Tensor) -> Tensor:
    return torch.zeros_like(value)


def _to_one(value: Tensor) -> Tensor:
    return torch.where(value != 0, 1.0, value).to(value.dtype)


def _to_whole(value: Tensor) -> Tensor:
    return torch.where(value.abs() < 1, value, value.round())


def _to_tenths(value: Tensor) -> Tensor:
    tenths = (value * 10).round() / 10
    near = (value - tenths).abs() < 1e-6
    return torch.where((tenths == 0) | near, value, tenths)


def _both_ways(places: Sequence[Place]) -> list[list[Place]]:
    """Pairs, together with their opposites."""
    found: dict[Place, list[Place]] = {}
    for place in places:
        found.setdefault(tuple(sorted(place)), []).append(place)
    return list(found.values())


def _kept(program: Program, batch: Batch, nodes: list[int]) -> Batch:
    """The graph that some of the nodes span; what pointed to another node points to node 0 then."""
    index = torch.tensor(nodes)
    values = {}
    for variable in program.inputs:
        value = batch.values[variable.name]
        for axis in range(1, value.dim()):
            value = value.index_select(axis, index)
        if variable.kind.refers:
            place = torch.zeros(batch.width, dtype=torch.int64)
            place[index] = torch.arange(len(nodes))
            value = place[value.clamp(0, batch.width - 1)]
        if isinstance(variable.kind, MaskOne) and not bool(value.any()):
            value = value.clone()
            value[0, 0] = True
        values[variable.name] = value
    return Batch(values, torch.ones(1, len(nodes), dtype=torch.bool))


def _natural_positions(batch: Batch) -> Batch | None:
    """The graph with the positions that graphs of its size have; None if it has them, or needs none."""
    old = batch.values.get(POSITION)
    if old is None or old.shape != batch.nodes.shape:
        return None
    new = (torch.arange(batch.width, dtype=torch.float64) / batch.width).to(old.dtype)[None]
    return None if torch.equal(new, old) else Batch({**batch.values, POSITION: new}, batch.nodes)
