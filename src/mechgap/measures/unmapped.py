"""Exchanges that must change nothing: all that a program knows of a node is equal in both runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..lang.location import Location
from ..lang.program import Program
from ..semantics.interpreter import interpret
from .admissible import SetMachine, parts
from .bootstrap import Clusters
from .donors import Pairs
from .histories import History, steps_to_halt
from .plan import Plan, Prediction, Sites, rank_within
from .score import Score, score
from .subject import AbstractSubject, Graft

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64

CANDIDATES = 4
"""How many sites are looked at for each one that is kept."""

CELLS = 2**22
"""How many numbers over pairs of nodes a program may hold at once; more rows are predicted in parts."""

NEVER = -1
"""The frame of an exchange that does not take place."""


@dataclass(frozen=True)
class Unmapped:
    """Sites at which a program knows nothing that differs, each with a donor whose state does differ.

    Attributes:
        program: its name.
        plan: the sites; the program predicts that exchanges with the donor of the pair have no effect.
        giver: for each site the pair whose donor has another state of the node at that frame.
        past: whether the node's state differed at an earlier frame.
    """

    program: str
    plan: Plan
    giver: Int64[Tensor, " R"]
    past: Bool[Tensor, " R"]

    def scores(self, subject: AbstractSubject, donors: Tensor) -> dict[str, Score]:
        """What moves answers: states that are equal for the program, or only those that are not?

        Every site is run three times: without an exchange, with a state that is another one for the
        program, and with one that is the same. An answer has moved if it is another one than without
        the exchange, and not both are right.

        Args:
            subject: what is measured.
            donors: [T, P, N, H], its states in the donor runs.

        Returns:
            "unmapped/P": of the answers at other nodes that either state moves, the share that the one
            equal under P leaves; and "unmapped/memory/P": the same at nodes whose past differed.
        """
        plan, sites, count = self.plan, self.plan.sites, len(self.giver)
        source = torch.cat([sites.pair, self.giver, sites.pair])
        step, node = sites.step.repeat(3), sites.node.repeat(3)
        when = torch.where(torch.arange(3 * count) < count, NEVER, step)
        graft = Graft(when, node, donors[step, source, node])
        batch = plan.pairs.base.take(sites.pair.repeat(3))
        outputs = subject.run(batch, plan.lengths.repeat(3), graft=graft).outputs
        own, other, equal = (
            {name: out[k * count :][:count] for name, out in outputs.items()} for k in range(3)
        )
        answers = plan.predictions[self.program].factual

        def right(found: dict[str, Tensor]) -> Tensor:
            return plan.cells({port: answer.accepts(found[port]) for port, answer in answers.items()})

        def moved(found: dict[str, Tensor]) -> Tensor:
            kept = plan.cells({port: answer.same(found[port], own[port]) for port, answer in answers.items()})
            return ~kept & ~(right(found) & right(own)) & plan.judged

        return {
            key: self._score(key, where, moved(other), moved(equal))
            for key, where in (
                (f"unmapped/{self.program}", torch.ones_like(self.past)),
                (f"unmapped/memory/{self.program}", self.past),
            )
        }

    def _score(self, key: str, where: Tensor, by_other: Tensor, by_equal: Tensor) -> Score:
        """Of what either state moves at some sites, the share that the equal one leaves."""
        either = (by_other | by_equal) & where[:, None]
        rows = Clusters.of(~by_equal, either).grouped(self.plan.graph, self.plan.pairs.graphs)
        moves = f"equal states move an answer at {_share(by_equal, where)}"
        note = f"{int(where.sum())} sites: {moves}, others at {_share(by_other, where)}"
        return score(key, rows, 1.0, note=note)


def unmapped_effects(subject: AbstractSubject, tests: Iterable[Unmapped], program: str) -> dict[str, Score]:
    """The scores of several programs, see ``Unmapped.scores``; none without tests.

    Args:
        subject: what is measured.
        tests: the sites of each program, all of the same pairs of runs.
        program: name of the program that the subject should realise; the others' scores have no ideal.
    """
    tests = list(tests)
    if not tests:
        return {}
    lengths = torch.stack([test.plan.donor_lengths for test in tests]).amax(0)
    donors = subject.run(tests[0].plan.pairs.donor, lengths).hidden
    assert donors is not None
    return {
        key: value if test.program == program else replace(value, ideal=float("nan"))
        for test in tests
        for key, value in test.scores(subject, donors).items()
    }


def plan_unmapped(program: Program, pairs: Pairs, *, swaps: int = 4, seed: int = 0) -> Unmapped | None:
    """Choose exchanges that are none for a program.

    A site is a frame that both runs reach (frame 0 excepted) and a node at which everything is equal
    that the program knows there: state and inputs of the node, of its pairs, and of the graph. The
    runs differ elsewhere, or did before; and another donor on the same graph has another state of the
    node. Half of the sites are drawn from those where the node's own past differs (there a network may
    remember what the program does not), the others from those where the other state would change an
    answer.

    Args:
        program: the hypothesis.
        pairs: the runs that receive states, and those that give them.
        swaps: sites in each graph, at most.
        seed: of the drawing.

    Returns:
        The sites; None if there are none.
    """
    search = _Search(program, pairs)
    generator = torch.Generator().manual_seed(seed)
    sites = search.draw(-(-swaps * CANDIDATES * pairs.graphs // len(pairs.base)), generator)
    share = max(1, CELLS // (pairs.base.width**2 * int(torch.bincount(pairs.graph).max())))
    found = [
        choice
        for rows in parts(len(sites.node), share)
        if (choice := search.choose(sites.take(rows), generator)) is not None
    ]
    if not found:
        return None
    where = Sites(*(torch.cat([getattr(c.sites, part) for c in found]) for part in ("pair", "step", "node")))
    predictions = {program.name: Prediction.joined([c.prediction for c in found])}
    plan = Plan(pairs, search.donor_lengths, where, torch.cat([c.ends for c in found]), predictions)
    past = search.past[where.step, where.pair, where.node]
    telling = torch.cat([c.telling for c in found])
    chance = torch.rand(len(past), generator=generator)
    first = past & (rank_within(plan.graph, chance + 2.0 * past + telling) < (swaps + 1) // 2)
    kept = (rank_within(plan.graph, chance + 4.0 * first + 2.0 * telling) < swaps).nonzero()[:, 0]
    giver = torch.cat([c.giver for c in found])
    return Unmapped(program.name, plan.take(kept), giver[kept], past[kept])


@dataclass(frozen=True)
class _Choice:
    """Sites with a donor of another state each, how long they run, and what the program says."""

    sites: Sites
    giver: Tensor
    ends: Tensor
    telling: Tensor
    prediction: Prediction


class _Search:
    """Looks for sites at which a program knows nothing that differs."""

    def __init__(self, program: Program, pairs: Pairs) -> None:
        self.program, self.pairs = program, pairs
        self.lengths = interpret(program, pairs.base).lengths
        self.donor_lengths = interpret(program, pairs.donor).lengths
        self.frames = int(torch.maximum(self.lengths, self.donor_lengths).max())
        self.history = History(program, pairs.base, pairs.donor, self.lengths, self.frames)
        self.alike, self.past = _alike(self.history, pairs)

    def draw(self, count: int, generator: torch.Generator) -> Sites:
        """At most `count` sites in each pair, half of them from those whose past differs."""
        steps = torch.arange(self.frames)[:, None]
        live = (steps > 0) & (steps < torch.minimum(self.lengths, self.donor_lengths))
        places, past = ((self.alike & live[..., None]).transpose(0, 1), self.past.transpose(0, 1))
        chance = torch.rand(places.shape, generator=generator)
        first = places & past & (_rank((chance + 1.0) * (places & past)) < (count + 1) // 2)
        kept = places & (_rank((chance + 1.0 + first) * places) < count)
        pair, step, node = kept.nonzero().unbind(1)
        return Sites(pair, step, node)

    def choose(self, sites: Sites, generator: torch.Generator) -> _Choice | None:
        """One donor of another state for each site; one whose state would change an answer, if there is."""
        row, giver = self._other_states(sites)
        if not len(row):
            return None
        changed, base = sites.take(row), self.pairs.base
        machine = SetMachine(self.program, base.take(changed.pair))
        start = self.history.exchanged(changed, giver)
        longest = torch.maximum(self.lengths, self.donor_lengths)[changed.pair]
        halted = changed.step + 1 + steps_to_halt(machine, start, self.frames + base.width)
        ends = torch.maximum(longest, halted)
        altered = machine.answers(machine.advance(start, ends - 1 - changed.step))
        unchanged = self.history.base.map(lambda _, value: value[changed.step, changed.pair])
        factual = machine.answers(machine.advance(unchanged, ends - 1 - changed.step))
        prediction = Prediction(factual, altered)
        plan = Plan(self.pairs, self.donor_lengths, changed, ends, {self.program.name: prediction})
        apart = {port: answer.excludes(factual[port]) for port, answer in altered.items()}
        telling = (plan.cells(apart) & plan.judged).any(1)
        chance = torch.rand(len(row), generator=generator) + telling
        kept = (rank_within(row, chance) == 0).nonzero()[:, 0]
        return _Choice(changed.take(kept), giver[kept], ends[kept], telling[kept], prediction.take(kept))

    def _other_states(self, sites: Sites) -> tuple[Tensor, Tensor]:
        """Which sites could get another well-formed state, and the pair whose donor gives it."""
        graph = self.pairs.graph
        row, giver = (graph[sites.pair][:, None] == graph).nonzero().unbind(1)
        pair, step, node = sites.pair[row], sites.step[row], sites.node[row]
        fits = step < self.donor_lengths[giver]
        differs = torch.zeros_like(fits)
        for variable in self.program.state:
            base, donor = (run.values[variable.name] for run in (self.history.base, self.history.donor))
            if variable.location is Location.GRAPH:
                fits = fits & (base[step, pair] == donor[step, giver])
            elif variable.location is Location.NODE:
                same = base[step, pair, node] == donor[step, giver, node]
                differs = differs | ~same
                if isinstance(variable.kind, MaskOne):
                    fits = fits & same
        kept = fits & differs
        return row[kept], giver[kept]


def _alike(history: History, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """[T, P, N], where all is alike that the program knows; and where it was not at an earlier frame."""
    same = pairs.base.nodes.clone()
    for port in history.program.interface.inputs:
        equal = pairs.base.values[port.name] == pairs.donor.values[port.name]
        same = same & _at_nodes(equal, port.location)
    apart = torch.zeros(len(next(iter(history.base.values.values()))), *same.shape, dtype=torch.bool)
    same = same.expand(apart.shape)
    for variable in history.program.state:
        equal = history.base.values[variable.name] == history.donor.values[variable.name]
        same = same & _at_nodes(equal, variable.location)
        if variable.location is Location.NODE:
            apart = apart | (pairs.base.nodes & ~equal)
    past = apart.int().cumsum(0) > 0
    return same & (past | apart.any(-1, keepdim=True)), past


def _at_nodes(equal: Tensor, location: Location) -> Tensor:
    """Whether values are equal at [..., N] nodes, of those at nodes, at their pairs, or of the graph."""
    if location is Location.EDGE:
        return equal.all(-1) & equal.all(-2)
    return equal if location is Location.NODE else equal[..., None]


def _rank(chance: Tensor) -> Tensor:
    """[P, T, N], how many places of a pair have a larger number."""
    return chance.flatten(1).argsort(1, descending=True).argsort(1).reshape(chance.shape)


def _share(moved: Tensor, rows: Tensor) -> str:
    return f"{moved[rows].any(1).double().mean():.1%}" if bool(rows.any()) else "none"
