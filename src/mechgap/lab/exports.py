"""Data sets of any task, drawn by its own sampler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dataset import Job
from .streams import EXPORT, Distribution

if TYPE_CHECKING:
    from ..semantics.batch import Batch

RUNS = 1024
"""Most runs that are drawn together."""
VALUES = 2**22
"""Most values of an input of all runs that are drawn together, at least those of one run."""


@dataclass(frozen=True)
class Order:
    """What is drawn.

    Runs are drawn in draws of some, each from a seed of its own, so that the files of a folder can be
    made one without the other.

    Attributes:
        source: from what inputs are drawn.
        seed: of everything.
        count: runs of each size.
        sizes: numbers of nodes.
        shard: most runs in a file of a folder, rounded to whole draws; by default those of one draw.
    """

    source: Distribution
    seed: int = 0
    count: int = 1000
    sizes: Sequence[int] = (16,)
    shard: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What decides what is drawn, beside the sizes, as plain data."""
        p = self.source.p
        return {
            "task": self.source.task.name,
            "seed": self.seed,
            "count": self.count,
            "p": p if p is None or isinstance(p, float) else list(p),
            "random_pos": self.source.random_pos,
            "shard": self.shard,
        }

    def runs(self, size: int) -> int:
        """The runs of a draw of graphs of that size."""
        rank = max((port.location.rank for port in self.source.task.program.interface.inputs), default=1)
        values: int = size**rank
        return max(1, min(RUNS, VALUES // values))


def file_job(order: Order, name: str) -> Job:
    """One file of all runs, which have the first of the sizes."""
    size = order.sizes[0]
    return _job(order, name, size, range(0, order.count, order.runs(size)), order.count)


def folder_jobs(order: Order, suffix: str) -> list[Job]:
    """Files ``TASK-nN.SUFFIX``, with numbers if there are several of a size."""
    jobs, task = [], order.source.task.name
    for size in dict.fromkeys(order.sizes):
        runs = order.runs(size)
        share = max(runs, (order.shard or 0) // runs * runs)
        firsts = range(0, order.count, share)
        for number, first in enumerate(firsts, start=1):
            part = f"-{number:05}-of-{len(firsts):05}" if len(firsts) > 1 else ""
            last = min(first + share, order.count)
            jobs.append(_job(order, f"{task}-n{size}{part}.{suffix}", size, range(first, last, runs), last))
    return jobs


def _job(order: Order, name: str, size: int, firsts: range, last: int) -> Job:
    """A file of the draws that begin with the given runs, up to a last one."""

    def draw() -> Iterator[Batch]:
        import numpy as np

        for first in firsts:
            rng = np.random.default_rng((order.seed, EXPORT, size, first // firsts.step))
            yield order.source.draw(rng, size, min(firsts.step, last - first))

    return Job(name, order.source.task, order.seed, size, last - firsts.start, draw)
