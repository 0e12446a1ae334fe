"""Small experiments, done once for all tests of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mechgap.lab.experiment import AbstractObserver, Experiment, execute, experiment
from mechgap.lab.measurement import MeasurePlan
from mechgap.lab.stages import STAGES
from mechgap.lab.verification import VerificationPlan
from mechgap.training.settings import TrainingSettings

LABELS = """
from mechgap import Program, anywhere, edge, index, me, min_of, minimum, node, sender, size

adj = edge.mask("adj")
label = node.scalar("label", low=0, high=2**12, whole=True)
best = min_of(sender(label), adj)
components = Program(
    "components", (adj,), {label: index(me)}, {label: minimum(label, best)},
    ~anywhere(best < label), {"component": label}, size + 1, "Components <by> the smallest label & more.",
)
"""


class Quiet(AbstractObserver):
    def begin(self, stage, number, total): ...

    def at(self, done, total, note): ...

    def end(self, outcome): ...


@pytest.fixture(scope="session")
def done(tmp_path_factory) -> Callable[[str], Experiment]:
    """Does the small experiment of a task; of "components" in a user's file too."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "mine.py").write_text(LABELS)
    made: dict[str, Experiment] = {}

    def of(name: str) -> Experiment:
        if name not in made:
            made[name] = _small(
                f"{folder / 'mine.py'}:{name}" if name == "components" else name, folder / name
            )
            execute(made[name], STAGES, Quiet())
        return made[name]

    return of


def _small(name: str, folder: Path) -> Experiment:
    return replace(
        experiment(name, folder=folder),
        training=TrainingSettings(hidden=8, sizes=(4, 5), batch=4, steps=2, validate_every=1),
        verification=VerificationPlan(sizes=(4,), count=1),
        measuring=MeasurePlan(n=6, graphs=6, sizes=(8,), more=4, swaps=2, random=1, orbit=1),
    )
