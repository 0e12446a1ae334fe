"""A task: a program, the distribution of its inputs, and what counts as a right answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from ..errors import GraphError
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
        p: float | Sequence[float] | None = None,
    ) -> Batch:
        """Draw ``count`` inputs of ``size`` nodes.

        Args:
            seed: a seed, or a generator to draw from; equal seeds give equal batches.
            size: number of nodes of each graph.
            count: number of graphs.
            p: connectivity; one number, or several of which each graph draws one (as CLRS does). By
                default that of the benchmark. Samplers of inputs without edges ignore it.
        """
        ...


class Valid(Protocol):
    """Says which nodes have a right answer."""

    def __call__(self, outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """[B, N] bool: true at the nodes whose outputs are part of some right answer; false at padding."""
        ...


@dataclass(frozen=True)
class Requirement:
    """Something that the inputs of a task must satisfy, beyond what its variables declare.

    Attributes:
        holds: says of a batch which graphs satisfy it, [B] bool.
        given, expected, remedy: what to say of a graph that does not.
    """

    holds: Callable[[Batch], Tensor]
    given: str
    expected: str
    remedy: str


class Complexity(Enum):
    """How well the problem that a program solves can be parallelised.

    NC: polylogarithmic time on polynomially many processors.
    P_COMPLETE: the answer that the program gives (a lexicographically first one, say) is complete
        for P under NC reductions: inherently sequential unless NC = P.
    OPEN: neither is known.
    """

    NC = "NC"
    P_COMPLETE = "P-complete"
    OPEN = "open"


@dataclass(frozen=True)
class About:
    """What is known of a task.

    Attributes:
        family: the kind of problem: sorting, searching, greedy, dynamic programming, graphs, strings
            or geometry.
        source: where the algorithm comes from: authors and year.
        complexity: of the problem, not of the program.
        reference: who showed the complexity: authors, year and what they showed.
        steps: the number of frames of a run as a function of n, in words or as a formula.
    """

    family: str
    source: str
    complexity: Complexity
    reference: str
    steps: str


@dataclass(frozen=True)
class Task:
    """A program with the inputs that it is tried on.

    Attributes:
        program: what to compute.
        sample: draws inputs.
        valid: says which nodes have a right answer, where several answers are right; if it is None,
            only the program's own outputs are right.
        about: what is known of it; a task of a user may go without.
        requires: what its inputs must satisfy, beyond what the variables declare.
    """

    program: Program
    sample: Sampler
    valid: Valid | None = None
    about: About | None = None
    requires: tuple[Requirement, ...] = ()

    @property
    def name(self) -> str:
        """The name of the program."""
        return self.program.name

    def check(self, batch: Batch) -> None:
        """Check inputs before they are run: what the variables declare, and what the task requires.

        Raises:
            GraphError: if anything does not fit; it says which graph of the batch.
        """
        from ..semantics.inputs import check_batch

        check_batch(self.program, batch)
        for requirement in self.requires:
            wrong = (~requirement.holds(batch)).nonzero()
            if len(wrong):
                raise GraphError(
                    f"task {self.name}, graph {int(wrong[0])}",
                    requirement.given,
                    requirement.expected,
                    requirement.remedy,
                )
