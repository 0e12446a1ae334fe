"""The figures of a study: read from its cells, chosen by group and moment, written as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...measures.bootstrap import Clusters
from ...measures.score import Score
from ..store import read_json
from .cell import FAILED, measured_file
from .plan import Cell, Study

GAP = "gap:"
"""Before the name of a measure: its normalised gap."""
COLUMNS = (
    "study",
    "task",
    "arm",
    "seed",
    "step",
    "measure",
    "value",
    "low",
    "high",
    "n",
    "unit",
    "replicates",
    "ideal",
    "exact",
    "untrained",
    "gap",
    "gap_low",
    "gap_high",
    "note",
)


@dataclass(frozen=True)
class Moment:
    """One network of a study, as it was measured.

    Attributes:
        cell: its training.
        step: training steps that it had done.
        data: its figures, as they were written.
    """

    cell: Cell
    step: int
    data: dict[str, Any]

    def score(self, measure: str) -> Score | None:
        """A figure by its name (see ``Study.measures``); None if there was nothing to count."""
        normalised = measure.startswith(GAP)
        row = self.data["rows"].get(measure.removeprefix(GAP).format(task=self.program))
        if row is None or row["value"] is None or (normalised and row["gap"] is None):
            return None
        shown = row["gap"] if normalised else row
        sums = shown.get("clusters")
        clusters = None if sums is None else Clusters(*map(np.asarray, sums))
        return Score(
            measure,
            shown["value"],
            shown["low"],
            shown["high"],
            shown["n"],
            shown["unit"],
            shown["replicates"],
            0.0 if normalised else _number(row["ideal"]),
            shown["note"],
            clusters=clusters,
        )

    @property
    def program(self) -> str:
        """The name of the program that it should compute."""
        return str(next(iter(self.data["conditions"]["programs"])))

    @property
    def kept(self) -> tuple[str, ...]:
        """The programs that are not rejected."""
        return tuple(s["program"] for s in self.data["verdict"]["standings"] if s["kept"])


@dataclass(frozen=True)
class Results:
    """All figures of a study so far.

    Attributes:
        study: what was done.
        moments: every network that was measured.
        failures: trainings that ended with an error, and why.
        missing: trainings that are not done yet.
    """

    study: Study
    moments: tuple[Moment, ...]
    failures: tuple[tuple[Cell, str], ...]
    missing: tuple[Cell, ...]

    @classmethod
    def read(cls, study: Study, folder: Path) -> Results:
        """The figures in the folder of a study's cells."""
        moments, failures, missing = [], [], []
        for cell in study.cells:
            own = folder / cell.folder
            files = [(step, own / measured_file(step)) for step in study.moments]
            moments += [Moment(cell, step, read_json(file)) for step, file in files if file.exists()]
            if (own / FAILED).exists():
                failures.append((cell, str(read_json(own / FAILED)["fault"]["given"])))
            elif not all(file.exists() for _, file in files):
                missing.append(cell)
        return cls(study, tuple(moments), tuple(failures), tuple(missing))

    @cached_property
    def _by_group(self) -> dict[tuple[str, str, int], list[Moment]]:
        found: dict[tuple[str, str, int], list[Moment]] = {}
        for moment in self.moments:
            found.setdefault((moment.cell.task, moment.cell.arm, moment.step), []).append(moment)
        return found

    def group(self, task: str, arm: str, step: int | None = None) -> list[Moment]:
        """The networks of a task and an arm at a moment, by default the last, seed by seed."""
        last = self.study.moments[-1] if step is None else step
        return self._by_group.get((task, arm, last), [])

    def scores(self, task: str, arm: str, measure: str, step: int | None = None) -> list[Score]:
        """One figure of the networks of a group that have it."""
        found = (moment.score(measure) for moment in self.group(task, arm, step))
        return [score for score in found if score is not None]

    def table(self) -> str:
        """Every figure of every network as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self._lines())
        return text.getvalue()

    def _lines(self) -> Iterator[Sequence[Any]]:
        for moment in self.moments:
            cell = moment.cell
            for measure, row in moment.data["rows"].items():
                gap = row["gap"] or {}
                references = [(row[name] or {}).get("value") for name in ("exact", "random")]
                yield (
                    self.study.name,
                    cell.task,
                    cell.arm,
                    cell.seed,
                    moment.step,
                    measure,
                    *(row[name] for name in ("value", "low", "high", "n", "unit", "replicates", "ideal")),
                    *references,
                    *(gap.get(name) for name in ("value", "low", "high")),
                    row["note"],
                )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
