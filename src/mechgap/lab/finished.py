"""Finished runs as they lie in their folders, told apart by task, program, settings and seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import Fault, FileFormatError, MechgapError
from .experiment import CONFIG, RECORD
from .stages import METRICS
from .store import read_json

MEASURED = "measure"
"""The stage after which a run can be compared."""
ASIDE = ("task", "program", "digest", "verification", "seed")
"""What of a configuration is no setting of the training or the measuring, or is told otherwise."""


@dataclass(frozen=True)
class FinishedRun:
    """A run that is done.

    Attributes:
        folder: where it lies.
        config: what decided its results.
        panel: its figures, as plain data.
    """

    folder: Path
    config: dict[str, Any]
    panel: dict[str, Any]

    @property
    def task(self) -> str:
        """The name of its task."""
        return str(self.config["task"])

    @property
    def digest(self) -> str:
        """That of the program of its task."""
        return str(self.config["digest"])

    @property
    def seed(self) -> int:
        """Of everything that was drawn."""
        return int(self.config["seed"])

    @cached_property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """What decided its results but the program and the seed: names and values as text."""
        kept = {name: value for name, value in self.config.items() if name not in ASIDE}
        return tuple(_flat(kept, ""))


def read_runs(folders: Sequence[Path]) -> list[FinishedRun]:
    """The runs in folders that ``mechgap run`` made.

    Raises:
        FileFormatError: if any of them holds no run, or one that is not finished; all faults at once.
    """
    runs: list[FinishedRun] = []
    faults: list[Fault] = []
    for folder in folders:
        try:
            runs.append(_read(folder))
        except MechgapError as error:
            faults += error.faults
    if faults:
        raise FileFormatError.of(faults)
    return runs


def same_programs(runs: Sequence[FinishedRun]) -> None:
    """Make sure that what runs call by one name is one program.

    Raises:
        FileFormatError: if a task, or a rival, has another digest in another run; all faults at once.
    """
    first: dict[str, tuple[str, FinishedRun]] = {}
    faults = []
    for run in runs:
        named = {run.task: run.digest, **run.panel["conditions"]["programs"]}
        for name, digest in named.items():
            known, other = first.setdefault(name, (digest, run))
            if digest != known:
                faults.append(
                    Fault(
                        f"{run.folder}, program {name}",
                        f"digest {digest[:16]}",
                        f"digest {known[:16]}, as in {other.folder}: figures of different programs are "
                        "not of one experiment",
                        "compare the runs of each program by themselves, or do some anew with --fresh",
                    )
                )
    if faults:
        raise FileFormatError.of(faults)


def _read(folder: Path) -> FinishedRun:
    if not (folder / CONFIG).is_file():
        given = f"a folder without {CONFIG}" if folder.is_dir() else "no such folder"
        raise FileFormatError(f"{folder}", given, "a folder that `mechgap run` made", "correct the path")
    config = read_json(folder / CONFIG)
    record = read_json(folder / RECORD) if (folder / RECORD).exists() else {}
    try:
        again = f"`mechgap run {config['program']} --preset {config['preset']} --seed {config['seed']}`"
        if MEASURED not in record or not (folder / METRICS).exists():
            done = ", ".join(name for name in record if name != MEASURED) or "nothing"
            raise FileFormatError(
                f"{folder}",
                f"a run that is not finished; done: {done}",
                "a run that was measured",
                f"finish it with {again} and the options it was begun with, or leave it out",
            )
        run = FinishedRun(folder, config, read_json(folder / METRICS)["panel"])
        complete = all(part in run.panel for part in ("rows", "verdict", "conditions", "program"))
        if not complete or not (run.task and run.digest) or run.seed < 0:
            raise KeyError
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"{folder}", "files that no run wrote", "a folder that `mechgap run` made", "run it anew"
        ) from error
    return run


def _flat(data: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Names of plain data and their values, in order, without seeds."""
    for name in sorted(data):
        value = data[name]
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif name != "seed":
            yield f"{prefix}{name}", f"{value}"
