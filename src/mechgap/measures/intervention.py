"""Gate 3, causes: do exchanged node states cause what the program says they must cause?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations

from torch import Tensor

from .bootstrap import Clusters
from .plan import Plan
from .score import Score, score
from .subject import AbstractSubject, Graft

NAN = float("nan")


def carry_out(subject: AbstractSubject, plan: Plan) -> Mapping[str, Tensor]:
    """The outputs [R, …] of a subject after every exchange of a plan."""
    donor = subject.run(plan.pairs.donor, plan.donor_lengths)
    assert donor.hidden is not None
    sites = plan.sites
    vectors = donor.hidden[sites.step, sites.pair, sites.node]
    return subject.run(plan.batch, plan.lengths, graft=Graft(sites.step, sites.node, vectors)).outputs


def inert(plan: Plan, program: str) -> Mapping[str, Tensor]:
    """The outputs [R, …] of a subject that answers rightly and in which no exchange has any effect."""
    return {port: answer.value for port, answer in plan.predictions[program].factual.items()}


def judge(outputs: Mapping[str, Tensor], plan: Plan, program: str) -> dict[str, Score]:
    """Interchange-intervention accuracy of outputs under every program of a plan.

    An outcome is one place of one output after one exchange, not at the node of the exchange. It
    agrees with a program if it is among the answers that are right under that program.

    Args:
        outputs: of the subject, [R, …].
        plan: the exchanges and predictions.
        program: name of the program that the subject should realise; it sets the ideal values.

    Returns:
        For every program P: "changed/P" (agreement where P's answer must change) and "unchanged/P"
        (where it must stay). For two programs P, Q: "dis/P/Q" (agreement with P where P and Q
        exclude each other) and "delta/P/Q" = dis/P/Q - dis/Q/P.
    """
    names = [program, *(name for name in plan.predictions if name != program)]
    swapped = {name: plan.predictions[name].swapped for name in names}
    agrees = {
        name: plan.cells({port: a.accepts(outputs[port]) for port, a in swapped[name].items()})
        for name in names
    }
    found = {}
    for name in names:
        factual, ideal = plan.predictions[name].factual, 1.0 if name == program else NAN
        moved = plan.cells({port: a.excludes(factual[port]) for port, a in swapped[name].items()})
        stayed = plan.cells({port: a.equals(factual[port]) for port, a in swapped[name].items()})
        found[f"changed/{name}"] = _share(f"changed/{name}", agrees[name], moved, plan, ideal)
        found[f"unchanged/{name}"] = _share(f"unchanged/{name}", agrees[name], stayed, plan, ideal)
    for left, right in permutations(names, 2):
        apart = _apart(plan, left, right)
        ideal = {left: 1.0, right: 0.0}.get(program, NAN)
        found[f"dis/{left}/{right}"] = _share(f"dis/{left}/{right}", agrees[left], apart, plan, ideal)
    for left, right in combinations(names, 2):
        lead = agrees[left].double() - agrees[right].double()
        ideal = 1.0 if left == program else NAN
        found[f"delta/{left}/{right}"] = _share(
            f"delta/{left}/{right}", lead, _apart(plan, left, right), plan, ideal
        )
    return found


def _apart(plan: Plan, left: str, right: str) -> Tensor:
    """[R, cells], where no answer is right under both programs."""
    mine, other = plan.predictions[left].swapped, plan.predictions[right].swapped
    return plan.cells({port: answer.excludes(other[port]) for port, answer in mine.items()})


def _share(name: str, values: Tensor, mask: Tensor, plan: Plan, ideal: float) -> Score:
    rows = Clusters.of(values, mask & plan.judged)
    return score(name, rows.grouped(plan.graph, plan.pairs.graphs), ideal)
