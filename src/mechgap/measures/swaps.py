"""Plans exchanges of node states and predicts, for every program, what each of them must cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import torch
from torch import Tensor

from ..errors import MechgapError, NotFoundError
from ..lang.program import Program
from ..semantics.batch import Batch
from ..semantics.interpreter import interpret
from .admissible import SetMachine, parts
from .donors import Pairs
from .histories import History, steps_to_halt
from .plan import Plan, Prediction, Sites, rank_within

CANDIDATES = 8
"""How many exchanges are looked at for each one that is carried out."""

CELLS = 2**22
"""How many numbers over pairs of nodes a program may hold at once; more rows are predicted in parts."""


def plan_swaps(programs: Mapping[str, Program], pairs: Pairs, *, swaps: int = 16, seed: int = 0) -> Plan:
    """Choose exchanges that matter, and predict them under every program.

    Sites are drawn at random among those in frames that both runs reach (frame 0 excepted) where
    the states differ under some program and an exchange leaves a well-formed state under all of
    them. Half of them go to sites where an answer must change or two programs exclude each other,
    rare kinds first.

    Args:
        programs: the hypotheses by name; all with the same outputs.
        pairs: the runs that receive states, and those that give them.
        swaps: exchanges in each graph, at most.
        seed: of the drawing.

    Raises:
        NotFoundError: if there is no site.
        MechgapError: if the programs have different outputs.
    """
    _check_outputs(programs)
    base, donor = pairs.base, pairs.donor
    lengths = {name: interpret(p, base).lengths for name, p in programs.items()}
    donor_lengths = {name: interpret(p, donor).lengths for name, p in programs.items()}
    longest = torch.stack([*lengths.values(), *donor_lengths.values()])
    frames = int(longest.max())
    histories = {
        name: History(program, base, donor, lengths[name], frames) for name, program in programs.items()
    }
    generator = torch.Generator().manual_seed(seed)
    each = -(-swaps * CANDIDATES * pairs.graphs // len(base))
    sites = _draw(histories, longest.amin(0), each, generator)
    limit = frames + base.width
    share = max(1, CELLS // base.width**2)
    found = [
        _predict(histories, base, sites.take(rows), longest.amax(0), limit)
        for rows in parts(len(sites.node), share)
    ]
    ends = torch.cat([part[0] for part in found])
    predictions = {name: Prediction.joined([part[1][name] for part in found]) for name in programs}
    plan = Plan(pairs, torch.stack([*donor_lengths.values()]).amax(0), sites, ends, predictions)
    return plan.take(_select(plan, swaps, generator))


def _draw(histories: Mapping[str, History], reached: Tensor, count: int, generator: torch.Generator) -> Sites:
    """At most `count` sites in each pair."""
    differs = torch.stack([h.differs() for h in histories.values()]).any(0)
    fits = torch.stack([h.fits() for h in histories.values()]).all(0)
    steps = torch.arange(len(differs))
    live = (steps[:, None] < reached) & (steps[:, None] > 0)
    open_sites = (differs & fits & live[..., None]).transpose(0, 1)  # [P, T, N]
    chance = torch.rand(open_sites.shape, generator=generator) * open_sites
    rank = chance.flatten(1).argsort(1, descending=True).argsort(1).reshape(chance.shape)
    pair, step, node = (open_sites & (rank < count)).nonzero().unbind(1)
    if not len(pair):
        raise NotFoundError(
            "interchange of node states",
            "no node and frame in which the two runs of any graph differ, and only at nodes",
            "a program that keeps state at nodes, runs of three or more frames, and donors that differ",
            "use larger or sparser graphs, or other donors",
        )
    return Sites(pair, step, node)


def _predict(
    histories: Mapping[str, History], base: Batch, sites: Sites, longest: Tensor, limit: int
) -> tuple[Tensor, dict[str, Prediction]]:
    """The common lengths [R] and the predictions of every program."""
    batch = base.take(sites.pair)
    starts = {name: history.exchanged(sites) for name, history in histories.items()}
    ends = longest[sites.pair]
    for name, history in histories.items():
        machine = SetMachine(history.program, batch)
        ends = torch.maximum(ends, sites.step + steps_to_halt(machine, starts[name], limit) + 1)
    found = {}
    for name, history in histories.items():
        machine = SetMachine(history.program, batch)
        last = machine.advance(starts[name], ends - 1 - sites.step)
        factual = {port: answer.take(sites.pair) for port, answer in history.factual.items()}
        found[name] = Prediction(factual, machine.answers(last))
    return ends, found


def _select(plan: Plan, swaps: int, generator: torch.Generator) -> Tensor:
    """The rows to keep: in every graph half of them are telling, the others are as they were drawn."""
    weight = sum((tells / (1.0 + tells.sum()) for tells in _telling(plan)), torch.zeros(len(plan.lengths)))
    chance = torch.rand(len(weight), generator=generator, dtype=torch.float64)
    first = rank_within(plan.graph, weight + chance * 1e-9) < (swaps + 1) // 2
    rest = rank_within(plan.graph, chance + 2.0 * first) < swaps
    return (first | rest).nonzero()[:, 0]


def _telling(plan: Plan) -> Iterator[Tensor]:
    """For every program, [R] where an answer must change; for every two, where answers exclude each other."""
    swapped = [(prediction.swapped, prediction.factual) for prediction in plan.predictions.values()]
    for left, right in [*swapped, *combinations([answers for answers, _ in swapped], 2)]:
        apart = {name: answer.excludes(right[name]) for name, answer in left.items()}
        yield (plan.cells(apart) & plan.judged).any(1).double()


def _check_outputs(programs: Mapping[str, Program]) -> None:
    first, *others = programs.values()
    wanted = {(port.name, port.location, port.kind.name) for port in first.interface.outputs}
    for program in others:
        found = {(port.name, port.location, port.kind.name) for port in program.interface.outputs}
        if found != wanted:
            raise MechgapError(
                f"program {program.name} as a rival of {first.name}",
                f"the outputs {sorted(p.name for p in program.interface.outputs)}",
                f"those of {first.name}: {sorted(p.name for p in first.interface.outputs)}",
                "rivals answer the same question in the same form",
            )
