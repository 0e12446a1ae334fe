"""A task: a program, the distribution of its inputs, and what counts as a right answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..lang.program import Program

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from ..semantics.batch import Batch


class Sampler(Protocol):
    """Draws inputs."""

    def __call__(
        self,
        seed: int | np.random.Generator,
        size: int,
        count: int,
        *,
        p: float | Sequence[float] = 0.5,
    ) -> Batch:
        """Draw ``count`` graphs of ``size`` nodes.

        Args:
            seed: a seed, or a generator to draw from; equal seeds give equal batches.
            size: number of nodes of each graph.
            count: number of graphs.
            p: connectivity; one number, or several of which each graph draws one (as CLRS does).
        """
        ...


class Valid(Protocol):
    """Says which nodes have a right answer."""

    def __call__(self, outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """[B, N] bool: true at the nodes whose outputs are part of some right answer; false at padding."""
        ...


@dataclass(frozen=True)
class Task:
    """A program with the inputs that it is tried on.

    Attributes:
        program: what to compute.
        sample: draws inputs.
        valid: says which nodes have a right answer, where several answers are right; if it is None,
            only the program's own outputs are right.
    """

    program: Program
    sample: Sampler
    valid: Valid | None = None

    @property
    def name(self) -> str:
        """The name of the program."""
        return self.program.name
