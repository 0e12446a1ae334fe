"""What probes are fitted to and tested on: frames of runs, their variables, and control tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.location import Location
from ..lang.program import Program
from ..semantics.trace import Trace
from .admissible import member, one_hot
from .probes import AbstractProbe, ClassProbe, Goal, NodeProbe, NumberProbe, PointerProbe

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

CAP = 3072
"""Nodes in the frames of one half of the graphs, at most, unless one frame of each graph is more."""
HALVINGS = 5
"""Blocks of the online code: the graphs are halved this many times."""


@dataclass(frozen=True)
class Examples:
    """Frames of runs, all nodes of a frame together, and how their graphs are split.

    Attributes:
        graph, frame: of each example.
        nodes: which rows of an example are nodes.
        rank: for every graph of the batch its place in the order in which graphs are seen.
    """

    graph: Int64[Tensor, " S"]
    frame: Int64[Tensor, " S"]
    nodes: Bool[Tensor, "S N"]
    rank: Int64[Tensor, " B"]

    @classmethod
    def of(cls, exact: Trace, seed: int) -> Examples:
        """Draw frames of the runs, as many of each graph; not the first, and none after a halt."""
        generator = torch.Generator().manual_seed(seed)
        nodes, live = exact.batch.nodes.cpu(), exact.live.cpu().clone()
        live[0] = False
        graphs, width = nodes.shape
        chances = torch.rand(live.shape, generator=generator).masked_fill(~live, -1.0)
        each = min(len(live), max(1, 2 * CAP // max(1, graphs * width)))
        frame = chances.topk(each, dim=0).indices
        graph = torch.arange(graphs).expand(each, -1)
        taken = live[frame, graph]
        rank = torch.randperm(graphs, generator=generator).argsort()
        return cls(graph[taken], frame[taken], nodes[graph[taken]], rank)

    @property
    def _ends(self) -> list[int]:
        """Where the blocks of graphs begin and end."""
        return sorted({0, *(len(self.rank) >> halving for halving in range(HALVINGS + 1))})

    @cached_property
    def blocks(self) -> tuple[Tensor, ...]:
        """The examples of each block of graphs: about 1/32, 1/32, 1/16, 1/8, 1/4 and 1/2 of the graphs."""
        where = self.rank[self.graph]
        return tuple(
            ((start <= where) & (where < end)).nonzero()[:, 0] for start, end in pairwise(self._ends)
        )

    @property
    def held_out(self) -> Tensor:
        """The graphs of the last block, on which probes are tested."""
        return (self.rank >= self._ends[-2]).nonzero()[:, 0]

    @property
    def fitted(self) -> Tensor:
        """The examples of the graphs that probes are fitted to: all blocks but the last."""
        return torch.cat(self.blocks[:-1])

    @property
    def tested(self) -> Tensor:
        """The examples of the other half of the graphs."""
        return self.blocks[-1]

    @property
    def splits(self) -> bool:
        """Whether there are examples in both halves."""
        return len(self.blocks) > 1 and bool(len(self.fitted)) and bool(len(self.tested))

    def read(self, values: Tensor) -> Tensor:
        """Values [T, B, …] at the examples, [S, …]; runs that are shorter repeat their last frame."""
        return values[self.frame.clamp(max=len(values) - 1), self.graph].cpu()


@dataclass(frozen=True)
class Task:
    """One variable as a task for probes.

    Attributes:
        name: of the variable; behind the name of its program if that is a rival.
        variable: what is read.
        rival: whether it is a variable of another program.
        probe: the family of probes that suits its kind.
        goal: what is right.
        control: labels that depend on the position of the node and on the frame only, drawn at random
            with the frequencies of the true ones (Hewitt and Liang 2019).
    """

    name: str
    variable: Variable
    rival: bool
    probe: AbstractProbe
    goal: Goal
    control: Goal

    @property
    def is_number(self) -> bool:
        """Whether errors are distances."""
        return isinstance(self.variable.kind, Scalar)

    def under(self, program: str) -> Task:
        """The task as one of a rival program."""
        return replace(self, name=f"{program}.{self.name}", rival=True)

    def decoded(self, examples: Examples, trace: Trace) -> Float[Tensor, "S P"]:
        """How wrong the value of a trace is at each place, as a probe counts it."""
        values = examples.read(trace.values[self.name])
        if self.variable.kind.refers:
            return (~member(self.goal.truth, values.to(torch.int64))).to(torch.float64)
        if self.goal.truth.dim() == 3:
            return self.variable.kind.error(values, self.goal.truth[:, 0])[:, :1].to(torch.float64)
        return self.variable.kind.error(values, self.goal.truth.to(values.dtype)).to(torch.float64)


def tasks(
    examples: Examples, program: Program, exact: Trace, choices: Mapping[str, Tensor] | None = None
) -> list[Task]:
    """A task for each state variable of a program that lives at nodes.

    Args:
        examples: where.
        program: whose variables.
        exact: its run; frames after its halt do not count.
        choices: node pointer -> [T, B, N, N], all its admissible targets.
    """
    live = examples.frame < exact.lengths.cpu()[examples.graph]
    found = []
    for number, variable in enumerate(v for v in program.state if v.location is Location.NODE):
        values = examples.read(exact.values[variable.name])
        places = examples.nodes & live[:, None]
        if variable.name in exact.defined:
            places = places & exact.defined[variable.name].cpu()[examples.graph]
        admissible = (choices or {}).get(variable.name)
        sets = None if admissible is None else examples.read(admissible)
        probe, goal = _stated(variable, Goal(values, places, examples.nodes), sets, examples.fitted)
        control = _control(goal, examples, number)
        found.append(Task(variable.name, variable, False, probe, goal, control))
    return found


def _stated(
    variable: Variable, goal: Goal, sets: Tensor | None, fitted: Tensor
) -> tuple[AbstractProbe, Goal]:
    """The probe that suits a variable, and its goal in the form that this probe takes."""
    kind, values = variable.kind, goal.truth
    if kind.refers:
        right = (one_hot(values, goal.nodes.shape[1]) if sets is None else sets) & goal.nodes[:, None]
        return PointerProbe(), Goal(right, goal.counted & right.any(-1), goal.nodes)
    if isinstance(kind, Scalar):
        numbers = values.to(torch.float64)
        places = goal.counted & numbers.isfinite()
        numbers = torch.where(places, numbers, 0.0)
        known = numbers[fitted][places[fitted]]
        scale = float(known.std(correction=0)) if len(known) else 0.0
        center = float(known.mean()) if len(known) else 0.0
        return NumberProbe(center, scale or 1.0), Goal(numbers, places, goal.nodes)
    if isinstance(kind, MaskOne):
        right = values[:, None] & goal.nodes[:, None]
        return NodeProbe(), Goal(right, goal.counted.any(1, keepdim=True) & right.any(-1), goal.nodes)
    return ClassProbe(max(2, kind.width)), Goal(values.to(torch.int64), goal.counted, goal.nodes)


def _control(goal: Goal, examples: Examples, number: int) -> Goal:
    """A goal of random labels: one for each position at each frame, with the frequencies of the true ones."""
    generator = torch.Generator().manual_seed(number)
    labels = goal.truth.to(torch.int8).argmax(-1) if goal.truth.dim() == 3 else goal.truth
    known = labels[goal.counted].sort().values
    if not len(known):
        return goal
    frames, places = int(examples.frame.max()) + 1, goal.counted.shape[1]
    types = frames * places
    spread = (torch.arange(types) * len(known) // types)[torch.randperm(types, generator=generator)]
    drawn = known[spread].reshape(frames, places)[examples.frame]
    if goal.truth.dim() == 2:
        return Goal(drawn, goal.counted, goal.nodes)
    drawn = drawn % goal.nodes.sum(1)[:, None]
    return Goal(one_hot(drawn, goal.nodes.shape[1]), goal.counted, goal.nodes)


def input_vectors(examples: Examples, program: Program, exact: Trace) -> Float[Tensor, "S N K"]:
    """What a node knows without any network: its inputs, sums over its pairs, its position, and the time."""
    batch = exact.batch
    nodes, columns = batch.nodes, []
    for port in program.interface.inputs:
        value = port.kind.features(batch.values[port.name], nodes).to(torch.float64)
        if port.location is Location.EDGE:
            value = value.masked_fill(~batch.pairs.reshape(*batch.pairs.shape, *[1] * (value.dim() - 3)), 0.0)
            columns += [value.sum(1), value.sum(2)]
        elif port.location is Location.GRAPH:
            columns.append(value[:, None].expand(-1, batch.width, -1))
        else:
            columns.append(value)
    position = torch.arange(batch.width, dtype=torch.float64, device=nodes.device)
    given = torch.cat([*columns, position.expand(nodes.shape)[..., None]], -1).cpu()[examples.graph]
    time = examples.frame.to(torch.float64)[:, None, None].expand(-1, batch.width, 1)
    return torch.cat([given, time, time.square()], -1)
