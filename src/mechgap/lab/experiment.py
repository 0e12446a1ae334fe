"""Experiments: one folder, stages in order, each of which leaves files and is not done twice."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError
from ..tasks.catalogue import load
from ..tasks.task import Task
from ..training.settings import TrainingSettings, preset
from .measurement import MeasurePlan
from .store import finite, read_json, write_json
from .verification import VerificationPlan

if TYPE_CHECKING:
    from .verification import Watch

CONFIG, RECORD = "config.json", "stages.json"
VERIFIED = VerificationPlan(work=2**23)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is done in one folder.

    Attributes:
        name: of the task, or ``path/to/file.py:name``.
        folder: where the files are.
        preset: name of the settings that ``training`` was made from.
        training: how the network is trained; its seed is that of the experiment.
        verification: on what the compiled network is verified.
        measuring: on what the trained network is measured.
        rivals: names of tasks that it is held against; None for those that suit.
    """

    name: str
    folder: Path
    preset: str = "quick"
    training: TrainingSettings = field(default_factory=lambda: preset("quick"))
    verification: VerificationPlan = VERIFIED
    measuring: MeasurePlan = field(default_factory=MeasurePlan)
    rivals: tuple[str, ...] | None = None

    @cached_property
    def task(self) -> Task:
        """The task."""
        return load(self.name)

    @property
    def seed(self) -> int:
        """The seed of the whole experiment."""
        return self.training.seed

    def file(self, name: str) -> Path:
        """A file of the folder."""
        return self.folder / name

    def to_json(self) -> dict[str, Any]:
        """What decides the results, as plain data."""
        data: dict[str, Any] = finite(
            {
                "task": self.task.name,
                "program": self.name,
                "digest": self.task.program.digest,
                "preset": self.preset,
                "seed": self.seed,
                "training": self.training.to_json(),
                "verification": asdict(self.verification),
                "measuring": asdict(self.measuring),
                "rivals": self.rivals,
            }
        )
        return data


def experiment(
    name: str,
    settings: str = "quick",
    seed: int = 0,
    folder: Path | None = None,
    steps: int | None = None,
    rivals: Sequence[str] | None = None,
) -> Experiment:
    """The experiment of a task with a preset of training settings.

    Args:
        name: of the task, or ``path/to/file.py:name``.
        settings: name of the preset.
        seed: of everything that is drawn.
        folder: where the files go; by default ``runs/TASK-PRESET-SEED``.
        steps: of training, in the place of the preset's.
        rivals: names of tasks that the network is held against; by default those that suit.
    """
    training = replace(preset(settings), seed=seed)
    if steps is not None:
        training = replace(training, steps=steps)
    target = folder or Path("runs") / f"{load(name).name}-{settings}-{seed}"
    return Experiment(
        name=name,
        folder=target,
        preset=settings,
        training=training,
        verification=replace(VERIFIED, seed=seed),
        measuring=MeasurePlan(seed=seed),
        rivals=None if rivals is None else tuple(rivals),
    )


@dataclass(frozen=True)
class Stage:
    """A part of an experiment.

    Attributes:
        name: a verb.
        makes: the files that are there once it is done.
        run: does it; told an experiment and whom to tell about progress; returns a line of what came out.
    """

    name: str
    makes: tuple[str, ...]
    run: Callable[[Experiment, Watch], str]

    def done(self, made: Experiment) -> bool:
        """Whether its files are there."""
        return all(made.file(name).exists() for name in self.makes)


@dataclass(frozen=True)
class Outcome:
    """How a stage went.

    Attributes:
        stage: its name.
        note: what came out, in a line.
        seconds: how long it took.
        reused: whether its files were there already.
    """

    stage: str
    note: str
    seconds: float
    reused: bool = False


class AbstractObserver(ABC):
    """Someone who is told how an experiment goes."""

    @abstractmethod
    def begin(self, stage: str, number: int, total: int) -> None:
        """A stage begins, the first with number 1."""

    @abstractmethod
    def at(self, done: int, total: int, note: str) -> None:
        """Parts of the stage are done, and a part begins."""

    @abstractmethod
    def end(self, outcome: Outcome) -> None:
        """A stage is done."""


def execute(made: Experiment, stages: Sequence[Stage], observer: AbstractObserver) -> list[Outcome]:
    """Do the stages of an experiment that are not done yet.

    Args:
        made: the experiment.
        stages: in order.
        observer: told how it goes.

    Raises:
        FileFormatError: if the folder holds another experiment.
    """
    _claim(made)
    record = read_json(made.file(RECORD)) if made.file(RECORD).exists() else {}
    outcomes, stale = [], False
    for number, stage in enumerate(stages, start=1):
        observer.begin(stage.name, number, len(stages))
        if not stale and stage.name in record and stage.done(made):
            known = record[stage.name]
            outcome = Outcome(stage.name, known["note"], known["seconds"], reused=True)
        else:
            # What comes after a stage that is done anew is made from it, so it is done anew as well.
            record, stale = {name: value for name, value in record.items() if name != stage.name}, True
            write_json(made.file(RECORD), record)
            start = time.perf_counter()
            note = stage.run(made, observer.at)
            outcome = Outcome(stage.name, note, round(time.perf_counter() - start, 3))
            record[stage.name] = {"note": outcome.note, "seconds": outcome.seconds}
            write_json(made.file(RECORD), record)
        observer.end(outcome)
        outcomes.append(outcome)
    return outcomes


def clear(made: Experiment, stages: Sequence[Stage], others: Sequence[str] = ()) -> None:
    """Remove the files of an experiment, and nothing else, from its folder."""
    for name in (CONFIG, RECORD, *others, *(name for stage in stages for name in stage.makes)):
        made.file(name).unlink(missing_ok=True)


def _claim(made: Experiment) -> None:
    """Make the folder that of an experiment."""
    path, wanted = made.file(CONFIG), made.to_json()
    if not path.exists():
        write_json(path, wanted)
        return
    found = read_json(path)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise FileFormatError(
                f"{path}, {name}",
                _difference(found.get(name), wanted.get(name)),
                _difference(wanted.get(name), found.get(name)),
                "start anew with --fresh, or choose another folder with --out",
            )


def _difference(own: Any, other: Any) -> str:
    """What of plain data is not in the other, in words."""
    if isinstance(own, dict) and isinstance(other, dict):
        own = {key: value for key, value in own.items() if other.get(key) != value}
    return f"{own}"[:160]
