"""A study that is done in seconds, and figures that were not measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mechgap.lab.studies.files import read_study
from mechgap.lab.studies.plan import Study
from mechgap.lab.studies.results import Moment, Results

SMALL: dict[str, Any] = {
    "title": "A title",
    "question": "A question?",
    "tasks": ["bfs"],
    "seeds": 2,
    "moments": [0, 4],
    "margin": 0.1,
    "sections": ["gates", "steps", "sizes", "contrasts"],
    "training": {"preset": "quick", "hidden": 8, "batch": 4, "sizes": [4, 5]},
    "measuring": {"n": 6, "graphs": 8, "sizes": [8], "more": 4, "swaps": 2, "random": 1},
    "arm": [{"name": "plain"}, {"name": "wide", "training": {"hidden": 16}}],
    "contrast": [{"baseline": "plain"}],
}
PATH = Path("small.toml")


def made_up(study: Study, value) -> Results:
    """Results in which each figure of a cell at a step is what a function of both says, in eight graphs."""
    moments = [
        Moment(cell, step, _data(cell.task, value(cell, step)))
        for cell in study.cells
        for step in study.moments
    ]
    return Results(study, tuple(moments), (), ())


def _data(task: str, figure: float) -> dict[str, Any]:
    graphs = 8
    sums = {"clusters": [(figure * np.ones(graphs)).tolist(), np.ones(graphs).tolist()]}
    row = {"value": figure, "low": figure, "high": figure, "n": graphs, "unit": "graph", "replicates": graphs}
    row |= {"ideal": 1.0, "note": "", "exact": {"value": 1.0}, "random": {"value": 0.0}, **sums}
    gap = {**row, "value": 1 - figure, "low": 1 - figure, "high": 1 - figure}
    gap["clusters"] = [((1 - figure) * np.ones(graphs)).tolist(), np.ones(graphs).tolist()]
    names = ("behaviour/valid", "behaviour/n=8/valid", f"intervention/changed/{task}", "parameters/distance")
    standing = {"program": task, "kept": figure > 0.5, "reasons": []}
    return {
        "rows": {name: {**row, "gap": gap} for name in names},
        "verdict": {"summary": "", "standings": [standing]},
        "conditions": {"programs": {task: "digest"}},
    }


def read(data: dict[str, Any], quick: bool = False) -> Study:
    """The study of tables that are given."""
    return read_study(data, PATH, quick)
