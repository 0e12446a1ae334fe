"""Reads studies from TOML files, and says what is wrong with those that cannot be read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ...errors import FileFormatError, MechgapError, NotFoundError
from ...tasks.catalogue import NAMES
from ...training.settings import TrainingSettings, preset
from ..measurement import MeasurePlan
from .plan import Arm, Contrast, Study

FOLDER = Path("studies")
SECTIONS = ("gates", "steps", "sizes", "contrasts", "correlation", "basin")
OWN = ("seed", "steps", "validate_every", "checkpoint_every", "patience")
"""Settings of training that follow from the moments; one that ends early would miss some of them."""
STARTS = ("random", "compiled", "natural")
TEXTS = ("title", "question")
LISTS = ("silent", "tasks", "measures", "accuracy", "sections", "moments")
TABLES = ("training", "measuring", "quick")
ROWS = ("arm", "contrast")
DEFAULTS: dict[str, Any] = {
    "silent": [],
    "measures": ["behaviour/valid", "gap:intervention/changed/{task}"],
    "accuracy": ["behaviour/valid"],
    "arm": [{"name": "plain"}],
    "contrast": [],
    "returned": 0.05,
    "training": {},
    "measuring": {},
}


def find_study(name: str, quick: bool = False, seed: int = 0) -> Study:
    """The study in ``studies/NAME.toml``, or in the file of that path.

    Args:
        name: of the study, or the path of its file.
        quick: whether the small form is wanted: what the table ``quick`` says replaces the rest.
        seed: of the first training.

    Raises:
        NotFoundError: if there is no such file.
        FileFormatError: if the file is no study.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.toml"))) or "none in ./studies"
        raise NotFoundError(
            f"study {name}", f"no file {path}", f"one of: {known}", "run it from the project's folder"
        )
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unfit(path, "", f"{error}", "TOML") from error
    return read_study(data, path, quick, seed)


def read_study(data: Mapping[str, Any], path: Path, quick: bool = False, seed: int = 0) -> Study:
    """The study that the tables of a file describe.

    Args:
        data: what the file holds.
        path: of the file; for errors.
        quick: whether the small form is wanted.
        seed: of the first training.

    Raises:
        FileFormatError: if the data are no study.
    """
    _check(data, path)
    small = data.get("quick", {}) if quick else {}
    _check({**data, **small}, path)
    both = {**DEFAULTS, **data, **small}
    for name in ("training", "measuring"):
        both[name] = {**data.get(name, {}), **small.get(name, {})}
    chosen = both.pop("arms", None)
    measuring = _measuring(path, MeasurePlan(seed=seed), both["measuring"])
    arms = [_arm(path, row, measuring) for row in both["arm"]]
    arms = [arm for arm in arms if chosen is None or arm.name in chosen]
    tasks = tuple(both["tasks"])
    _check_tasks(path, (*tasks, *(task for arm in arms for task in arm.tasks)))
    training = replace(_settings(path, both["training"]), seed=seed)
    study = Study(
        name=path.stem,
        title=both["title"],
        question=both["question"],
        silent=tuple(both["silent"]),
        tasks=tasks,
        arms=tuple(arms),
        seeds=both["seeds"],
        moments=tuple(sorted(set(both["moments"]))),
        training=training,
        measuring=measuring,
        measures=tuple(both["measures"]),
        contrasts=(),
        accuracy=tuple(both["accuracy"]),
        margin=float(both["margin"]),
        returned=float(both["returned"]),
        sections=tuple(both["sections"]),
        quick=quick,
    )
    for cell in study.cells:
        _settings_of(path, study, cell)
    return replace(study, contrasts=tuple(_contrasts(path, study, both["contrast"])))


def _check(data: Mapping[str, Any], path: Path) -> None:
    """All entries are known and of the right type."""
    wanted: dict[str, type | tuple[type, ...]] = {
        **dict.fromkeys(TEXTS, str),
        **dict.fromkeys((*LISTS, *ROWS, "arms"), list),
        **dict.fromkeys(TABLES, dict),
        "seeds": int,
        "margin": (int, float),
        "returned": (int, float),
    }
    for name, value in data.items():
        if name not in wanted:
            raise _unfit(path, name, "an entry that studies do not have", ", ".join(sorted(wanted)))
        if not isinstance(value, wanted[name]) or isinstance(value, bool):
            raise _unfit(path, name, f"{value!r}"[:120], _words(wanted[name]))
    for name in (*TEXTS, "tasks", "seeds", "moments", "margin", "sections"):
        if name not in data:
            raise _unfit(path, name, "nothing", "an entry of that name")
    rules = {
        "seeds": data["seeds"] >= 1,
        "tasks": bool(data["tasks"]),
        "moments": bool(data["moments"])
        and all(isinstance(m, int) and m >= 0 for m in data["moments"])
        and max(data["moments"]) > 0,
        "margin": data["margin"] > 0,
        "sections": all(section in SECTIONS for section in data["sections"]),
    }
    for name, holds in rules.items():
        if not holds:
            raise _unfit(path, name, f"{data[name]!r}"[:120], _RULES[name])


_RULES = {
    "seeds": "1 or more",
    "tasks": "one or more names of tasks",
    "moments": "numbers of training steps, the last one above 0",
    "margin": "a difference above 0 that counts as none",
    "sections": f"some of {', '.join(SECTIONS)}",
}


def _words(kind: type | tuple[type, ...]) -> str:
    names = {str: "a text", list: "a list", dict: "a table", int: "a whole number"}
    return "a number" if isinstance(kind, tuple) else names[kind]


def _arm(path: Path, row: Mapping[str, Any], measuring: MeasurePlan) -> Arm:
    known = {entry.name for entry in fields(Arm)}
    if not isinstance(row, dict) or "name" not in row or set(row) - known:
        raise _unfit(path, "arm", f"{row!r}"[:160], f"a name, and of {', '.join(sorted(known - {'name'}))}")
    _measuring(path, measuring, row.get("measuring", {}))
    if row.get("start", "random") not in STARTS:
        raise _unfit(path, f"arm {row['name']}, start", repr(row["start"]), f"one of {', '.join(STARTS)}")
    return Arm(**_tuples(row))


def _check_tasks(path: Path, tasks: Sequence[str]) -> None:
    for task in tasks:
        if task not in NAMES and ":" not in task:
            raise _unfit(path, "tasks", repr(task), "a name that `mechgap list` shows, or file.py:name")


def _settings(path: Path, given: Mapping[str, Any]) -> TrainingSettings:
    rest = dict(given)
    return _changed(path, preset(rest.pop("preset", "quick")), rest)


def _settings_of(path: Path, study: Study, cell: Any) -> TrainingSettings:
    changes = study.arm(cell.arm).training
    _changed(path, study.training, changes)
    return study.settings(cell)


def _changed(path: Path, base: TrainingSettings, given: Mapping[str, Any]) -> TrainingSettings:
    known = {entry.name for entry in fields(TrainingSettings)}
    for name in given:
        if name not in known or name in OWN:
            expected = "a training setting that studies do not set themselves"
            raise _unfit(path, f"training, {name}", f"{given[name]!r}"[:120], expected)
    try:
        return replace(base, **_tuples(given))
    except TypeError as error:
        raise _unfit(path, "training", f"{error}", "values of the settings' own types") from error


def _measuring(path: Path, base: MeasurePlan, given: Mapping[str, Any]) -> MeasurePlan:
    known = {entry.name for entry in fields(MeasurePlan)} - {"seed"}
    for name, value in given.items():
        if name not in known:
            raise _unfit(path, f"measuring, {name}", f"{value!r}"[:120], f"one of {', '.join(sorted(known))}")
    return replace(base, **_tuples(given))


def _tuples(given: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}


def _contrasts(path: Path, study: Study, rows: Sequence[Mapping[str, Any]]) -> list[Contrast]:
    """The comparisons of a study; one with a baseline stands for all arms against it, in every task."""
    found = []
    for row in rows:
        if set(row) == {"baseline"}:
            found += _against(path, study, row["baseline"])
            continue
        if set(row) != {"name", "left", "right"}:
            raise _unfit(path, "contrast", f"{row!r}"[:160], "name, left and right, or baseline alone")
        left, right = (_group(path, study, row[side]) for side in ("left", "right"))
        if left and right:
            found.append(Contrast(row["name"], left, right))
    return found


def _against(path: Path, study: Study, baseline: str) -> list[Contrast]:
    groups = [(task, arm.name) for task, arm in study.groups()]
    found = []
    for task, arm in groups:
        if arm != baseline and (task, baseline) in groups:
            found.append(Contrast(f"{task}: {arm} against {baseline}", (task, arm), (task, baseline)))
    if not found:
        raise _unfit(path, "contrast, baseline", repr(baseline), "an arm beside which there are others")
    return found


def _group(path: Path, study: Study, text: str) -> tuple[str, str] | None:
    """A group "task" or "task/arm"; None if the small form of the study leaves it out."""
    task, _, arm = text.partition("/")
    arms = [name.name for of, name in study.groups() if of == task]
    if not arm and len(arms) == 1:
        return task, arms[0]
    if arm in arms:
        return task, arm
    if study.quick:
        return None
    raise _unfit(path, "contrast", repr(text), "a task, or task/arm, that the study has")


def _unfit(path: Path, where: str, given: str, expected: str) -> MechgapError:
    place = f"{path}, {where}" if where else f"{path}"
    return FileFormatError(place, given, expected, "correct the file")
