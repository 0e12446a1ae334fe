"""All gates for one network, beside its references: the panel that is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import NotFoundError
from ..lang.program import Program
from ..semantics.batch import Batch
from ..semantics.defined import where_defined
from ..semantics.interpreter import interpret
from ..semantics.trace import Trace
from .ablation import Rows, ablation
from .admissible import admissible_answers, admissible_trace, only_answers
from .behaviour import Valid, behaviour
from .bootstrap import LEVEL, RESAMPLES
from .donors import Pairs, draw_pairs
from .floors import Floors, References, Row, Scores
from .foreign import ForeignSubject
from .foreign_ablation import foreign_ablation
from .intervention import carry_out, inert, judge
from .plan import Plan
from .probing import Probing
from .routing import admissible_routing, matched_routing
from .score import Plain, Score, difference
from .subject import AbstractSubject, Measured, NetworkSubject, subject_of
from .swaps import plan_swaps
from .traces import trace_errors
from .unmapped import plan_unmapped, unmapped_effects
from .verdict import Verdict, verdict

SWAPS_PER_SITE = 4
"""Exchanges in each graph for every site of each program at which nothing must change."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a network is measured on.

    Attributes:
        program: what it should compute.
        rivals: other programs with the same inputs and outputs, that it might compute instead.
        batch: the graphs of all gates.
        pairs: the runs between which states are exchanged; by default every graph with four donors,
            in which every mask_one of the inputs is redrawn.
        valid: says at which nodes an answer is right; without it the program's own admissible
            choices are.
        sizes: more batches, for behaviour only.
        swaps: exchanges of node states in each graph, at most.
        probes: whether variables are read off hidden vectors by probes as well.
        seed: of everything that is drawn.
    """

    program: Program
    batch: Batch
    rivals: tuple[Program, ...] = ()
    pairs: Pairs | None = None
    valid: Valid | None = None
    sizes: tuple[Batch, ...] = ()
    swaps: int = 16
    probes: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Gates:
    """The figures of one subject.

    Attributes:
        scores: by gate and measure, such as "routing/gap".
        curves: variable -> trace error at frame 1, 2, …
        trace: the run that they were read from.
    """

    scores: dict[str, Score]
    curves: dict[str, tuple[Score, ...]]
    trace: Trace


@dataclass(frozen=True)
class Panel:
    """All figures of one network beside those of its references.

    Attributes:
        program: name of the program.
        rows: by gate and measure.
        curves: variable -> trace error at frame 1, 2, …
        seed_to_seed: strict routing measures between the subject and each of its peers.
        verdict: which algorithms the interventions reject.
        conditions: how it was measured.
        excess: of each peer, the distance to the compiled network less that to the peer.
    """

    program: str
    rows: dict[str, Row]
    curves: dict[str, tuple[Score, ...]]
    seed_to_seed: dict[str, dict[str, Score]]
    verdict: Verdict
    conditions: Plain = field(default_factory=dict)
    excess: dict[str, dict[str, Score]] = field(default_factory=dict)

    def to_json(self) -> Plain:
        """The panel as plain data."""
        return {
            "program": self.program,
            "conditions": self.conditions,
            "rows": {name: row.to_json() for name, row in self.rows.items()},
            "curves": {name: [s.to_json() for s in curve] for name, curve in self.curves.items()},
            "seed_to_seed": _by_peer(self.seed_to_seed),
            "excess": _by_peer(self.excess),
            "verdict": self.verdict.to_json(),
        }


class Bench:
    """A setting made ready: everything that does not depend on the network that is measured.

    Args:
        setting: what to measure on.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        program, batch = setting.program, setting.batch
        self.exact = interpret(program, batch, selections=True)
        self.choices, self.answers = admissible_trace(program, self.exact)
        self.defined = where_defined(program, batch)
        self.sizes = [interpret(program, each) for each in setting.sizes]
        pairs = setting.pairs or draw_pairs(program.interface, batch, seed=setting.seed)
        self.programs = {p.name: p for p in (program, *setting.rivals)}
        self.plan = self._planned(pairs)
        self.probing = self._probing() if setting.probes else None
        sites = max(1, setting.swaps // SWAPS_PER_SITE)
        tests = [plan_unmapped(p, pairs, swaps=sites, seed=setting.seed) for p in self.programs.values()]
        self.unmapped = [test for test in tests if test is not None]
        self.heard = Rows.drawn(self.exact, seed=setting.seed)

    def gates(self, subject: AbstractSubject, reference: Trace | None = None, *, sizes: bool = True) -> Gates:
        """All gates for one subject.

        Args:
            subject: what is measured.
            reference: a run of the reference network with attention, for the strict routing measures.
            sizes: whether behaviour on the further batches is measured too.
        """
        program = self.setting.program
        trace = subject.run(self.setting.batch, self.exact.lengths, attention=True)
        hints = tuple(port for port in program.interface.hints if port.name in trace.values)
        errors = trace_errors(trace, self.exact, hints, self.choices, self.defined)
        scores = {
            **_under("behaviour", behaviour(trace, self.exact, self.answers, self.setting.valid)),
            **_under("trace", errors.scores),
            **_under("probe", self.probing.scores(trace) if self.probing is not None else {}),
            **_under("routing", admissible_routing(trace, self.exact)),
            **_under("intervention", self._causes(subject)),
            **_under("intervention", unmapped_effects(subject, self.unmapped, program.name)),
        }
        scores |= _under("ablation", self._removals(subject))
        if reference is not None:
            scores |= _under("routing", matched_routing(trace, reference, self.exact))
        for exact in self.sizes if sizes else ():
            run = subject.run(exact.batch, exact.lengths)
            answers = (only_answers if self.setting.valid else admissible_answers)(program, exact)
            found = behaviour(run, exact, answers, self.setting.valid)
            scores |= _under(f"behaviour/n={int(exact.batch.sizes.max())}", found)
        return Gates(scores, errors.curves, trace)

    def inert(self) -> Scores:
        """What interventions score of a subject in which no exchange has any effect."""
        if self.plan is None:
            return {}
        name = self.setting.program.name
        return _under("intervention", judge(inert(self.plan, name), self.plan, name))

    @property
    def exchanges(self) -> int:
        """How many exchanges are carried out."""
        return 0 if self.plan is None else len(self.plan.lengths)

    def _planned(self, pairs: Pairs) -> Plan | None:
        """The exchanges; None for a program with no place for any, of which gate 3 says nothing."""
        try:
            return plan_swaps(self.programs, pairs, swaps=self.setting.swaps, seed=self.setting.seed)
        except NotFoundError:
            return None

    def _causes(self, subject: AbstractSubject) -> Scores:
        if self.plan is None:
            return {}
        return judge(carry_out(subject, self.plan), self.plan, self.setting.program.name)

    def _removals(self, subject: AbstractSubject) -> Scores:
        if self.heard is None:
            return {}
        if isinstance(subject, NetworkSubject):
            return ablation(subject.network, self.setting.program, self.exact, self.heard)
        return (
            foreign_ablation(subject, self.exact, self.heard) if isinstance(subject, ForeignSubject) else {}
        )

    def _probing(self) -> Probing:
        setting = self.setting
        rivals = [(rival, interpret(rival, setting.batch)) for rival in setting.rivals]
        return Probing(setting.program, self.exact, self.choices, rivals, setting.seed)


class Standard:
    """References that were measured once, beside which networks of one shape are put.

    Args:
        bench: what is measured on.
        references: the networks whose figures stand beside.
        like: a network of the shape; untrained ones are made like it.
    """

    def __init__(self, bench: Bench, references: References, like: Measured) -> None:
        self.bench = bench
        program, setting = bench.setting.program, bench.setting
        exact, self._reference = None, None
        if references.exact is not None:
            compiled = subject_of(references.exact, program)
            self._reference = compiled.run(setting.batch, bench.exact.lengths, attention=True)
            exact = bench.gates(compiled, self._reference)
        untrained = references.floor(like, setting.seed)
        self._untrained, self._orbit = len(untrained), len(references.orbit)
        self._peers = {name: self._gates(peer) for name, peer in references.peers.items()}
        self._floors = Floors(
            exact.scores if exact is not None else {},
            {name: self._gates(other).scores for name, other in references.ties.items()},
            [self._gates(other).scores for other in untrained],
            {name: found.scores for name, found in self._peers.items()},
            bench.inert(),
            {name: self._gates(other).scores for name, other in references.orbit.items()},
        )

    def panel(self, network: Measured) -> Panel:
        """All figures of a network beside those of the references."""
        bench, program = self.bench, self.bench.setting.program
        own = bench.gates(subject_of(network, program), self._reference)
        table = {key: self._floors.beside(key, value) for key, value in own.scores.items()}
        between = {
            name: matched_routing(own.trace, found.trace, bench.exact) for name, found in self._peers.items()
        }
        judged = verdict(table, list(bench.programs))
        more = {name: _excess(own.scores, found) for name, found in between.items()}
        conditions = _conditions(bench, self._untrained, self._orbit)
        return Panel(program.name, table, own.curves, between, judged, conditions, more)

    def _gates(self, other: Measured) -> Gates:
        return self.bench.gates(subject_of(other, self.bench.setting.program), self._reference, sizes=False)


def measure(network: Measured, setting: Setting, references: References | None = None) -> Panel:
    """Measure a network on a setting, beside its references.

    Args:
        network: compiled, trained or untrained; or any other subject, such as a ``ForeignSubject``.
        setting: what to measure on.
        references: the networks whose figures stand beside.
    """
    return Standard(Bench(setting), references or References(), network).panel(network)


def _excess(own: Scores, between: Scores) -> dict[str, Score]:
    """How much further a network is from the exact one than from a peer, by strict measures."""
    return {
        name: difference(f"excess of {name}", own[f"routing/{name}"], other)
        for name, other in between.items()
        if f"routing/{name}" in own
    }


def _by_peer(scores: Mapping[str, Scores]) -> Plain:
    return {peer: {name: s.to_json() for name, s in found.items()} for peer, found in scores.items()}


def _conditions(bench: Bench, untrained: int, orbit: int) -> Plain:
    setting, batch = bench.setting, bench.setting.batch
    return {
        "programs": {name: program.digest for name, program in bench.programs.items()},
        "graphs": len(batch),
        "nodes": [int(batch.sizes.min()), int(batch.sizes.max())],
        "frames": bench.exact.frames,
        "exchanges": bench.exchanges,
        "untrained": untrained,
        "orbit": orbit,
        "seed": setting.seed,
        "interval": f"{LEVEL:.0%} cluster bootstrap over graphs, {RESAMPLES} resamples",
        "valid": setting.valid is not None,
    }


def _under(gate: str, scores: Mapping[str, Score]) -> Scores:
    return {f"{gate}/{name}": value for name, value in scores.items()}
