"""A small training run of BFS, and its data."""

from __future__ import annotations

from mechgap.semantics.interpreter import interpret
from mechgap.semantics.trace import Trace
from mechgap.tasks.graphs.bfs import task
from mechgap.tasks.task import Task
from mechgap.training.internals import internal_ports
from mechgap.training.loop import Source
from mechgap.training.run import Run
from mechgap.training.settings import TrainingSettings

SETTINGS = TrainingSettings(
    hidden=8, sizes=(3, 5), batch=4, steps=8, teacher_forcing=0.3, validate_every=3, checkpoint_every=3
)


def source(step: int) -> Trace:
    """The trace of a step."""
    return interpret(task.program, task.sample(step, SETTINGS.size(step), SETTINGS.batch, p=(0.3, 0.6)))


def fresh(settings: TrainingSettings = SETTINGS) -> Run:
    """A run that has not begun."""
    return Run.start(task.program.interface, settings)


def begun(own: Task, settings: TrainingSettings) -> Run:
    """A run of a task that has not begun."""
    return Run.start(own.program.interface, settings, internal_ports(own.program))


def source_of(own: Task, settings: TrainingSettings) -> Source:
    """The traces of a task, with selections if attention is supervised."""

    def at(step: int) -> Trace:
        batch = own.sample(step, settings.size(step), settings.batch)
        return interpret(own.program, batch, selections=settings.attention > 0)

    return at
