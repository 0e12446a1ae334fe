"""Gate 1, trace, by linear probes: what variables of the nodes can be read off hidden vectors at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..lang.program import Program
from ..semantics.trace import Trace
from .bootstrap import Clusters, Floats, difference_of, mean_of
from .examples import Examples, Task, input_vectors, tasks
from .probes import AbstractFit, Whitening
from .score import Score, score


@dataclass(frozen=True)
class _Sent:
    """An online code of one variable.

    Attributes:
        fit: what all graphs but those of the last block taught.
        bits: [S, P], how long the truth is at each place.
    """

    fit: AbstractFit
    bits: Tensor


class Probing:
    """Everything about the probes of a program that does not depend on the network that is probed.

    Args:
        program: whose variables are read.
        exact: its run.
        choices: node pointer -> [T, B, N, N], all its admissible targets.
        rivals: other programs with their runs on the same inputs; their further variables are read too.
        seed: of the split of the graphs and of the frames that are taken.
    """

    def __init__(
        self,
        program: Program,
        exact: Trace,
        choices: Mapping[str, Tensor],
        rivals: Sequence[tuple[Program, Trace]] = (),
        seed: int = 0,
    ) -> None:
        self.program = program
        self.examples = Examples.of(exact, seed)
        self.tasks: list[Task] = []
        self._unread: dict[str, Tensor] = {}
        self._floors: dict[str, Score] = {}
        if not self.examples.splits:
            return
        self.tasks += tasks(self.examples, program, exact, choices)
        known = {v.name for v in program.state}
        for rival, trace in rivals:
            further = [task for task in tasks(self.examples, rival, trace) if task.name not in known]
            self.tasks += [task.under(rival.name) for task in further]
        nothing = torch.zeros(*self.examples.nodes.shape, 0, dtype=torch.float64)
        self._unread = {task.name: self._sent(task, nothing).bits for task in self.tasks}
        inputs = self._whitened(input_vectors(self.examples, program, exact))
        for task in self.tasks:
            fit = task.probe.fit(inputs[self.examples.fitted], task.goal.take(self.examples.fitted))
            clusters = self._clusters(task, self._tested(task, fit, inputs))
            self._floors |= self._score("inputs", task, clusters, float("nan"), "error of a probe of inputs")

    def scores(self, trace: Trace) -> dict[str, Score]:
        """The scores of the probes on a run of a network.

        Args:
            trace: with hidden vectors, of the same runs and frames as the program's.

        Returns:
            For every variable V "error/V", "r2/V" (numbers only), "difference/V" (hints only),
            "selectivity/V", "compression/V" and "inputs/V"; "error" and "difference" are means over
            the hints that are not numbers. Nothing without hidden vectors, or if there are too few
            graphs to split.
        """
        if trace.hidden is None or not self.tasks:
            return {}
        x = self._whitened(self.examples.read(trace.hidden))
        hints = {port.name for port in self.program.interface.hints}
        found: dict[str, Score] = {}
        errors, owns = [], []
        for task in self.tasks:
            sent = self._sent(task, x, self._unread[task.name])
            error = self._clusters(task, self._tested(task, sent.fit, x))
            found |= self._read_scores(task, error)
            if not task.rival and task.name in hints:
                own = self._clusters(task, task.decoded(self.examples, trace)[self.examples.tested])
                apart = difference_of(own, error)
                found |= self._score("difference", task, apart, 0.0, "decoder - probe, at the same places")
                if not task.is_number and found[f"error/{task.name}"].known:
                    errors.append(error)
                    owns.append(own)
            found |= self._explained(task, sent, x)
        return {**_overall(errors, owns), **found, **self._floors}

    def _read_scores(self, task: Task, error: Clusters) -> dict[str, Score]:
        note = f"{task.probe.capacity}; on graphs that it was not fitted to, taken as it is"
        note = f"mean absolute error; {note}" if task.is_number else note
        return self._score("error", task, error, 0.0, note)

    def _explained(self, task: Task, sent: _Sent, x: Tensor) -> dict[str, Score]:
        """What the vectors tell beyond labels that mean nothing, and beyond frequencies."""
        fitted, tested = self.examples.fitted, self.examples.tested
        control = task.probe.fit(x[fitted], task.control.take(fitted))
        skill = self._skill(task, sent.fit.skill(x[tested], task.goal.take(tested)))
        apart = difference_of(skill, self._skill(task, control.skill(x[tested], task.control.take(tested))))
        what = "R²" if task.is_number else "accuracy"
        note = f"{what} beyond that with random labels for each position and frame"
        found = self._score("r2", task, skill, 1.0, "") if task.is_number else {}
        found |= self._score("selectivity", task, apart, float("nan"), note)
        code = Clusters(self._spread(task, self._unread[task.name]), self._spread(task, sent.bits))
        note = "bits without over bits with the vectors, in an online code"
        return found | self._score("compression", task, code, float("nan"), note, task.goal.counted)

    def _sent(self, task: Task, x: Tensor, other: Tensor | None = None) -> _Sent:
        """The online code (Voita and Titov 2020): each block is coded by what the blocks before it taught.

        Args:
            task: what is coded.
            x: what is known at nodes.
            other: [S, P], another code; each block takes the shorter one, and says which in one bit.
        """
        bits = torch.zeros(task.goal.counted.shape, dtype=torch.float64)
        seen = bits.new_zeros(0, dtype=torch.int64)
        for block in self.examples.blocks:
            fit = task.probe.fit(x[seen], task.goal.take(seen))
            goal = task.goal.take(block)
            bits[block] = fit.bits(x[block], goal)
            if other is not None:
                if bits[block].sum() > other[block].sum():
                    bits[block] = other[block]
                bits[block] += goal.counted / goal.counted.sum().clamp(min=1)
            seen = torch.cat([seen, block])
        return _Sent(fit, bits)

    def _whitened(self, vectors: Tensor) -> Tensor:
        """Vectors [S, N, K] whitened by those of the graphs that probes are fitted to."""
        nodes, fitted = self.examples.nodes, self.examples.fitted
        vectors = vectors.to(torch.float64).nan_to_num(0.0, 0.0, 0.0)  # untrained networks may overflow
        made = Whitening.of(vectors[fitted][nodes[fitted]])(vectors)
        return torch.where(nodes[..., None], made, 0.0)

    def _tested(self, task: Task, fit: AbstractFit, x: Tensor) -> Tensor:
        tested = self.examples.tested
        return fit.errors(x[tested], task.goal.take(tested))

    def _skill(self, task: Task, parts: tuple[Tensor, Tensor]) -> Clusters:
        counted = task.goal.counted[self.examples.tested]
        graph = self.examples.graph[self.examples.tested]
        above, below = (self._summed(torch.where(counted, part, 0.0), graph) for part in parts)
        return self._halved(Clusters(above, below))

    def _clusters(self, task: Task, errors: Tensor) -> Clusters:
        """The errors [S', P] in the graphs of the test."""
        return self._skill(task, (errors, torch.ones_like(errors)))

    def _summed(self, values: Tensor, graph: Tensor) -> Floats:
        sums = torch.zeros(len(self.examples.rank), dtype=torch.float64)
        found: Floats = sums.index_add(0, graph, values.sum(1)).numpy()
        return found

    def _spread(self, task: Task, bits: Tensor) -> Floats:
        """The bits [S, P] of each held-out graph, with an even share of those that taught the last probe."""
        learned = float(bits[self.examples.fitted].sum())
        counts = self._clusters(task, torch.ones_like(bits)[self.examples.tested]).denominator
        held = self._summed(bits, self.examples.graph)[self.examples.held_out.numpy()]
        present = counts > 0
        return np.asarray(held + learned * present / max(1, present.sum()), dtype=np.float64)

    def _halved(self, clusters: Clusters) -> Clusters:
        rows = self.examples.held_out.numpy()
        return Clusters(clusters.numerator[rows], clusters.denominator[rows])

    def _score(
        self,
        measure: str,
        task: Task,
        clusters: Clusters,
        ideal: float,
        note: str,
        counted: Tensor | None = None,
    ) -> dict[str, Score]:
        name = f"{measure}/{task.name}"
        counted = task.goal.counted[self.examples.tested] if counted is None else counted
        ideal = float("nan") if task.rival else ideal
        return {name: score(name, clusters, ideal, note=note, n=int(counted.sum()))}


def _overall(errors: Sequence[Clusters], owns: Sequence[Clusters]) -> dict[str, Score]:
    """The means over the hints at nodes that are not numbers."""
    if not errors:
        return {}
    note = "mean over the hints at nodes that are not numbers"
    count = int(sum(part.denominator.sum() for part in errors))
    error = mean_of(errors)
    apart = difference_of(mean_of(owns), error)
    return {
        "error": score("error", error, 0.0, note=note, n=count),
        "difference": score("difference", apart, 0.0, note=f"decoder - probe; {note}", n=count),
    }
