"""Families of graphs on which exactness is tried: made from a task's own sampler for any program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from ..errors import GraphError
from ..kinds.scalar import Scalar
from ..lang.location import PLACES, Location
from ..semantics.batch import Batch
from ..tasks.task import Task

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Seed = int | np.random.Generator

Build: TypeAlias = "Callable[[Task, Seed, int, int], Batch]"
Change: TypeAlias = "Callable[[Task, Batch], Batch]"

DEGREE = 3.0
"""Mean number of neighbours of sparse graphs."""
TRIED = (16, 16)
"""Nodes and graphs on which it is found out how a sampler reads its connectivity."""
SHORT = (6, 4)
"""Nodes and graphs on which it is found out what a task allows."""


@dataclass(frozen=True)
class Family:
    """A family of inputs.

    Attributes:
        name: in a word or two.
        build: draws inputs of a task from a seed, a number of nodes and a number of graphs.
        needs: locations of inputs that the family changes; without one it is the same as `sampled`.
        numbers: whether it changes only inputs that are numbers.
        density: whether it is about how many edges there are.
    """

    name: str
    build: Build
    needs: frozenset[Location] = frozenset()
    numbers: bool = False
    density: bool = False

    def fits(self, task: Task) -> bool:
        """Whether a task has inputs that this family is about, and allows such as it draws."""
        inputs = [v for v in task.program.inputs if not self.numbers or _is_free_number(v.name, v.kind)]
        if self.needs and not any(v.location in self.needs for v in inputs):
            return False
        if self.density and not _reads_density(task):
            return False
        try:
            task.check(self.build(task, 0, *SHORT))
        except GraphError:
            return False
        return True


def sparse_chance(task: Task, size: int, degree: float = DEGREE) -> float:
    """The connectivity p at which a node has about so many neighbours.

    Samplers read p in their own way (undirected graphs of CLRS have density p squared): how, is
    found out by drawing some graphs.
    """
    density = degree / max(size - 1, 1)
    return min(1.0, math.pow(density, 1.0 / _exponent(task)))


@cache
def _exponent(task: Task) -> float:
    """The power of p that is the density of a task's graphs, from 1 to 2."""
    import torch

    batch = task.sample(0, *TRIED, p=0.5)
    apart = ~torch.eye(batch.width, dtype=torch.bool)
    for _, value in _edges(task, batch):
        density = float((value[:, apart] != 0).float().mean())
        if 0.0 < density < 1.0:
            return min(max(math.log(density) / math.log(0.5), 1.0), 2.0)
    return 1.0


@cache
def _reads_density(task: Task) -> bool:
    """Whether the sampler of a task draws other inputs where there shall be more edges."""
    import torch

    few, many = (task.sample(0, *SHORT, p=p).values for p in (0.2, 1.0))
    return any(not torch.equal(few[name], many[name]) for name in few)


def _sampled(task: Task, seed: Seed, size: int, count: int) -> Batch:
    return task.sample(seed, size, count)


def _sparse(task: Task, seed: Seed, size: int, count: int) -> Batch:
    return task.sample(seed, size, count, p=sparse_chance(task, size))


def _complete(task: Task, seed: Seed, size: int, count: int) -> Batch:
    return task.sample(seed, size, count, p=1.0)


def _changed(change: Change) -> Build:
    def build(task: Task, seed: Seed, size: int, count: int) -> Batch:
        return change(task, task.sample(seed, size, count, p=max(0.5, sparse_chance(task, size))))

    return build


def _disconnected(task: Task, batch: Batch) -> Batch:
    """No edge between the first third of the nodes, the last node, and the others."""
    import torch

    index = torch.arange(batch.width)
    part = (index >= (batch.width + 2) // 3).int() + (index == batch.width - 1).int()
    joined = part[:, None] == part[None, :]
    return _with(
        batch, {n: v & joined if v.dtype == torch.bool else v * joined for n, v in _edges(task, batch)}
    )


def _all_loops(task: Task, batch: Batch) -> Batch:
    """A loop at every node; where edges have numbers, with the largest one that occurs."""
    import torch

    own = torch.eye(batch.width, dtype=torch.bool)
    return _with(
        batch,
        {
            n: v | own if v.dtype == torch.bool else torch.where(own, v.amax(), v)
            for n, v in _edges(task, batch)
        },
    )


def _no_loops(task: Task, batch: Batch) -> Batch:
    """No loop with a number; a mask that has all loops, as CLRS's, keeps them."""
    import torch

    own = torch.eye(batch.width, dtype=torch.bool)
    return _with(batch, {n: v.masked_fill(own, 0) for n, v in _edges(task, batch) if v.dtype != torch.bool})


def _equal(task: Task, batch: Batch) -> Batch:
    """All numbers that are not 0 are equal, so that there are as many ties as can be."""
    import torch

    changed = {}
    for variable in task.program.inputs:
        if _is_free_number(variable.name, variable.kind):
            value = batch.values[variable.name]
            changed[variable.name] = torch.where(value == 0, value, value.amax())
    return _with(batch, changed)


def _is_free_number(name: str, kind: object) -> bool:
    """Whether an input is a number that is not the node's position."""
    return isinstance(kind, Scalar) and name != "pos"


def _edges(task: Task, batch: Batch) -> list[tuple[str, Tensor]]:
    """The inputs at edges that are masks or numbers; 0 must be a number that they may have."""
    found = []
    for variable in task.program.inputs:
        kind = variable.kind
        zero = not isinstance(kind, Scalar) or kind.low <= 0 <= kind.high
        if variable.location is Location.EDGE and not kind.refers and kind.width == 1 and zero:
            found.append((variable.name, batch.values[variable.name]))
    return found


def _with(batch: Batch, changed: Mapping[str, Tensor]) -> Batch:
    return Batch({**batch.values, **changed}, batch.nodes)


_EDGE = frozenset({Location.EDGE})
FAMILIES = (
    Family("sampled", _sampled),
    Family("sparse", _sparse, density=True),
    Family("complete", _complete, density=True),
    Family("disconnected", _changed(_disconnected), _EDGE),
    Family("equal numbers", _changed(_equal), frozenset(PLACES), numbers=True),
    Family("all loops", _changed(_all_loops), _EDGE),
    Family("no loops", _changed(_no_loops), _EDGE, numbers=True),
)
