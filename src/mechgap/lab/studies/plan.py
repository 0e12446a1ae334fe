"""What a study does, as plain data: tasks, arms, seeds, moments, measures and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Any

from ...errors import NotFoundError
from ...training.settings import TrainingSettings
from ..measurement import MeasurePlan


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way of training.

    Attributes:
        name: in a few words.
        training: settings that differ from the study's.
        measuring: what differs in what its networks are measured on.
        tasks: for which it is done; by default all of the study's.
        start: what training starts from: "random" weights; the "compiled" network; or a "natural" one,
            which was trained plainly for as long and then on exchanges of node states, until they act
            as the program says, so that it runs the algorithm in weights of its own.
        noise: on each weight of a start that is not random, relative to its size.
        target: family of the compiled network.
        confidence: factor of the logits of that network's readouts; it decides as before, and right
            answers cost less.
        exchanges: training steps on exchanges (interchange intervention training): of a natural start,
            before training; else of a copy of the network, before it is measured.
    """

    name: str
    training: dict[str, Any] = field(default_factory=dict)
    measuring: dict[str, Any] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    start: str = "random"
    noise: float = 0.0
    target: str = "gatv2"
    confidence: float = 1.0
    exchanges: int = 0


@dataclass(frozen=True)
class Cell:
    """One training of a study.

    Attributes:
        task, arm: names.
        seed: of the training.
    """

    task: str
    arm: str
    seed: int

    @property
    def folder(self) -> str:
        """A name for its folder."""
        safe = "".join(c if c.isalnum() else "-" for c in f"{self.task} {self.arm}")
        return f"{safe}-{self.seed}"


@dataclass(frozen=True)
class Contrast:
    """Two groups of trainings that are compared, seed by seed.

    Attributes:
        name: what differs, in a few words.
        left, right: groups, as (task, arm).
    """

    name: str
    left: tuple[str, str]
    right: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study.

    Attributes:
        name: of its file.
        title, question: for the page.
        silent: what the study does not show, a sentence each.
        tasks: names.
        arms: ways of training.
        seeds: trainings of each task and arm.
        moments: training steps after which networks are measured; the last one ends the training.
        training: how networks are trained; arms change single settings.
        measuring: on what they are measured.
        measures: what is compared. "gap:" before a measure is its normalised gap (0 exact, 1
            untrained); {task} stands for the name of the task.
        contrasts: groups that are compared.
        accuracy: measures of right answers, with which ``measures`` are correlated.
        margin: differences smaller than this count as none, in tests of equivalence.
        returned: a causal gap below this counts as the algorithm, in studies of basins.
        sections: parts of the page, in order.
        quick: whether this is the small form.
    """

    name: str
    title: str
    question: str
    silent: tuple[str, ...]
    tasks: tuple[str, ...]
    arms: tuple[Arm, ...]
    seeds: int
    moments: tuple[int, ...]
    training: TrainingSettings
    measuring: MeasurePlan
    measures: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    accuracy: tuple[str, ...]
    margin: float
    returned: float
    sections: tuple[str, ...]
    quick: bool

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All trainings, seed by seed, so that what is done first covers everything."""
        return tuple(
            Cell(task, arm.name, self.training.seed + seed)
            for seed in range(self.seeds)
            for task, arm in self.groups()
        )

    def groups(self) -> Iterator[tuple[str, Arm]]:
        """Every task with every arm that is done for it."""
        for task in self.tasks:
            for arm in self.arms:
                if not arm.tasks or task in arm.tasks:
                    yield task, arm

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            NotFoundError: if there is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        names = ", ".join(arm.name for arm in self.arms)
        raise NotFoundError(f"study {self.name}", f"the arm {name!r}", f"one of {names}", "correct the name")

    def settings(self, cell: Cell) -> TrainingSettings:
        """How one cell is trained."""
        last = self.moments[-1]
        often = gcd(*self.moments) or 1
        changed = {"seed": cell.seed, "steps": last, "validate_every": often, "checkpoint_every": often}
        return replace(self.training, **{**self.arm(cell.arm).training, **changed})

    def measured(self, cell: Cell) -> MeasurePlan:
        """What one cell's networks are measured on."""
        return replace(self.measuring, **self.arm(cell.arm).measuring)
