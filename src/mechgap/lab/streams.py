"""Endless fresh traces of a task: data to learn from that never repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import GraphError
from ..semantics.interpreter import interpret
from ..semantics.memory import keep_freed_memory
from ..tasks.catalogue import load
from ..tasks.samplers.positions import random_positions
from ..tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

    from ..semantics.batch import Batch
    from ..semantics.trace import Trace

TRAINING, VALIDATION, EXPORT = 0, 1, 2
"""Streams of random numbers that never meet."""


@dataclass(frozen=True)
class Distribution:
    """A distribution of inputs of a task.

    Attributes:
        task: the task.
        p: connectivity of graphs; of several each graph draws one. By default the benchmark's.
        random_pos: whether the input ``pos`` is sorted random numbers and not i / N.
    """

    task: Task
    p: float | Sequence[float] | None = None
    random_pos: bool = False

    def draw(self, rng: np.random.Generator, size: int, count: int) -> Batch:
        """Draw inputs of ``count`` graphs of ``size`` nodes.

        Raises:
            GraphError: if there are none of that size, or if positions are wanted where there are none.
        """
        batch = self.task.sample(rng, size, count, p=self.p)
        return random_positions(batch, rng) if self.random_pos else batch


class Stream(Iterator["Trace"]):
    """An endless stream of traces; each is a function of the seed and its number alone.

    Attributes:
        step: the number of the trace that comes next, from 0.

    Args:
        source: from what inputs are drawn.
        sizes: numbers of nodes, in turn.
        batch: graphs of a trace.
        seed: of everything that is drawn.
        selections: whether traces have admissible sets and active flags.
    """

    def __init__(
        self, source: Distribution, sizes: Sequence[int], batch: int, seed: int, selections: bool = False
    ) -> None:
        if not sizes or min(sizes) < 1 or batch < 1 or seed < 0:
            raise GraphError(
                f"a stream of traces of {source.task.name}",
                f"sizes = {list(sizes)}, batch = {batch}, seed = {seed}",
                "one or more sizes, each at least 1; a batch of at least 1; a seed of at least 0",
                "correct the numbers",
            )
        keep_freed_memory()
        self.step = 0
        self._source = source
        self._sizes = tuple(sizes)
        self._batch = batch
        self._seed = seed
        self._selections = selections

    def __next__(self) -> Trace:
        """The next trace; there always is one."""
        self.step += 1
        return self.at(self.step - 1)

    def at(self, step: int) -> Trace:
        """The trace with that number."""
        import numpy as np

        rng = np.random.default_rng((self._seed, TRAINING, step))
        batch = self._source.draw(rng, self._sizes[step % len(self._sizes)], self._batch)
        return interpret(self._source.task.program, batch, selections=self._selections)


def traces(
    task: Task | str,
    *,
    sizes: Sequence[int] = (4, 7, 11, 13, 16),
    batch: int = 32,
    seed: int = 0,
    p: float | Sequence[float] | None = None,
    random_pos: bool = False,
) -> Stream:
    """An endless stream of fresh traces of a task.

    Args:
        task: a task, or its name as for ``load_task``.
        sizes: numbers of nodes; step k draws graphs of the k-th, in turn.
        batch: graphs of a step.
        seed: of everything that is drawn; ``mechgap train`` with that seed learns from the same traces.
        p: connectivity of graphs; of several each graph draws one. By default the benchmark's.
        random_pos: whether the input ``pos`` is sorted random numbers, as CLRS trains with, and not i / N.

    Returns:
        An iterator over traces, each made when it is asked for. ``stream.at(k)`` is the k-th, made
        without those before it; ``stream.step`` is the number of the next one, and can be set.

    Raises:
        NotFoundError: if there is no task of that name.
        GraphError: if there are no such graphs.
    """
    found = load(task) if isinstance(task, str) else task
    return Stream(Distribution(found, p, random_pos), sizes, batch, seed)
