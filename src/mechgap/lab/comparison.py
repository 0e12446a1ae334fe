"""Several runs beside each other: what their seeds say together, and how accuracy and faithfulness go."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, NotFoundError
from ..measures.bootstrap import interquartile_mean
from ..measures.score import Score, over_seeds, read_score
from ..measures.statistics.correlation import Correlation, correlation
from ..measures.statistics.multiplicity import Adjusted, holm
from ..measures.statistics.proportion import proportion
from .finished import FinishedRun, read_runs, same_programs

Plain = dict[str, Any]
ACCURACY, FAITHFULNESS = "behaviour/valid", "intervention/changed"
FEWEST = 5
"""Runs of a task below which accuracy is not correlated with faithfulness."""
NEIGHBOURS = "runs with neighbouring seeds share untrained networks: the interval may be too narrow"

MIXED = "not all runs were measured on graphs of the same kind and number"


@dataclass(frozen=True)
class SeedRow:
    """One measure over the seeds of one experiment.

    Attributes:
        score: the interquartile mean over seeds; the unit is the seed.
        exact, untrained: the same of the compiled networks and of the untrained ones.
        values: seed -> the figure of its run, NaN if there was nothing to count.
    """

    score: Score
    exact: Score | None
    untrained: Score | None
    values: Mapping[int, float]

    @property
    def spread(self) -> float:
        """The standard deviation from seed to seed; NaN for fewer than two."""
        known = self._known
        return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest figure of a seed."""
        known = self._known
        return (min(known), max(known)) if known else (math.nan, math.nan)

    @property
    def _known(self) -> list[float]:
        return [value for value in self.values.values() if not math.isnan(value)]

    def to_json(self) -> Plain:
        """The row as plain data."""
        least, most = self.ends
        return {
            **self.score.to_json(),
            "exact": self.exact.to_json() if self.exact else None,
            "untrained": self.untrained.to_json() if self.untrained else None,
            "values": {f"{seed}": value for seed, value in self.values.items()},
            "sd": self.spread,
            "least": least,
            "most": most,
        }


@dataclass(frozen=True)
class Group:
    """The runs of one task with the same settings; they differ in their seed.

    Attributes:
        task: its name.
        label: what tells the group from the others.
        digest: of the program.
        folders: seed -> folder of the run.
        rows: by gate and measure.
        kept: program -> in which share of the seeds it is kept, of those in which it was tested.
        verdicts: a verdict in words -> in how many seeds it was reached.
    """

    task: str
    label: str
    digest: str
    folders: Mapping[int, str]
    rows: Mapping[str, SeedRow]
    kept: Mapping[str, Score]
    verdicts: Mapping[str, int]

    def standing(self, program: str) -> str:
        """In how many seeds a program is kept, in words."""
        share, seeds = self.kept[program], len(self.folders)
        if not share.n:
            return f"{program}: nothing to test in {seeds} seed{'s' * (seeds != 1)}"
        untested = f", nothing to test in {seeds - share.n}" if share.n < seeds else ""
        count, ends = round(share.value * share.n), f"[{share.low:.0%}, {share.high:.0%}]"
        return f"kept {program} in {count} of {share.n} seed{'s' * (share.n != 1)} {ends}{untested}"

    def to_json(self) -> Plain:
        """The group as plain data."""
        return {
            "task": self.task,
            "label": self.label,
            "digest": self.digest,
            "runs": {f"{seed}": folder for seed, folder in self.folders.items()},
            "rows": {key: row.to_json() for key, row in self.rows.items()},
            "kept": {name: share.to_json() for name, share in self.kept.items()},
            "verdicts": dict(self.verdicts),
        }


@dataclass(frozen=True)
class Point:
    """One run as a point.

    Attributes:
        label: of its group.
        seed: of the run.
        accuracy, faithfulness: its figures.
    """

    label: str
    seed: int
    accuracy: Score
    faithfulness: Score

    def to_json(self) -> Plain:
        """The point as plain data."""
        figures = {"accuracy": self.accuracy.to_json(), "faithfulness": self.faithfulness.to_json()}
        return {"label": self.label, "seed": self.seed, **figures}


@dataclass(frozen=True)
class Relation:
    """How accuracy and faithfulness go together over all runs of a task.

    Attributes:
        task: its name.
        keys: of the two measures.
        points: one for each run that has both.
        found: the correlation; None for fewer than five points.
        adjusted: its test among those of the other tasks.
    """

    task: str
    keys: tuple[str, str]
    points: tuple[Point, ...]
    found: Correlation | None
    adjusted: Adjusted | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.task}: {len(self.points)} runs with both figures, {FEWEST} or more are needed"
        more = self.adjusted is not None and self.adjusted.tests > 1 and not math.isnan(self.adjusted.p)
        return f"{self.found}" + (f"; {self.adjusted}" if more else "")

    def to_json(self) -> Plain:
        """The relation as plain data."""
        return {
            "task": self.task,
            "accuracy": self.keys[0],
            "faithfulness": self.keys[1],
            "points": [point.to_json() for point in self.points],
            "correlation": self.found.to_json() if self.found else None,
            "adjusted": self.adjusted.to_json() if self.adjusted else None,
        }


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other.

    Attributes:
        groups: of runs that differ in their seed only.
        relations: one for each task.
    """

    groups: tuple[Group, ...]
    relations: tuple[Relation, ...]

    def to_json(self) -> Plain:
        """The comparison as plain data."""
        return {
            "groups": [group.to_json() for group in self.groups],
            "relations": [relation.to_json() for relation in self.relations],
        }


@dataclass(frozen=True)
class ComparePlan:
    """What is correlated.

    Attributes:
        accuracy, faithfulness: gate and measure; the name of the program may be left out at the end.
    """

    accuracy: str = ACCURACY
    faithfulness: str = FAITHFULNESS


def compare(folders: Sequence[Path], plan: ComparePlan | None = None) -> Comparison:
    """Put runs beside each other: grouped by task and settings, each group over its seeds.

    Files keep the figures of a run, not those of its graphs, and every run draws its own graphs. So seeds
    are resampled as a whole, which covers what differs from graph to graph as well.

    Args:
        folders: of finished runs.
        plan: what is correlated.

    Raises:
        FileFormatError: if a folder holds no finished run, runs of a task are of different programs, or
            two runs with the same settings have the same seed.
        NotFoundError: if no run has a measure that shall be correlated.
    """
    runs, plan = read_runs(folders), plan or ComparePlan()
    same_programs(runs)
    tasks: dict[str, list[FinishedRun]] = {}
    for run in runs:
        tasks.setdefault(run.task, []).append(run)
    groups, relations = [], []
    for task, own in tasks.items():
        labelled = _labelled(own)
        groups += [_group(task, label, members) for label, members in labelled.items()]
        relations.append(_relation(task, labelled, plan))
    adjusted = holm({r.task: r.found.p if r.found else math.nan for r in relations})
    return Comparison(
        tuple(groups),
        tuple(replace(r, adjusted=adjusted[r.task]) for r in relations),
    )


def _labelled(runs: Sequence[FinishedRun]) -> dict[str, list[FinishedRun]]:
    """The runs of one task by what their settings are called, in the order of their seeds."""
    groups: dict[tuple[tuple[str, str], ...], list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(run.settings, []).append(run)
    every = [dict(settings) for settings in groups]
    names = dict.fromkeys(name for settings in every for name in settings)
    moving = [name for name in names if len({settings.get(name) for settings in every}) > 1]
    found = {}
    for settings, members in zip(every, groups.values(), strict=True):
        parts = [f"{name}={settings.get(name, 'none')}" for name in moving if name != "preset"]
        label = ", ".join((settings.get("preset", ""), *parts)).strip(", ")
        found[label] = sorted(members, key=lambda run: run.seed)
    _different_seeds(found)
    return found


def _different_seeds(groups: Mapping[str, Sequence[FinishedRun]]) -> None:
    for label, members in groups.items():
        for seed, count in Counter(run.seed for run in members).items():
            if count > 1:
                twice = ", ".join(f"{run.folder}" for run in members if run.seed == seed)
                raise FileFormatError(
                    f"runs of {members[0].task}, {label}",
                    f"{count} runs of seed {seed}: {twice}",
                    "one run of each seed: copies are no replicates",
                    "leave out all but one of them",
                )


def _group(task: str, label: str, runs: Sequence[FinishedRun]) -> Group:
    keys = dict.fromkeys(key for run in runs for key in run.panel["rows"])
    standings: dict[str, list[bool]] = {}
    for run in runs:
        for standing in run.panel["verdict"]["standings"]:
            tested = standings.setdefault(standing["program"], [])
            tested += [standing["kept"]] if standing["kept"] is not None else []
    return Group(
        task,
        label,
        runs[0].digest,
        {run.seed: f"{run.folder}" for run in runs},
        {key: _row(key, runs) for key in keys},
        {name: proportion(f"kept {name}", sum(tested), len(tested)) for name, tested in standings.items()},
        dict(Counter(run.panel["verdict"]["summary"] for run in runs)),
    )


def _row(key: str, runs: Sequence[FinishedRun]) -> SeedRow:
    rows = {run.seed: run.panel["rows"][key] for run in runs if key in run.panel["rows"]}
    floors = [row["random"] for row in rows.values() if row["random"]]
    untrained = _over(floors)
    if untrained is not None and len(floors) > 1:
        note = "; ".join(filter(None, (untrained.note, NEIGHBOURS)))
        untrained = replace(untrained, note=note)
    score = _over([*rows.values()])
    assert score is not None
    values = {seed: math.nan if row["value"] is None else row["value"] for seed, row in rows.items()}
    return SeedRow(score, _over([row["exact"] for row in rows.values() if row["exact"]]), untrained, values)


def _over(scores: Sequence[Mapping[str, Any]]) -> Score | None:
    """The interquartile mean of scores of runs as they stand in files."""
    read = [read_score(score) for score in scores]
    return over_seeds(read, shared=False, statistic=interquartile_mean) if read else None


def _relation(task: str, groups: Mapping[str, Sequence[FinishedRun]], plan: ComparePlan) -> Relation:
    runs = [(label, run) for label, members in groups.items() for run in members]
    keys = tuple(_key(name, [run for _, run in runs]) for name in (plan.accuracy, plan.faithfulness))
    points = []
    for label, run in runs:
        rows = run.panel["rows"]
        if all(key in rows and rows[key]["value"] is not None for key in keys):
            accuracy, faithfulness = (read_score(rows[key]) for key in keys)
            points.append(Point(label, run.seed, accuracy, faithfulness))
    found = None
    if len(points) >= FEWEST:
        # Runs of one seed with other settings begin with the same weights: they are no replicates.
        found = correlation(
            f"{task}, {keys[0]} and {keys[1]}",
            [point.accuracy.value for point in points],
            [point.faithfulness.value for point in points],
            clusters=[point.seed for point in points],
        )
        if len({_measuring(run) for _, run in runs}) > 1:
            found = replace(found, note="; ".join(filter(None, (found.note, MIXED))))
    return Relation(task, (keys[0], keys[1]), tuple(points), found, None)


def _measuring(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    return tuple(setting for setting in run.settings if setting[0].startswith("measuring."))


def _key(name: str, runs: Sequence[FinishedRun]) -> str:
    """The gate and measure that is meant."""
    known = dict.fromkeys(key for run in runs for key in run.panel["rows"])
    for key in (name, f"{name}/{runs[0].panel['program']}"):
        if key in known:
            return key
    raise NotFoundError(
        f"measures of {runs[0].task}", name, ", ".join(known), "give gate and measure, such as routing/gap"
    )
