"""Trains a network on a task: endless fresh traces of its program, and a validation on held-out graphs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TrainingError
from ..measures.admissible import admissible_answers
from ..measures.behaviour import behaviour
from ..measures.subject import NetworkSubject
from ..semantics.interpreter import interpret
from ..tasks.task import Task
from ..training.checkpoint import digest, resume
from ..training.internals import internal_ports
from ..training.loop import Company, Source, train
from ..training.run import Run
from ..training.settings import TrainingSettings
from ..training.supervision import costs
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
        TrainingError: if the loss is no number any more, or the task lacks what is to be supervised.
    """
    return _learnt(task, begin(task, settings), checkpoint, going_on, watch)


def learn_from(
    task: Task,
    network: Network,
    settings: TrainingSettings,
    checkpoint: Path,
    *,
    going_on: bool = True,
    watch: Callable[[int, int, str], None] | None = None,
) -> Run:
    """Train a network that is given, compiled for instance, maybe with noise (``perturbed``).

    Args:
        task: what to learn.
        network: with the ports of the task's program; it stays as it is, a copy is trained.
        settings: how; what they say of shapes does not count. Without ``attention_heads``, attention
            supervision takes for each selection the head that is nearest to it at the start.
        checkpoint, going_on, watch: as for ``learn``.

    Returns:
        The run.

    Raises:
        CheckpointError: if the checkpoint is of another run, or one that began with another network.
        TrainingError: as for ``learn``; or if the network has other ports than the task.
    """
    return _learnt(task, begin(task, settings, network), checkpoint, going_on, watch)


def begin(task: Task, settings: TrainingSettings, network: Network | None = None) -> Run:
    """A run that has done nothing yet.

    Args:
        task, settings: as for ``learn``.
        network: as for ``learn_from``; by default a new one.

    Raises:
        TrainingError: as for ``learn`` and ``learn_from``.
    """
    program = task.program
    if network is None:
        return Run.start(program.interface, settings, internal_ports(program))
    if network.config.interface != program.interface:
        raise TrainingError(
            f"training on {task.name}, a network that is given",
            "a network with other inputs, hints or outputs",
            "a network made for the program of the task",
            "give a network that was compiled from, or trained on, this program",
        )
    if settings.attention and not settings.attention_heads:
        settings = replace(settings, attention_heads=_nearest_heads(task, network, settings))
    return Run.of(copy.deepcopy(network), settings, internal_ports(program), digest(network))


def _nearest_heads(task: Task, network: Network, settings: TrainingSettings) -> tuple[int, ...]:
    """For every selection of a program the head that attends its admissible sets most."""
    found = costs(network, traces(task, settings)(0))
    return tuple(found.argmin(1).tolist())


def _learnt(
    task: Task,
    run: Run,
    checkpoint: Path,
    going_on: bool,
    watch: Callable[[int, int, str], None] | None,
) -> Run:
    """A run, or what a checkpoint has of it, brought to its end."""
    settings = run.settings
    if going_on and checkpoint.exists():
        run = resume(checkpoint, run)
    if not run.done:
        source = _watched(traces(task, settings), run, watch) if watch else traces(task, settings)
        show = False if watch else None
        train(run, source, Company(validation(task, settings), checkpoint, show))
    return run


def traces(task: Task, settings: TrainingSettings) -> Source:
    """Fresh traces of a task for every step; those of a step depend on the seed and its number alone."""
    source = Distribution(task, settings.connectivity, settings.random_pos)
    selections = settings.attention > 0
    return Stream(source, settings.sizes, settings.batch, settings.seed, selections).at


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
