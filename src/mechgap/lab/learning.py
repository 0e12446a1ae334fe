"""Trains a network on a task: endless fresh traces of its program, and a validation on held-out graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..measures.admissible import admissible_answers
from ..measures.behaviour import behaviour
from ..measures.subject import NetworkSubject
from ..semantics.interpreter import interpret
from ..tasks.task import Task
from ..training.checkpoint import resume
from ..training.loop import Company, Source, train
from ..training.run import Run
from ..training.settings import TrainingSettings
from .families import sparse_chance
from .streams import VALIDATION, Distribution, Stream

if TYPE_CHECKING:
    from ..nets.network import Network
    from ..semantics.trace import Trace

HELD_OUT = 64
"""Graphs of the validation."""


def learn(
    task: Task,
    settings: TrainingSettings,
    checkpoint: Path,
    *,
    going_on: bool = True,
    watch: Callable[[int, int, str], None] | None = None,
) -> Run:
    """Train a network, or go on with training where a checkpoint left it.

    Args:
        task: what to learn.
        settings: how.
        checkpoint: the file that is written on the way and at the end.
        going_on: whether to go on from the checkpoint if there is one.
        watch: told about progress, in the place of a progress bar in the terminal.

    Returns:
        The run; ``run.done`` is false if it was interrupted.

    Raises:
        CheckpointError: if the checkpoint is of another run.
        TrainingError: if the loss is no number any more.
    """
    run = Run.start(task.program.interface, settings)
    if going_on and checkpoint.exists():
        run = resume(checkpoint, run)
    if not run.done:
        source = _watched(traces(task, settings), run, watch) if watch else traces(task, settings)
        show = False if watch else None
        train(run, source, Company(validation(task, settings), checkpoint, show))
    return run


def traces(task: Task, settings: TrainingSettings) -> Source:
    """Fresh traces of a task for every step; those of a step depend on the seed and its number alone."""
    source = Distribution(task, settings.connectivity)
    return Stream(source, settings.sizes, settings.batch, settings.seed).at


def validation(task: Task, settings: TrainingSettings) -> Callable[[Network], Mapping[str, float]]:
    """The share of right answers on held-out sparse graphs of the largest training size."""
    import numpy as np

    size = max(settings.sizes)
    rng = np.random.default_rng((settings.seed, VALIDATION))
    batch = task.sample(rng, size, HELD_OUT, p=sparse_chance(task, size))
    exact = interpret(task.program, batch)
    answers = admissible_answers(task.program, exact)

    def validate(network: Network) -> dict[str, float]:
        trace = NetworkSubject(network, task.program).run(batch, exact.lengths)
        scores = behaviour(trace, exact, answers, task.valid)
        return {"valid": scores["valid"].value, "graphs": scores["valid/graphs"].value}

    return validate


def _watched(source: Source, run: Run, watch: Callable[[int, int, str], None]) -> Source:
    def told(step: int) -> Trace:
        scores = run.history[-1].scores if run.history else {}
        note = f"step {step}" + (f", valid answers {scores['valid']:.1%}" if "valid" in scores else "")
        watch(step, run.settings.steps, note)
        return source(step)

    return told
