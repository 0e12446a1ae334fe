"""What is measured of a task for its page: frames, work, depth, parallelism."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..semantics.dependence import Dependence
    from ..tasks.task import Task

SIZES = (4, 16, 64)
TYPICAL = 16
"""Number of nodes for which the index of tasks and the tables of variables state depths."""
RUNS, FEW = 32, 4
"""Runs that are measured; runs whose depth is found if there are more nodes than ``TYPICAL``."""


@dataclass(frozen=True)
class Measured:
    """Means over runs on graphs of one size, and extremes of the frames.

    Attributes:
        nodes: number of nodes of the graphs, which some samplers fix themselves.
        least, mean, most: number of frames.
        work, depth, output_depth, parallelism: see ``mechgap.semantics.dependence``.
        variables: name of a state variable -> the largest depth of its cells in the last frame.
    """

    nodes: int
    least: int
    mean: float
    most: int
    work: float
    depth: float
    output_depth: float
    parallelism: float
    variables: Mapping[str, float]


def measured(task: Task, size: int) -> Measured:
    """Run a task on its own inputs, always the same, and measure the runs.

    Args:
        task: what to run.
        size: number of nodes.

    Raises:
        MechgapError: if the task cannot be run.
    """
    from ..semantics.dependence import dependence
    from ..semantics.interpreter import interpret

    batch = task.sample(0, size, RUNS)
    lengths = interpret(task.program, batch).lengths.tolist()
    followed = FEW if size > TYPICAL else RUNS
    found = dependence(task.program, batch.part(0, followed))
    return Measured(
        batch.width,
        min(lengths),
        fmean(lengths),
        max(lengths),
        *_means(found),
        {name: fmean(depth.tolist()) for name, depth in found.variables.items()},
    )


def _means(found: Dependence) -> tuple[float, float, float, float]:
    """Work, depth, depth of the outputs and parallelism."""
    kinds = (found.work, found.depth, found.output_depth, found.parallelism.double())
    work, depth, output, parallelism = (fmean(values.tolist()) for values in kinds)
    return work, depth, output, parallelism


def measurements(task: Task) -> list[Measured]:
    """The measurements of a task for every size; one only if its inputs have one size."""
    found: list[Measured] = []
    for size in SIZES:
        made = measured(task, size)
        if made.nodes not in [known.nodes for known in found]:
            found.append(made)
    return found
