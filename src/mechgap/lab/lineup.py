"""Line-ups: trained networks beside exact, rival, untrained and cheating ones, by every measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ..errors import MechgapError
from ..measures.bootstrap import LEVEL, RESAMPLES, mean_of
from ..measures.claims import claim
from ..measures.distance import Barrier, Distance, barrier, distance
from ..measures.floors import Floors
from ..measures.panel import Bench
from ..measures.routing import matched_routing
from ..measures.score import Score, difference, over_seeds, score
from ..measures.subject import subject_of
from ..measures.verdict import Verdict, verdict
from ..training.objective import losses
from .measurement import setting
from .norm_parts import norm_parts
from .suspects import CHEAT, EXACT, FLOOR, RIVAL, TRAINED, Suspect, suspects

if TYPE_CHECKING:
    from ..lang.program import Program
    from ..measures.panel import Gates
    from ..nets.network import Network
    from ..tasks.task import Task
    from .measurement import MeasurePlan
    from .verification import Watch

Plain = dict[str, Any]
Scores = Mapping[str, Score]

ACCURACY, NORM, GAP = "behaviour/valid", "routing/norm", "routing/gap"
ALIGNED = ("routing", "trace", "intervention", "ablation")
"""Gates whose class-aware rows say how networks of equal accuracy differ."""


@dataclass(frozen=True)
class Column:
    """The figures of a suspect.

    Attributes:
        name, role, what: as in ``Suspect``.
        members: how many networks are behind it.
        scores: by gate and measure.
        verdict: which algorithms the exchanges reject; None of untrained networks, which are its floor.
    """

    name: str
    role: str
    what: str
    members: int
    scores: Scores
    verdict: Verdict | None

    def to_json(self) -> Plain:
        """The column as plain data."""
        return {
            "name": self.name,
            "role": self.role,
            "what": self.what,
            "members": self.members,
            "verdict": self.verdict.to_json() if self.verdict else None,
            "rows": _plain(self.scores),
        }


@dataclass(frozen=True)
class Pair:
    """Two trained networks beside each other.

    Attributes:
        names: of the two.
        accuracy: share of valid answers of the first less that of the second.
        apart: class-aware rows of mechanism -> figure of the first less that of the second.
        routing: strict distances from one to the other.
        excess: strict distance of the first to the compiled network less that to the second.
        weights: how far the weights are apart after matching; None if they cannot be compared.
        hill: the loss between them; None if there is no line between them.
        refusal: why something is missing.
    """

    names: tuple[str, str]
    accuracy: Score
    apart: Scores
    routing: Scores
    excess: Scores
    weights: Distance | None
    hill: Barrier | None
    refusal: str = ""

    def to_json(self) -> Plain:
        """The pair as plain data."""
        return {
            "names": list(self.names),
            "accuracy": self.accuracy.to_json(),
            "apart": _plain(self.apart),
            "routing": _plain(self.routing),
            "excess": _plain(self.excess),
            "weights": self.weights.to_json() if self.weights else None,
            "barrier": self.hill.to_json() if self.hill else None,
            "refusal": self.refusal,
        }


@dataclass(frozen=True)
class Lineup:
    """Suspects side by side.

    Attributes:
        task: its name.
        programs: names of the program and its rivals.
        columns: a suspect each, in the order of their roles.
        ideals: row -> what an exact realisation scores; the rows in their order.
        faults: class-aware row -> why it is not to be reported.
        pairs: of trained networks.
        floor: row -> trained network -> its figure less the mean of the untrained ones, paired over graphs.
        inside: column -> what its rows of attention add to the legacy norm; see ``norm_parts``.
        missing: name of a column -> why it is missing.
        conditions: how it was measured.
    """

    task: str
    programs: tuple[str, ...]
    columns: tuple[Column, ...]
    ideals: Mapping[str, float]
    faults: Mapping[str, str]
    pairs: tuple[Pair, ...]
    floor: Mapping[str, Scores]
    inside: Mapping[str, Scores]
    missing: Mapping[str, str]
    conditions: Plain

    def of(self, role: str) -> tuple[Column, ...]:
        """The columns of a role."""
        return tuple(column for column in self.columns if column.role == role)

    @property
    def off(self) -> tuple[str, float]:
        """The class-aware row that is reported in which exact ones are farthest from ideal, and how far."""
        found = [
            (key, abs(column.scores[key].value - ideal))
            for column in self.of(EXACT)
            for key, ideal in self.ideals.items()
            if key in column.scores and key not in self.faults and not claim(key).strict and ideal == ideal
        ]
        return max(
            (each for each in found if each[1] == each[1]), key=lambda each: each[1], default=("", 0.0)
        )

    @property
    def inverted(self) -> tuple[str, ...]:
        """Trained networks that are farther than untrained ones by the legacy norm and nearer by the gap."""
        norms, gaps = self.floor.get(NORM, {}), self.floor.get(GAP, {})
        return tuple(n for n in norms if n in gaps and norms[n].low > 0 and gaps[n].high < 0)

    def to_json(self) -> Plain:
        """The line-up as plain data."""
        row, off = self.off
        return {
            "task": self.task,
            "programs": list(self.programs),
            "columns": [column.to_json() for column in self.columns],
            "ideals": dict(self.ideals),
            "strict": [key for key in self.ideals if claim(key).strict],
            "not_reported": dict(self.faults),
            "exact_apart": {"row": row, "most": off},
            "pairs": [pair.to_json() for pair in self.pairs],
            "less_untrained": {key: _plain(scores) for key, scores in self.floor.items()},
            "inverted": list(self.inverted),
            "inside_norm": {name: _plain(scores) for name, scores in self.inside.items()},
            "missing": dict(self.missing),
            "conditions": self.conditions,
        }


def lineup(
    task: Task,
    trained: Mapping[str, Network],
    rivals: Sequence[Program],
    plan: MeasurePlan,
    watch: Watch | None = None,
) -> Lineup:
    """Measure trained networks and all that they are to be told from, on the same graphs and exchanges.

    Args:
        task: what the networks should compute.
        trained: networks by name, at least one.
        rivals: programs that they might compute instead.
        plan: on what; further sizes are left out.
        watch: told about progress.

    Raises:
        NotFoundError: if no network is given.
        Refusal: if the task's program cannot be compiled.
    """
    made = setting(task, rivals, replace(plan, sizes=()))
    bench = Bench(made)
    present, missing = suspects(task, trained, rivals, plan, bench.exact)
    measured = _measured(bench, present, watch)
    floors = _floors(bench, present, measured)
    columns = tuple(_column(bench, floors, each, measured[each.name]) for each in present)
    ideals = {key: s.ideal for column in columns for key, s in column.scores.items()}
    return Lineup(
        task.name,
        tuple(bench.programs),
        columns,
        ideals,
        _faults(floors, columns),
        tuple(_pair(bench, names, trained, measured) for names in combinations(trained, 2)),
        _less_untrained(columns, floors),
        _inside(bench, present, measured),
        missing,
        _conditions(bench, plan, present),
    )


def _measured(bench: Bench, present: Sequence[Suspect], watch: Watch | None) -> dict[str, list[Gates]]:
    """The gates of the networks behind every column."""
    program, batch = bench.setting.program, bench.setting.batch
    compiled = next(each for each in present if each.role == EXACT).subjects[0]
    reference = subject_of(compiled, program).run(batch, bench.exact.lengths, attention=True)
    found: dict[str, list[Gates]] = {}
    for number, suspect in enumerate(present):
        if watch:
            watch(number, len(present), suspect.name)
        subjects = [subject_of(each, program) for each in suspect.subjects]
        found[suspect.name] = [bench.gates(subject, reference, sizes=False) for subject in subjects]
    return found


def _floors(bench: Bench, present: Sequence[Suspect], measured: Mapping[str, list[Gates]]) -> Floors:
    """The references of every row: exact realisations, and untrained networks."""
    exact, *others = (each.name for each in present if each.role == EXACT)
    orbit = {
        f"{name} {number}": gates.scores for name in others for number, gates in enumerate(measured[name], 1)
    }
    untrained = [g.scores for each in present if each.role == FLOOR for g in measured[each.name]]
    return Floors(measured[exact][0].scores, {}, untrained, {}, bench.inert(), orbit)


def _column(bench: Bench, floors: Floors, suspect: Suspect, gates: Sequence[Gates]) -> Column:
    joined = _worst if suspect.role == EXACT else over_seeds
    keys = dict.fromkeys(key for each in gates for key in each.scores)
    scores = {
        key: gates[0].scores[key]
        if len(gates) == 1
        else joined([each.scores[key] for each in gates if key in each.scores])
        for key in keys
    }
    table = {key: floors.beside(key, value) for key, value in scores.items()}
    judged = None if suspect.role == FLOOR else verdict(table, list(bench.programs))
    return Column(suspect.name, suspect.role, suspect.what, len(gates), scores, judged)


def _worst(scores: Sequence[Score]) -> Score:
    """The score that is farthest from ideal; of those without an ideal the largest."""
    known = [s for s in scores if s.known] or [scores[0]]
    return max(known, key=lambda s: abs(s.value - s.ideal) if s.ideal == s.ideal else s.value)


def _faults(floors: Floors, columns: Sequence[Column]) -> dict[str, str]:
    """Class-aware rows that fail a control."""
    found: dict[str, str] = {}
    for column in columns:
        for key, value in column.scores.items():
            fault = "" if claim(key).strict else floors.beside(key, value).fault
            if fault:
                found[key] = fault
    return found


def _pair(
    bench: Bench,
    names: tuple[str, str],
    trained: Mapping[str, Network],
    measured: Mapping[str, list[Gates]],
) -> Pair:
    one, two = (measured[name][0] for name in names)
    apart = {
        key: _less(one.scores[key], two.scores[key])
        for key in one.scores
        if key.split("/")[0] in ALIGNED and not claim(key).strict and key in two.scores
    }
    routing = matched_routing(one.trace, two.trace, bench.exact)
    excess = {
        key: difference(f"excess of {key}", one.scores[f"routing/{key}"], value)
        for key, value in routing.items()
        if f"routing/{key}" in one.scores
    }
    accuracy = _less(one.scores[ACCURACY], two.scores[ACCURACY])
    known = {key: value for key, value in apart.items() if value.known}
    return Pair(names, accuracy, known, routing, excess, *_weights(bench, *(trained[n] for n in names)))


def _weights(bench: Bench, one: Network, two: Network) -> tuple[Distance | None, Barrier | None, str]:
    """Gate 4, where the two have one shape."""
    loss, apart = _loss(bench), None
    try:
        apart = distance(one, two)
        return apart, barrier(one, two, loss), ""
    except MechgapError as error:
        fault = error.faults[0]
        return apart, None, f"{fault.where}: {fault.given}, expected {fault.expected}"


def _loss(bench: Bench) -> Callable[[Network], float]:
    """The loss of training on the graphs of the line-up."""
    import torch

    trace = replace(bench.exact, defined=bench.defined)

    def loss(network: Network) -> float:
        with torch.no_grad():
            return float(torch.stack(list(losses(network, trace).values())).sum())

    return loss


def _inside(
    bench: Bench, present: Sequence[Suspect], measured: Mapping[str, list[Gates]]
) -> dict[str, dict[str, Score]]:
    """What the legacy norm is made of; of columns with several exact networks, in the first one."""
    exact = next(each.name for each in present if each.role == EXACT)
    reference, found = measured[exact][0].trace, {}
    for each in present:
        gates = measured[each.name] if each.role == FLOOR else measured[each.name][:1]
        parts = [norm_parts(one.trace, reference, bench.exact) for one in gates]
        if parts[0]:
            found[each.name] = {
                key: parts[0][key] if len(parts) == 1 else over_seeds([part[key] for part in parts])
                for key in parts[0]
            }
    return found


def _less_untrained(columns: Sequence[Column], floors: Floors) -> dict[str, dict[str, Score]]:
    """The figures of trained networks less the mean of the untrained ones, row by row."""
    found: dict[str, dict[str, Score]] = {}
    trained = [column for column in columns if column.role == TRAINED]
    for key in dict.fromkeys(key for column in trained for key in column.scores):
        known = [scores[key] for scores in floors.random if key in scores and scores[key].known]
        groups = [s.clusters for s in known if s.clusters is not None]
        if not groups:
            continue
        mean = score(f"untrained {key}", mean_of(groups), known[0].ideal, n=sum(s.n for s in known))
        rows = {c.name: _less(c.scores[key], mean) for c in trained if key in c.scores}
        found[key] = {name: value for name, value in rows.items() if value.known}
    return {key: rows for key, rows in found.items() if rows}


def _less(left: Score, right: Score) -> Score:
    """One figure less another of the same graphs."""
    return difference(f"{left.name} less {right.name}" if left.name != right.name else left.name, left, right)


def _conditions(bench: Bench, plan: MeasurePlan, present: Sequence[Suspect]) -> Plain:
    batch = bench.setting.batch
    return {
        "programs": {name: program.digest for name, program in bench.programs.items()},
        "graphs": len(batch),
        "nodes": [int(batch.sizes.min()), int(batch.sizes.max())],
        "frames": bench.exact.frames,
        "exchanges": bench.exchanges,
        "seed": plan.seed,
        "networks": {role: sum(len(s.subjects) for s in present if s.role == role) for role in _COUNTED},
        "interval": f"{LEVEL:.0%} cluster bootstrap over graphs, {RESAMPLES} resamples",
    }


_COUNTED = (TRAINED, EXACT, RIVAL, FLOOR, CHEAT)


def _plain(scores: Scores) -> Plain:
    return {key: value.to_json() for key, value in scores.items()}
