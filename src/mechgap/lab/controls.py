"""Controls of the measures: what must come out for subjects whose mechanism is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from ..compiler.passes import compile_program
from ..compiler.targets.catalogue import TARGETS
from ..lang.expression import Tie
from ..lang.program import Program
from ..measures.claims import claim
from ..measures.foreign import ForeignSubject
from ..measures.intervention import carry_out, judge
from ..measures.panel import Bench, Setting
from ..measures.routing import matched_routing
from ..measures.score import Score
from ..measures.subject import AbstractSubject, Measured, NetworkSubject, ProgramSubject, subject_of
from ..nets.network import Network
from ..nets.symmetries import rearrange
from ..tasks.catalogue import load
from .control_bench import Check, ControlBench, Scores, Statement, class_aware
from .distillation import DistillationPlan, distilled
from .disturbances import with_noise
from .families import sparse_chance
from .impostors import Memoriser, Spread
from .mixture import MixtureSteps, NetworkSteps
from .realisations import realisations
from .rivals import with_ties

if TYPE_CHECKING:
    from ..semantics.trace import Trace

Figure = tuple[str, Score, float]

PAIRS = (
    ("bellman_ford", "bellman_ford_seq"),
    ("independent_set", "independent_set_seq"),
    ("components", "components_seq"),
)
"""Programs with the same ports and answers that compute in other ways, compiled; those of BFS come on top."""
UNCOMPILED = (("odd_even_sort", "insertion_sort_light"), ("insertion_sort", "bubble_sort"))
"""More, as programs: their networks keep copies of the keys in their states, which go along in exchanges."""
FAR = 0.2
"""How far from the ideal a figure must be that sees a difference."""
SHARPNESS = (*(2.0 ** (-k / 2) for k in range(32, 8, -1)), 1.0)
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
NOISE = 1e-4
"""Deviation of the noise on weights, relative to each: most networks bear so much, and some ten times it."""


def gauge(bench: ControlBench) -> Iterator[Check]:
    """C1: exact networks by other weights, of all families."""
    plan = bench.plan
    for target in TARGETS:
        found: list[Figure] = []
        for made in realisations(bench.task, target, plan.realisations, plan.seed, settings=bench.settings):
            found += class_aware(bench.scores(made.network))
        what = f"{plan.realisations} random exact networks of {target}"
        yield Statement("C1", what, "every class-aware figure is ideal").check(found)
    generator = torch.Generator().manual_seed(plan.seed)
    moved = bench.scores(rearrange(bench.exact, generator, 48).network)
    own = bench.scores(bench.exact)
    statement = Statement("C1", "units in another order and scale", "every figure, strict too, is the same")
    yield statement.check([(name, s, abs(s.value - own[name].value)) for name, s in moved.items()])


def ties(bench: ControlBench) -> Iterator[Check]:
    """C2: the first, the last and all of several equal choices."""
    last = with_ties(bench.program, lambda choice: Tie.LAST)
    assert last is not None
    variants: dict[str, Measured] = {
        "the first of equal choices": bench.exact,
        "the last of equal choices": compile_program(last, bench.settings).network,
        "all equal choices alike": Spread(subject_of(bench.exact, bench.program), bench.program),
    }
    measured = {name: bench.scores(subject) for name, subject in variants.items()}
    for name, scores in measured.items():
        yield Statement("C2", name, "every class-aware figure is ideal").check(class_aware(scores))
    other = measured["the last of equal choices"]
    strict = [(n, s, _short(_gap(s), 1e-3)) for n, s in other.items() if claim(n).strict]
    yield Statement("C2", "the last of equal choices", "every strict figure is away from ideal").check(strict)


def temperature(bench: ControlBench) -> Iterator[Check]:
    """C3: softer attention."""
    rows = [bench.scores(bench.sharpened(factor)) for factor in SHARPNESS]
    names = [name for name in rows[0] if claim(name).reads == "attention"]
    ends = [(name, rows[-1][name], abs(rows[-1][name].value - rows[-1][name].ideal)) for name in names]
    yield Statement("C3", "attention at full sharpness", "figures of attention are ideal", 1e-6).check(ends)
    jumps = [
        (name, sharp[name], abs(sharp[name].value - soft[name].value))
        for soft, sharp in pairwise(rows)
        for name in names
    ]
    what = "attention made sharper by steps of 2^1/2, from 2^-16 on"
    yield Statement("C3", what, "no figure of attention jumps", 0.25).check(jumps)
    strict = [name for name in names if claim(name).strict]
    back = [
        (name, sharp[name], max(0.0, sharp[name].value - soft[name].value))
        for soft, sharp in pairwise(rows)
        for name in strict
    ]
    yield Statement("C3", what, "strict figures only fall", 1e-3).check(back)


def rivals(bench: ControlBench) -> Iterator[Check]:
    """C4: programs with equal answers that compute in other ways."""
    networks = {p.name: compile_program(p, bench.settings).network for p in bench.bench.programs.values()}
    found = {name: bench.scores(network) for name, network in networks.items()}
    for rival in bench.rivals:
        yield _told_apart(bench.program.name, rival.name, (found[bench.program.name], found[rival.name]))
    for left, right in (*PAIRS, *UNCOMPILED):
        programs = load(left).program, load(right).program
        yield _told_apart(left, right, _paired(bench, *programs, compiled=(left, right) in PAIRS))


def _paired(bench: ControlBench, left: Program, right: Program, *, compiled: bool) -> tuple[Scores, Scores]:
    """The interventions of two programs."""
    task, plan = load(left.name), bench.plan
    batch = task.sample(plan.seed, plan.nodes, plan.graphs // 2, p=sparse_chance(task, plan.nodes))
    made = Bench(Setting(program=left, batch=batch, rivals=(right,), swaps=plan.swaps, seed=plan.seed)).plan
    assert made is not None

    def scores(program: Program) -> Scores:
        subject: AbstractSubject = ProgramSubject(program)
        if compiled:
            subject = NetworkSubject(compile_program(program, bench.settings).network, left)
        outputs = carry_out(subject, made)
        return {f"intervention/{name}": s for name, s in judge(outputs, made, left.name).items()}

    return scores(left), scores(right)


def _told_apart(left: str, right: str, found: tuple[Scores, Scores]) -> Check:
    key = f"intervention/delta/{left}/{right}"
    figures = [
        (key, scores[key], abs(scores[key].value - sign)) for scores, sign in zip(found, (1, -1), strict=True)
    ]
    return Statement("C4", f"{left} and {right}", "delta is +1 for one and -1 for the other").check(figures)


def untrained(bench: ControlBench) -> Iterator[Check]:
    """C5: untrained networks."""
    found = [figure for scores in bench.untrained for figure in _seen(scores, ())]
    expected = f"in every gate some class-aware figure is {FAR} or more from ideal"
    yield Statement("C5", "3 untrained networks", expected).check(found)
    yield _rejected(bench, "C5", "an untrained network", bench.untrained[0])


def cheat(bench: ControlBench) -> Iterator[Check]:
    """C6: right answers without the mechanism."""
    scores = bench.scores(ForeignSubject(Memoriser(bench.program, bench.plan.seed), bench.program))
    fooled = [each for each in class_aware(scores) if claim(each[0]).reads in ("answers", "decoder")]
    yield Statement("C6", "a lookup table", "answers and hints are right: they see nothing").check(fooled)
    expected = f"all figures of attention and some in every gate of states are {FAR} or more from ideal"
    seen = _seen(scores, ("answers", "decoder"), each="attention")
    yield Statement("C6", "a lookup table", expected).check(seen)
    yield _rejected(bench, "C6", "a lookup table", scores)


def seeds(bench: ControlBench) -> Iterator[Check]:
    """C7: two networks trained from other seeds, beside untrained and compiled ones."""
    measured = [bench.scores(network) for network in bench.trained]
    floor = bench.untrained[0]
    valid = [(n, s[n], max(0.0, 0.95 - s[n].value)) for s in measured for n in ("behaviour/valid",)]
    yield Statement("C7", "networks trained from two seeds", "95 % of answers are valid").check(valid)
    nearer = [
        (name, scores[name], _short(abs(floor[name].value - s.ideal) - abs(s.value - s.ideal), 0.1))
        for scores in measured
        for name, s in scores.items()
        if name in ("trace/error", "routing/gap")
    ]
    expected = "nearer to ideal than an untrained one, by 0.1 or more"
    yield Statement("C7", "networks trained from two seeds", expected).check(nearer)
    runs = [_run(bench, network) for network in bench.trained]
    between = matched_routing(runs[0], runs[1], bench.bench.exact)
    apart = [(f"routing/{n}", s, 0.0 if 0 < s.value <= 1 else 1.0) for n, s in between.items()]
    yield Statement("C7", "one seed against the other", "strict distances that others are read beside").check(
        apart
    )


def natural(bench: ControlBench) -> Iterator[Check]:
    """C8: the algorithm in weights that do not look compiled."""
    for target in TARGETS:
        made = next(
            iter(realisations(bench.task, target, 1, bench.plan.seed + 1, width=32, settings=bench.settings))
        )
        noisy = with_noise(made.network, NOISE, (bench.plan.seed, 1))
        what = f"{target}: other order, scale and width, and noise of {NOISE:g} on all weights"
        statement = Statement("C8", what, "class-aware figures are nearly ideal", 0.01)
        yield statement.check(class_aware(bench.scores(noisy)))
    plan = DistillationPlan(nodes=min(10, bench.plan.nodes), seed=bench.plan.seed)
    before = bench.trained[0]
    own = distilled(before, bench.task, {p.name: p for p in bench.rivals}, plan)
    yield from _distilled(bench, bench.scores(before), bench.scores(own))


def _distilled(bench: ControlBench, before: Scores, after: Scores) -> Iterator[Check]:
    """That a network which was trained to act as the program is seen to do so."""
    what = "a trained network, trained on exchanges to act as bfs"
    figures = class_aware(after)
    seen = [figure for figure in figures if claim(figure[0]).reads != "states"]
    yield Statement("C8", what, "answers, hints and attention are nearly ideal", 0.05).check(seen)
    same = [figure for figure in figures if _alike(before[figure[0]], figure[1])]
    acts = [(name, s, max(0.0, off - _gap(before[name]))) for name, s, off in same]
    yield Statement("C8", what, "no figure is farther from ideal than before", 0.02).check(acts)
    kept = bench.verdict(after).kept
    key = f"intervention/changed/{bench.program.name}"
    verdict = [(key, after[key], 0.0 if kept == (bench.program.name,) else 1.0)]
    yield Statement("C8", f"{what}: the verdict", "rejects all algorithms but bfs").check(verdict)


def mixtures(bench: ControlBench) -> Iterator[Check]:
    """C9: a compiled network that answers together with another one, more and more with the other."""
    config = bench.trained[0].config
    others = {"a trained network": bench.trained[0], "an untrained network": Network(config, seed=5)}
    for name, other in others.items():
        one, two = NetworkSteps(bench.exact, bench.program), NetworkSteps(other, bench.program)
        rows = [
            bench.scores(ForeignSubject(MixtureSteps(one, two, share), bench.program)) for share in SHARES
        ]
        statement = Statement(
            "C9", f"mixed with {name}, 0 to 100 %", "figures only move away from ideal", 0.05
        )
        yield statement.check(_backward(rows))


def _backward(rows: Sequence[Scores]) -> list[Figure]:
    """By how much figures come nearer to the ideal from one row to the next."""
    found = []
    for before, after in pairwise(rows):
        for name, later in after.items():
            if later.known and later.ideal == later.ideal and _alike(before[name], later):
                found.append((name, later, max(0.0, _gap(before[name]) - _gap(later))))
    return found


def _gap(value: Score) -> float:
    return abs(value.value - value.ideal)


def _seen(scores: Scores, blind: tuple[str, ...], *, each: str = "") -> list[Figure]:
    """Of every gate the class-aware figure that is farthest from ideal, with what it lacks to be far.

    Args:
        scores: of a subject that is none.
        blind: rows that read these are left out.
        each: of rows that read this, every one instead.
    """
    best: dict[str, Figure] = {}
    for name, value, distance in class_aware(scores):
        reads = claim(name).reads
        place = name if reads == each else name.partition("/")[0]
        if reads not in blind and (place not in best or _gap(best[place][1]) < distance):
            best[place] = (name, value, _short(distance, FAR))
    return list(best.values())


def _short(distance: float, wanted: float) -> float:
    """What a distance lacks."""
    return max(0.0, wanted - distance)


def _run(bench: ControlBench, network: Measured) -> Trace:
    subject = subject_of(network, bench.program)
    return subject.run(bench.bench.setting.batch, bench.bench.exact.lengths, attention=True)


def _rejected(bench: ControlBench, control: str, what: str, scores: Scores) -> Check:
    """The verdict leaves no algorithm."""
    kept = bench.verdict(scores).kept
    figures = [
        (name, scores[name], 1.0 if program in kept else 0.0)
        for program in bench.bench.programs
        for name in (f"intervention/changed/{program}",)
    ]
    return Statement(control, f"{what}: the verdict", "rejects all algorithms").check(figures)


def _alike(before: Score, after: Score) -> bool:
    """Whether two figures are of the same outcomes; some measures count what the network itself decides."""
    return before.n == after.n
