"""Inputs for programs that come without a sampler."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kinds.categorical import Categorical
from ..kinds.kind import AbstractKind
from ..kinds.mask import Mask, MaskOne
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.location import Location
from ..lang.program import Program
from .samplers.draws import generator
from .samplers.graphs import (
    WEIGHT_FLOOR,
    graph_batch,
    random_graphs,
    random_sources,
    random_weights,
)
from .task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..semantics.batch import Batch

    Shape = tuple[int, ...]
    Draw = Callable[[np.random.Generator, Any, Shape, int, float], NDArray[Any]]


def default_task(program: Program) -> Task:
    """A task of a program alone: inputs drawn by their names and kinds, its own outputs the right ones."""
    return Task(program, DefaultSampler(program))


@dataclass(frozen=True)
class DefaultSampler:
    """Draws inputs by name and kind.

    The edge mask ``adj`` is a random undirected graph with all loops, the edge scalar ``A`` its
    weights (CLRS's if their range is declared possible), the node scalar ``pos`` is i / N, and every
    mask_one a random node. Other inputs are drawn for every place alone: numbers uniformly from
    [low, low + 1] (whole ones from [low, low + N]) within their range, masks with chance p, pointers
    and categories uniformly.

    Attributes:
        program: whose inputs are drawn.
    """

    program: Program

    def __call__(
        self,
        seed: int | np.random.Generator,
        size: int,
        count: int,
        *,
        p: float | Sequence[float] | None = None,
    ) -> Batch:
        """Draw ``count`` graphs of ``size`` nodes; see ``Sampler``."""
        import numpy as np
        import torch

        from ..semantics.batch import Batch

        rng, p = generator(seed, size, count), 0.5 if p is None else p
        chance = float(np.mean(p))
        drawn = random_graphs(rng, size, count, p, directed=False)
        standard = graph_batch(drawn * random_weights(rng, size, count, directed=False))
        values = {}
        for variable in self.program.inputs:
            if _is_standard(variable):
                values[variable.name] = standard.values[variable.name]
                continue
            shape = (count, *[size] * variable.location.rank)
            array = _DRAWS[type(variable.kind)](rng, variable.kind, shape, size, chance)
            tensor = torch.from_numpy(array)
            values[variable.name] = tensor.float() if tensor.is_floating_point() else tensor
        return Batch(values, standard.nodes)


def _is_standard(variable: Variable) -> bool:
    """Whether an input is one of those that a graph gives."""
    kind, place = variable.kind, (variable.name, variable.location)
    if place == ("adj", Location.EDGE):
        return isinstance(kind, Mask)
    if not isinstance(kind, Scalar) or kind.whole or kind.unit != 1.0 or kind.low > 0:
        return False
    if place == ("A", Location.EDGE):
        return kind.high >= math.sqrt(1 + WEIGHT_FLOOR)
    return place == ("pos", Location.NODE) and kind.high >= 1


def _draw_scalar(
    rng: np.random.Generator, kind: Scalar, shape: Shape, size: int, chance: float
) -> NDArray[np.float64]:
    import numpy as np

    span = size if kind.whole else 1
    low = kind.low if math.isfinite(kind.low) else min(0.0, kind.high - span)
    high = min(kind.high, low + span)
    if kind.whole:
        counts = rng.integers(math.ceil(low), math.floor(high), size=shape, endpoint=True)
        return np.asarray(counts * kind.unit, dtype=np.float64)
    return np.asarray(rng.uniform(low, high, shape), dtype=np.float64)


def _draw_mask(
    rng: np.random.Generator, kind: Mask, shape: Shape, size: int, chance: float
) -> NDArray[np.bool_]:
    return rng.random(shape) < chance


def _draw_mask_one(
    rng: np.random.Generator, kind: MaskOne, shape: Shape, size: int, chance: float
) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray(np.arange(size) == random_sources(rng, size, shape[0])[:, None])


def _draw_pointer(
    rng: np.random.Generator, kind: Pointer, shape: Shape, size: int, chance: float
) -> NDArray[np.int64]:
    return rng.integers(size, size=shape)


def _draw_categorical(
    rng: np.random.Generator, kind: Categorical, shape: Shape, size: int, chance: float
) -> NDArray[np.int64]:
    return rng.integers(len(kind.categories), size=shape)


_DRAWS: dict[type[AbstractKind], Draw] = {
    Scalar: _draw_scalar,
    Mask: _draw_mask,
    MaskOne: _draw_mask_one,
    Pointer: _draw_pointer,
    Categorical: _draw_categorical,
}
