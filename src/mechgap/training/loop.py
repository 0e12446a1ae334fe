"""The training loop: steps, validations, checkpoints, a progress bar, and a clean way to stop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import TrainingError
from ..nets.network import Network
from ..semantics.trace import Trace
from .checkpoint import save
from .interruption import Interruption
from .run import Entry, Run

Source = Callable[[int], Trace]
"""The trace to learn from at a step; a function of the number of the step and nothing else."""

Validation = Callable[[Network], Mapping[str, float]]
"""Scores of a network by name."""


@dataclass(frozen=True)
class Company:
    """What goes along with a training run.

    Attributes:
        validate: called every ``settings.validate_every`` steps and after the last one.
        checkpoint: file that is written every ``settings.checkpoint_every`` steps and at the end.
        progress: whether to show a bar; by default if there is a terminal.
    """

    validate: Validation | None = None
    checkpoint: Path | None = None
    progress: bool | None = None


def train(run: Run, source: Source, company: Company | None = None) -> bool:
    """Do the steps of a run that are left.

    Ctrl-C ends it after the current step, with the checkpoint written.

    Args:
        run: a new one (``Run.start``) or a resumed one (``checkpoint.resume``).
        source: gives the data.
        company: validation, checkpoint file and progress bar.

    Returns:
        Whether it came to its end; False if it was interrupted.

    Raises:
        TrainingError: if the loss is no number any more (the last checkpoint is from before), or if a run
            shall end early that is not validated.
    """
    company = company or Company()
    settings = run.settings
    if settings.patience and company.validate is None:
        raise TrainingError(
            "training settings, patience",
            f"patience = {settings.patience} without a validation",
            "a validation, whose scores say when to stop",
            "give one in Company, or leave patience at 0",
        )
    with threads(settings.threads), Interruption() as interruption, _bar(run, company.progress) as show:
        while not run.done and not interruption.asked:
            terms = run.advance(source(run.step))
            if company.validate and (run.step % settings.validate_every == 0 or run.done):
                run.history.append(Entry(run.step, terms, dict(company.validate(run.network))))
            show(terms)
            if company.checkpoint and run.step % settings.checkpoint_every == 0 and not run.done:
                save(run, company.checkpoint)
        if company.checkpoint:
            save(run, company.checkpoint)
    return run.done


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads of arithmetic within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _bar(run: Run, wanted: bool | None) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """What shows a step that was done."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda terms: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        "training",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=run.settings.steps, completed=run.step, note="")

        def show(terms: Mapping[str, float]) -> None:
            scores = run.history[-1].scores if run.history else {}
            parts = [f"loss {sum(terms.values()):.4f}", *(f"{n} {v:.4f}" for n, v in scores.items())]
            progress.update(task, completed=run.step, note="  ".join(parts))

        yield show
