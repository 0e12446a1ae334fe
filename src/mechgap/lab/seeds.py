"""Trains one network for each of many seeds, side by side in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import TrainingError
from ..tasks.task import Task
from ..training.checkpoint import CHECKPOINT, resume
from ..training.loop import Company
from ..training.run import Run
from ..training.settings import TrainingSettings
from ..training.stack import obstacle
from ..training.team import Member, train_team
from .learning import begin, traces, validation

FEWEST = 4
"""From how many seeds on stacking pays on a processor."""
MOST, MOST_ELSEWHERE = 8, 32
"""How many are stacked at most, for memory: on a processor, and on devices, where more at once pay more."""


def learn_many(
    task: Task,
    settings: TrainingSettings,
    seeds: Sequence[int],
    folder: Path,
    watch: Callable[[int, int, str], None] | None = None,
    *,
    stacked: bool | None = None,
) -> list[Run]:
    """Train a network for each seed, or go on where the checkpoints in the folder left them.

    Each run has data of its own, those of its seed. Its file (see ``seed_folder``) is an ordinary
    checkpoint: ``learn`` can go on with it alone. Stacked, a run's weights differ from those it would
    have alone by rounding, which training makes larger; one by one they are the same bit for bit.

    Args:
        task: what to learn.
        settings: how; their seed is not used.
        seeds: of the runs, no two the same.
        folder: where the checkpoints are.
        watch: told about progress: steps done of all runs, steps of all runs, and a line.
        stacked: whether weights of several seeds are stacked; by default from four seeds on, if the
            settings allow it.

    Returns:
        A run for each seed, in order; ``run.error`` says why it stopped, if its loss was no number, and
        ``run.done`` is false of the others if they were interrupted.

    Raises:
        CheckpointError: if a checkpoint is of another run.
        TrainingError: if seeds are missing or come twice.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise TrainingError(
            "training of many seeds",
            f"seeds {list(seeds)}",
            "one or more, no two the same",
            "correct the seeds",
        )
    members = [_member(task, replace(settings, seed=seed), seed_folder(folder, seed)) for seed in seeds]
    fit = len(seeds) >= FEWEST and not obstacle(members[0].run)
    side_by_side = fit if stacked is None else stacked
    train_team(members, most(settings.device) if side_by_side else 1, _told(watch) if watch else None)
    return [member.run for member in members]


def most(device: str) -> int:
    """How many seeds are stacked at most on a device such as "cpu" or "cuda:1"."""
    return MOST if device.startswith("cpu") else MOST_ELSEWHERE


def seed_folder(folder: Path, seed: int) -> Path:
    """Where the files of a seed are: its checkpoint is ``checkpoint.safetensors`` there."""
    return folder / f"seed-{seed}"


def _member(task: Task, settings: TrainingSettings, folder: Path) -> Member:
    path = folder / CHECKPOINT
    run = begin(task, settings)
    if path.exists():
        run = resume(path, run)
    folder.mkdir(parents=True, exist_ok=True)
    return Member(run, traces(task, settings), Company(validation(task, settings), path))


def _told(watch: Callable[[int, int, str], None]) -> Callable[[Sequence[Member]], None]:
    def tell(members: Sequence[Member]) -> None:
        runs = [member.run for member in members]
        noted = [run.history[-1].scores["valid"] for run in runs if run.history]
        scored = f", valid answers {min(noted):.1%} to {max(noted):.1%}" if noted else ""
        stopped = sum(run.error is not None for run in runs)
        note = f"step {max(run.step for run in runs)} of {len(runs)} seeds{scored}"
        note += f", {stopped} stopped" if stopped else ""
        watch(sum(run.step for run in runs), sum(run.settings.steps for run in runs), note)

    return tell
