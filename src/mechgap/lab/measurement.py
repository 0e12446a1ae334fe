"""Measures a network on a task: the panel of all gates, and how runs go beside the references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..compiler.passes import CompileSettings, compile_program
from ..compiler.targets.catalogue import TARGETS
from ..errors import Refusal
from ..measures.admissible import admissible_answers, admissible_trace
from ..measures.behaviour import behaviour
from ..measures.floors import References
from ..measures.panel import Setting
from ..measures.subject import NetworkSubject
from ..measures.traces import trace_errors
from ..semantics.defined import where_defined
from ..semantics.interpreter import interpret
from ..tasks.task import Task
from .families import sparse_chance
from .realisations import orbit
from .rivals import tie_variants

if TYPE_CHECKING:
    from ..lang.program import Program
    from ..measures.subject import Measured
    from ..nets.network import Network
    from ..semantics.batch import Batch

FEWEST = 4
"""Graphs of a larger size below which it is left out."""


@dataclass(frozen=True, kw_only=True)
class MeasurePlan:
    """What a network is measured on: sparse graphs of a task, on which runs have many frames.

    Attributes:
        n, graphs: nodes and number of the graphs of all gates.
        sizes: further numbers of nodes, for behaviour only.
        more: graphs of each further size, at most.
        swaps: exchanges of node states in each graph.
        random: untrained networks that stand beside.
        probes: whether variables are read off hidden vectors by probes as well.
        orbit: random exact realisations that stand beside.
        seed: of everything that is drawn.
        work: pairs of nodes times frames in one further size, at most; fewer graphs are drawn where
            they exceed it, and sizes for which four do are left out.
    """

    n: int = 16
    graphs: int = 96
    sizes: Sequence[int] = (32, 64, 128, 256)
    more: int = 32
    swaps: int = 16
    random: int = 3
    probes: bool = True
    orbit: int = 4
    seed: int = 0
    work: int = 2**23


def setting(task: Task, rivals: Sequence[Program], plan: MeasurePlan) -> Setting:
    """The graphs and programs of a measurement."""
    sizes = [_further(task, n, plan) for n in plan.sizes]
    return Setting(
        program=task.program,
        rivals=tuple(rivals),
        batch=_drawn(task, plan.n, plan.graphs, plan.seed),
        valid=task.valid,
        sizes=tuple(batch for batch in sizes if batch is not None),
        swaps=plan.swaps,
        probes=plan.probes,
        seed=plan.seed,
    )


def references(task: Task, plan: MeasurePlan, subject: Measured) -> References:
    """What stands beside a subject: the compiled network, other exact ones, and how many untrained ones.

    The compiled network is of the first family that the program compiles to, GATv2 before others.
    """
    exact = next(_compiled(task), None)
    others = orbit(task, subject, plan.orbit, plan.seed)
    return References(exact, tie_variants(task.program), random=plan.random, orbit=others)


def _compiled(task: Task) -> Iterator[Network]:
    for target in TARGETS:
        try:
            yield compile_program(task.program, CompileSettings(target=target)).network
        except Refusal:
            continue


def left_out(made: Setting, plan: MeasurePlan) -> list[int]:
    """The further sizes of a plan that were too much work."""
    return sorted(set(plan.sizes) - {batch.width for batch in made.sizes})


def courses(networks: Mapping[str, Network], made: Setting) -> dict[str, Any]:
    """How runs of several networks go, as plain data.

    Args:
        networks: by name.
        made: the setting of the measurement.

    Returns:
        For every network: under "trace" the error of each variable at frame 1, 2, …; under "valid"
        the share of right answers for each size of graphs, with "n".
    """
    exact = interpret(made.program, made.batch)
    choices, _ = admissible_trace(made.program, exact)
    hints, defined = made.program.interface.hints, where_defined(made.program, made.batch)
    batches = sorted((made.batch, *made.sizes), key=lambda batch: batch.width)
    references = [(batch, interpret(made.program, batch)) for batch in batches]
    found: dict[str, Any] = {}
    for name, network in networks.items():
        subject = NetworkSubject(network, made.program)
        run = subject.run(made.batch, exact.lengths)
        curves = trace_errors(run, exact, hints, choices, defined).curves
        valid = []
        for batch, own in references:
            answers = admissible_answers(made.program, own)
            scores = behaviour(subject.run(batch, own.lengths), own, answers, made.valid)
            valid.append({"n": batch.width, "score": scores["valid"].to_json()})
        found[name] = {
            "trace": {variable: [s.to_json() for s in curve] for variable, curve in curves.items()},
            "valid": valid,
        }
    return found


def _further(task: Task, n: int, plan: MeasurePlan) -> Batch | None:
    seed = plan.seed + n
    frames = interpret(task.program, _drawn(task, n, 1, seed)).frames
    count = min(plan.more, plan.work // (n * n * frames))
    return _drawn(task, n, count, seed) if count >= FEWEST else None


def _drawn(task: Task, n: int, count: int, seed: int) -> Batch:
    import numpy as np

    return task.sample(np.random.default_rng((seed, 2)), n, count, p=sparse_chance(task, n))
