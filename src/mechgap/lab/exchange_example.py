"""One or two exchanges of node states on a small graph, in full: what a report lets one read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ..errors import MechgapError
from ..kinds.mask import MaskOne
from ..kinds.scalar import Scalar
from ..lang.location import Location
from ..measures.admissible import SetMachine
from ..measures.donors import draw_pairs
from ..measures.intervention import carry_out, inert
from ..measures.subject import NetworkSubject
from ..measures.swaps import plan_swaps
from ..semantics.interpreter import interpret
from .example import described, drawn_edges
from .families import sparse_chance

if TYPE_CHECKING:
    from torch import Tensor

    from ..lang.program import Program
    from ..measures.admissible import Answer
    from ..measures.plan import Plan
    from ..nets.network import Network
    from ..semantics.batch import Batch
    from ..tasks.task import Task

NODES, GRAPHS, DONORS, SWAPS = 8, 32, 2, 8
"""Of the small graphs, the runs that give states to each, and the exchanges that are looked at in each."""
DEGREE = 2.2
"""Mean number of neighbours: sparser than what is measured on, so that a state has far to go."""
LISTED = 12
"""Places of an output at pairs of nodes that are listed, at most; of other outputs all are."""

Outputs = Mapping[str, "Tensor"]


def draw_exchanges(
    task: Task,
    programs: Sequence[Program],
    networks: Mapping[str, Network],
    *,
    nodes: int = NODES,
    seed: int = 0,
) -> dict[str, Any]:
    """Telling exchanges of node states with all that they cause, as plain data.

    The first is the one that changes most answers of the task's program, the second the one at which
    most rivals, and then most answers, are excluded. They are chosen by what the programs say alone,
    before any network runs.

    Args:
        task: the task.
        programs: rivals.
        networks: by name.
        nodes: of the graphs.
        seed: of all that is drawn.

    Returns:
        ``examples``, and in ``absent`` why there is none. A list of values in an example holds every
        right one, and is empty where any is right.
    """
    batch = task.sample(seed, nodes, GRAPHS, p=sparse_chance(task, nodes, DEGREE))
    hypotheses = {program.name: program for program in (task.program, *programs)}
    data: dict[str, Any] = {"program": task.program.name, "nodes": nodes, "seed": seed}
    data |= {"rivals": [program.name for program in programs], "absent": "", "examples": []}
    try:
        pairs = draw_pairs(task.program.interface, batch, DONORS, seed)
        plan = plan_swaps(hypotheses, pairs, swaps=SWAPS, seed=seed)
    except MechgapError as error:
        return {**data, "absent": f"{error.faults[0].given}"}
    chosen = _telling(plan, task.program.name)
    if not chosen:
        return {**data, "absent": "no exchange that changes an answer at another node"}
    some = plan.take(torch.tensor([row for _, row in chosen]))
    runs = {name: _answers(network, task.program, some) for name, network in networks.items()}
    data["examples"] = [
        {"shows": shows, **_example(task, hypotheses, some, runs, row)}
        for row, (shows, _) in enumerate(chosen)
    ]
    return data


def _telling(plan: Plan, program: str) -> list[tuple[str, int]]:
    """Rows of a plan with what they show: that programs part, or that answers change."""
    own = plan.predictions[program]
    moved = _cells(plan, own.swapped, own.factual).sum(1)
    others = [p.swapped for name, p in plan.predictions.items() if name != program]
    apart = torch.stack([_cells(plan, own.swapped, other).sum(1) for other in others] or [moved * 0])
    parting = (apart > 0).sum(0) * 10_000 + apart.sum(0) * 100 + moved
    found = []
    last = int(parting.argmax())
    if bool((apart[:, last] > 0).any()):
        found.append(("rivals", last))
        moved = moved.index_fill(0, torch.tensor([last]), 0)
    first = int(moved.argmax())
    if int(moved[first]):
        found.insert(0, ("changes", first))
    return found


def _cells(plan: Plan, left: Mapping[str, Answer], right: Mapping[str, Answer]) -> Tensor:
    """[R, C], where answers exclude each other, away from the node of the exchange."""
    return plan.cells({name: a.excludes(right[name]) for name, a in left.items()}) & plan.judged


def _answers(network: Network, program: Program, plan: Plan) -> tuple[Outputs, Outputs]:
    """The outputs of a network without the exchanges, and with them."""
    subject = NetworkSubject(network, program)
    plain = subject.run(plan.batch, interpret(program, plan.batch).lengths)
    return plain.outputs, carry_out(subject, plan)


def _example(
    task: Task,
    programs: Mapping[str, Program],
    plan: Plan,
    runs: Mapping[str, tuple[Outputs, Outputs]],
    row: int,
) -> dict[str, Any]:
    """All about one exchange."""
    index = torch.tensor([row])
    pair, step, node = (int(part[row]) for part in (plan.sites.pair, plan.sites.step, plan.sites.node))
    base, donor = (each.take(torch.tensor([pair])) for each in (plan.pairs.base, plan.pairs.donor))
    one = plan.take(index)
    cut = {name: (_rows(before, index), _rows(after, index)) for name, (before, after) in runs.items()}
    return {
        "nodes": base.width,
        "edges": drawn_edges(task, base),
        "numbers": _numbers(task, base),
        "node": node,
        "step": step,
        "marks": _marks(task, base, donor),
        "states": [
            {"program": name, "variables": list(_state(program, base, donor, step, node))}
            for name, program in programs.items()
        ],
        "outputs": [
            {**described(answer.port), "places": list(_places(one, name, task.program.name, cut, node))}
            for name, answer in one.predictions[task.program.name].swapped.items()
        ],
        "counts": _counts(one, task.program.name, cut),
    }


def _rows(outputs: Outputs, rows: Tensor) -> Outputs:
    return {name: value[rows] for name, value in outputs.items()}


def _numbers(task: Task, batch: Batch) -> list[list[float]]:
    """Triples (sender, receiver, value) of the first input at edges that is a number, on drawn edges."""
    for variable in task.program.inputs:
        if variable.location is Location.EDGE and isinstance(variable.kind, Scalar):
            values = batch.values[variable.name][0].double()
            return [[i, j, float(values[i, j])] for i, j in drawn_edges(task, batch)]
    return []


def _marks(task: Task, base: Batch, donor: Batch) -> list[dict[str, Any]]:
    """Inputs that mark one node: which one in the run that receives, and in the run that gives."""
    return [
        {"name": v.name, "base": int(base.values[v.name][0].long().argmax())}
        | {"donor": int(donor.values[v.name][0].long().argmax())}
        for v in task.program.inputs
        if v.location is Location.NODE and isinstance(v.kind, MaskOne)
    ]


def _state(program: Program, base: Batch, donor: Batch, step: int, node: int) -> Iterator[dict[str, Any]]:
    """The variables of a node that the exchange changes, before and after it."""
    own, other = (SetMachine(program, batch).run(step + 1).values for batch in (base, donor))
    for variable in program.state:
        if variable.location is Location.NODE:
            old, new = (float(values[variable.name][step, 0, node]) for values in (own, other))
            if old != new:
                yield {**described(variable), "base": old, "donor": new}


def _places(
    plan: Plan, port: str, program: str, runs: Mapping[str, tuple[Outputs, Outputs]], node: int
) -> Iterator[dict[str, Any]]:
    """What is said of every place of an output; of pairs of nodes only where it is not the same as before."""
    own = plan.predictions[program]
    changes = own.swapped[port].excludes(own.factual[port])
    rivals = {name: p.swapped[port] for name, p in plan.predictions.items() if name != program}
    apart = {name: own.swapped[port].excludes(answer) for name, answer in rivals.items()}
    right = {name: own.swapped[port].accepts(after[port]) for name, (_, after) in runs.items()}
    differs = torch.stack([changes, *apart.values(), *(~each for each in right.values())]).any(0)
    ranked = own.swapped[port].port.location.rank
    chosen = differs if ranked > 1 else torch.ones_like(differs)
    for at in [tuple(place) for place in chosen.nonzero().tolist()][: LISTED if ranked > 1 else None]:
        yield {
            "at": list(at[1:]),
            "judged": node not in at[1:],
            "changes": bool(changes[at]),
            "before": _right(own.factual[port], at),
            "programs": {name: _right(p.swapped[port], at) for name, p in plan.predictions.items()},
            "apart": [name for name, each in apart.items() if each[at]],
            "networks": {
                name: {
                    "before": float(before[port][at]),
                    "after": float(after[port][at]),
                    "right": bool(right[name][at]),
                }
                for name, (before, after) in runs.items()
            },
        }


def _right(answer: Answer, at: tuple[int, ...]) -> list[float]:
    """Every right value at a place; none where any is right."""
    if answer.defined is not None and not answer.defined[at]:
        return []
    if answer.choices is None:
        return [float(answer.value[at])]
    return [float(target) for target in answer.choices[at].nonzero()[:, 0]]


def _counts(plan: Plan, program: str, runs: Mapping[str, tuple[Outputs, Outputs]]) -> dict[str, Any]:
    """How many answers elsewhere must change, or part two programs, and which networks give them.

    Beside the networks stands "inert": right answers that no exchange changes.
    """
    own = plan.predictions[program]
    after = {**{run: outputs for run, (_, outputs) in runs.items()}, "inert": inert(plan, program)}
    said = {
        name: {
            run: plan.cells({port: a.accepts(outputs[port]) for port, a in p.swapped.items()})
            for run, outputs in after.items()
        }
        for name, p in plan.predictions.items()
    }
    moved = _cells(plan, own.swapped, own.factual)
    found = {"changes": _agreeing(moved, {program: said[program]}), "apart": {}}
    for name, prediction in plan.predictions.items():
        if name != program:
            cells = _cells(plan, own.swapped, prediction.swapped)
            found["apart"][name] = _agreeing(cells, {program: said[program], name: said[name]})
    return found


def _agreeing(cells: Tensor, said: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Any]:
    """The number of cells, and in how many of them each network says what each program says."""
    agree = {
        program: {run: int((cells & each).sum()) for run, each in runs.items()}
        for program, runs in said.items()
    }
    return {"total": int(cells.sum()), "agree": agree}
