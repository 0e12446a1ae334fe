"""What the controls of the measures share: a setting, networks to hold against it, and records of checks."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..compiler.passes import CompileSettings, compile_program
from ..measures.claims import claim
from ..measures.floors import Floors
from ..measures.panel import Bench, Setting
from ..measures.score import Score
from ..measures.subject import Measured, subject_of
from ..measures.verdict import Verdict, verdict
from ..nets.network import Network
from ..tasks.catalogue import load
from ..training.loop import Company, train
from ..training.run import Run
from ..training.settings import TrainingSettings
from .families import sparse_chance
from .learning import traces

if TYPE_CHECKING:
    from ..semantics.trace import Trace
    from ..tasks.task import Task

Scores = Mapping[str, Score]

RIVALS = ("bfs_distance", "bfs_frontier")
SHOWN = 3
"""Figures that are kept of a check: those that are farthest from what they should be."""


@dataclass(frozen=True)
class SelftestPlan:
    """How large the controls are.

    Attributes:
        nodes, graphs: of the graphs of all controls.
        swaps: exchanges of node states in each graph.
        realisations: random exact networks of each family.
        steps: of the training of each seed.
        seed: of everything that is drawn.
    """

    nodes: int = 12
    graphs: int = 32
    swaps: int = 8
    realisations: int = 3
    steps: int = 300
    seed: int = 0


@dataclass(frozen=True)
class Check:
    """One assertion of a control, and what was found.

    Attributes:
        control: its name, C1 to C9.
        what: what was measured.
        expected: what must be found, in words.
        tolerance: how far a figure may be off.
        found: the figures that are farthest off, named as the rows of the panel.
        counted: how many figures were held against what is expected.
        off: how far the farthest is off.
        blamed: rows that are off by more than the tolerance.
    """

    control: str
    what: str
    expected: str
    tolerance: float
    found: tuple[Score, ...]
    counted: int
    off: float
    blamed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether there was something to hold against it, and nothing was off."""
        return self.counted > 0 and not self.blamed

    def to_json(self) -> dict[str, Any]:
        """The check as plain data."""
        return {
            "control": self.control,
            "what": self.what,
            "expected": self.expected,
            "tolerance": self.tolerance,
            "found": [score.to_json() for score in self.found],
            "counted": self.counted,
            "off": self.off,
            "blamed": list(self.blamed),
            "passed": self.passed,
        }


@dataclass(frozen=True)
class Statement:
    """What a control says of its figures.

    Attributes:
        control, what, expected, tolerance: as in ``Check``.
    """

    control: str
    what: str
    expected: str
    tolerance: float = 0.0

    def check(self, figures: Iterable[tuple[str, Score, float]]) -> Check:
        """Hold figures against it.

        Args:
            figures: name of the row, the score, and how far it is off; what is unknown does not count.
        """
        known = [each for each in figures if each[1].known]
        known.sort(key=lambda each: -each[2])
        limits = [max(self.tolerance, claim(name).tolerance) for name, _, _ in known]
        blamed = [name for (name, _, off), limit in zip(known, limits, strict=True) if not off <= limit]
        return Check(
            self.control,
            self.what,
            self.expected,
            self.tolerance,
            tuple(replace(score, name=name) for name, score, _ in known[:SHOWN]),
            len(known),
            known[0][2] if known else float("nan"),
            tuple(dict.fromkeys(blamed)),
        )


class ControlBench:
    """Breadth-first search and its rivals, ready to measure controls on.

    Args:
        plan: how large.
    """

    def __init__(self, plan: SelftestPlan) -> None:
        self.plan = plan
        self.task = load("bfs")
        self.program = self.task.program
        self.rivals = tuple(load(name).program for name in RIVALS)
        # Networks that are exact for more nodes bear less noise than they need to here.
        self.settings = CompileSettings(n=plan.nodes)
        self.bench = self._bench(self.task)

    def _bench(self, task: Task) -> Bench:
        plan = self.plan
        batch = task.sample(plan.seed, plan.nodes, plan.graphs, p=sparse_chance(task, plan.nodes))
        setting = Setting(
            program=task.program,
            rivals=self.rivals,
            batch=batch,
            valid=task.valid,
            swaps=plan.swaps,
            seed=plan.seed,
        )
        return Bench(setting)

    @cached_property
    def exact(self) -> Network:
        """The compiled network."""
        return compile_program(self.program, self.settings).network

    @cached_property
    def reference(self) -> Trace:
        """A run of the compiled network, for the strict measures."""
        subject = subject_of(self.exact, self.program)
        return subject.run(self.bench.setting.batch, self.bench.exact.lengths, attention=True)

    @cached_property
    def trained(self) -> tuple[Network, Network]:
        """Networks that were trained from two seeds."""
        return self._trained(1), self._trained(2)

    @cached_property
    def untrained(self) -> tuple[Scores, ...]:
        """The scores of untrained networks of the shape of the trained ones."""
        config = self._training(0).network(self.program.interface)
        return tuple(self.scores(Network(config, seed=self.plan.seed + k)) for k in (11, 12, 13))

    def scores(self, given: Measured) -> Scores:
        """The figures of all gates."""
        subject = subject_of(given, self.program)
        return self.bench.gates(subject, self.reference, sizes=False).scores

    def verdict(self, scores: Scores) -> Verdict:
        """Which algorithms figures reject, beside untrained networks."""
        floors = Floors({}, {}, list(self.untrained), {}, {})
        table = {name: floors.beside(name, score) for name, score in scores.items()}
        return verdict(table, list(self.bench.programs))

    def sharpened(self, factor: float) -> Network:
        """The compiled network with the logits of its attention multiplied."""
        from ..nets.attention_round import AbstractAttentionRound

        found = copy.deepcopy(self.exact)
        for module in found.modules():
            if isinstance(module, AbstractAttentionRound):
                module.sharpen(factor)
        return found

    def _trained(self, seed: int) -> Network:
        settings = self._training(self.plan.seed + seed)
        run = Run.start(self.program.interface, settings)
        train(run, traces(self.task, settings), Company(progress=False))
        return run.network.requires_grad_(False)

    def _training(self, seed: int) -> TrainingSettings:
        plan = self.plan
        sizes = (*(n for n in (4, 8) if n < plan.nodes), plan.nodes)
        return TrainingSettings(
            hidden=32,
            steps=plan.steps,
            learning_rate=4e-3,
            sizes=sizes,
            batch=16,
            layer_norm=False,
            seed=seed,
        )


def class_aware(scores: Scores) -> list[tuple[str, Score, float]]:
    """The rows that every exact realisation must bring to the ideal, with how far they are from it."""
    return [
        (name, score, abs(score.value - score.ideal))
        for name, score in scores.items()
        if not claim(name).strict and score.known and score.ideal == score.ideal
    ]
