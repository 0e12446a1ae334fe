"""The data sets of the CLRS benchmark: its official splits, and what its samplers give for a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..interop.clrs import clrs_batch
from ..tasks.catalogue import load
from ..tasks.samplers.clrs.inputs import clrs_dataset, clrs_inputs
from ..tasks.samplers.clrs.splits import clrs_split, split_of
from ..tasks.task import Task
from .dataset import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..semantics.batch import Batch

    Arrays = Callable[[], dict[str, NDArray[Any]]]

COUNTS = {4: 16, 16: 32, 64: 4}
"""Sizes, and how many samples of each, of the recorded traces that programs are compared with."""
OTHER_COUNT = 32
"""Samples of any other size."""


def split_jobs(tasks: Sequence[str], split: str) -> list[Job]:
    """The files of an official set, ``TASK-nN.npz``.

    Args:
        tasks: names of tasks of the benchmark.
        split: ``train``, ``val`` or ``test``.

    Raises:
        NotFoundError: if there is no such task or set.
    """
    jobs = []
    for name in dict.fromkeys(tasks):
        found, arrays = split_of(name, split), partial(clrs_split, name, split)
        jobs.append(_job(load(name), arrays, found.seed, found.size, found.count))
    return jobs


def seed_jobs(
    tasks: Sequence[str], seed: int, sizes: Sequence[int] = (), count: int | None = None
) -> list[Job]:
    """The files of what the benchmark's samplers give for a seed, ``TASK-nN.npz``.

    Args:
        tasks: names of tasks of the benchmark.
        seed: of the samplers.
        sizes: lengths of samples; by default those of ``COUNTS``.
        count: samples in a file; by default as many as ``COUNTS`` says.

    Raises:
        NotFoundError: if there is no such task.
        GraphError: if a task has no samples of such a size or seed.
    """
    jobs = []
    for name in dict.fromkeys(tasks):
        for size in dict.fromkeys(sizes or COUNTS):
            clrs_inputs(name, seed, 1, size)  # says before any work if there are none
            number = count or COUNTS.get(size, OTHER_COUNT)
            job = _job(load(name), partial(clrs_inputs, name, seed, number, size), seed, size, number)
            left = partial(left_out, name, seed, number, size)
            jobs.append(replace(job, beside=partial(_batches, job.task, left)))
    return jobs


def left_out(task: str, seed: int, count: int, length: int) -> dict[str, NDArray[Any]]:
    """The samples that ``clrs_inputs`` draws and does not give, in order; there may be none.

    The benchmark runs them all, and makes hints as long as the longest of these runs.

    Args:
        task, seed, count, length: as for ``clrs_inputs``.
    """
    import numpy as np

    state = np.random.RandomState(seed)
    drawn = clrs_dataset(task, state, count, length)
    others = np.setdiff1d(np.arange(count), state.choice(count, count))
    return {name: array[others] for name, array in drawn.items()}


def _job(task: Task, arrays: Arrays, seed: int, size: int, count: int) -> Job:
    return Job(f"{task.name}-n{size}.npz", task, seed, size, count, partial(_batches, task, arrays))


def _batches(task: Task, arrays: Arrays) -> Iterator[Batch]:
    found = arrays()
    if all(len(array) for array in found.values()):
        yield clrs_batch(task.program, found)
