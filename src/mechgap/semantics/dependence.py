"""Critical depth and average parallelism of a run: how sequential is what the program did?

A run is a graph of operations. An *operation* is a change: a state variable takes, at one place, in one
step, another value than before. It depends on the operations that made the values that its expression
needed in that step. As in the analysis of parallel programs by work and span (Brent 1974; Cormen,
Leiserson, Rivest and Stein 2022, chapter 26):

- *work* is the number of operations of a run;
- *critical depth* (span) is the number of operations on the longest chain in which each depends on the
  one before: no number of processors makes these changes in fewer rounds;
- *average parallelism* is work / depth.

Every cell (state variable and place) carries the depth of the operation that made its present value.
Inputs, constants and the first frame have depth 0. A cell that changes gets 1 + the depth of its
expression at that place; a cell that keeps its value keeps its depth. Values that did not change are
thus known from the start: to wait costs nothing, only what is waited for does. The depth of an
expression is that of the values that it needs:

- an operation at one place needs all of its arguments. But ``and`` needs only the shallowest false one
  if there is one, ``or`` the shallowest true one; ``where`` needs its condition and the branch that is
  taken or, if both branches have the same value, these two if they are shallower;
- ``sender``, ``receiver``, ``reverse`` and the legs of a triple read at another place;
- ``any_of`` needs the shallowest place where its mask holds, and if there is none all places;
- ``min_of``, ``max_of``, ``argmin`` and ``argmax`` need the masks of all places and the keys of the
  candidates; ``first``, ``last`` and ``choose`` the masks up to the node that is taken. Without a
  candidate they need the masks of all places and the default;
- ``follow`` and ``at_pair`` need the references and the value that is read; a mask_one as a reference is
  the place where it holds; references to no node need nothing to be read.

What is not counted: when to halt, which no cell reads, and that a place must find out that it keeps its
value. What many cells read makes chains: a clock that counts steps is a chain as long as the run, and
so is a phase that the steps take turns in. That is part of the program, but not always of the algorithm,
so that the depth of what the *outputs* read in the last frame stands beside that of the whole state, and
that of every variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any as Anything

import torch
from torch import Tensor

from ..errors import GraphError
from ..kinds.mask import MaskOne
from ..lang.expression import (
    Along,
    Any,
    Apply,
    At,
    Best,
    End,
    Expression,
    Follow,
    Leg,
    Lift,
    Reverse,
    Select,
    Tie,
    Variable,
)
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Program
from .batch import Batch
from .evaluation import Evaluation
from .inputs import check_batch, places
from .interpreter import interpret
from .machine import Machine
from .trace import Trace

if TYPE_CHECKING:
    from jaxtyping import Float, Int

MOST_PLACES = 2**24
"""Places of one expression in one graph, above which the depths are not computed."""
_PLACES = 2**20
"""Places of one expression in all graphs that are looked at together."""
_NEVER = 2**30
"""Deeper than any operation."""


@dataclass(frozen=True)
class Dependence:
    """How the changes of each run of a batch depend on each other; see the module.

    Attributes:
        steps: number of steps, one less than the number of frames.
        work: number of changes of values.
        depth: critical depth, the largest depth of any change.
        output_depth: the largest depth of what the outputs read in the last frame.
        variables: name of a state variable -> the largest depth among its cells in the last frame.
    """

    steps: Int[Tensor, " B"]
    work: Int[Tensor, " B"]
    depth: Int[Tensor, " B"]
    output_depth: Int[Tensor, " B"]
    variables: Mapping[str, Int[Tensor, " B"]]

    @property
    def parallelism(self) -> Float[Tensor, " B"]:
        """Average parallelism, work / depth; 0 for a run in which nothing changes."""
        return self.work / self.depth.clamp(min=1)


def dependence(program: Program, batch: Batch) -> Dependence:
    """Run a program and follow which change depends on which.

    Every expression is looked at everywhere, in parts of the batch: this takes about as long as a run
    that evaluates all pairs (or triples, if the program speaks of them) in every step.

    Args:
        program: what to run.
        batch: on which inputs.

    Raises:
        GraphError: if the graphs are too large, or not what the program declares.
        MechgapError: if a run does not halt within its limit.
        RangeError: if a scalar leaves the range that its variable declares.
    """
    check_batch(program, batch)
    rank = max(kind.location.rank for kind in program.types.values())
    if batch.width**rank > MOST_PLACES:
        raise GraphError(
            f"program {program.name}, depth of a run",
            f"graphs of {batch.width} nodes, {batch.width**rank:,} places of one expression",
            f"at most {MOST_PLACES:,} places, which are {_largest(rank):,} nodes",
            "take smaller graphs",
        )
    found = [_measured(program, part) for part in _parts(batch, rank)]
    return Dependence(
        torch.cat([part.steps for part in found]),
        torch.cat([part.work for part in found]),
        torch.cat([part.depth for part in found]),
        torch.cat([part.output_depth for part in found]),
        {v.name: torch.cat([part.variables[v.name] for part in found]) for v in program.state},
    )


def _largest(rank: int) -> int:
    """The largest number of nodes that is allowed."""
    nodes = int(MOST_PLACES ** (1 / rank)) + 1
    while nodes**rank > MOST_PLACES:
        nodes -= 1
    return nodes


def _parts(batch: Batch, rank: int) -> Iterator[Batch]:
    share = max(1, _PLACES // batch.width**rank)
    for start in range(0, max(len(batch), 1), share):
        yield batch.part(start, min(start + share, len(batch)))


def _measured(program: Program, batch: Batch) -> Dependence:
    """The dependence of the runs of a part of a batch."""
    trace, machine = interpret(program, batch), Machine(program, batch)
    real = {v: places(v.location, batch.nodes) for v in program.state}
    cells = {v: torch.zeros(real[v].shape, dtype=torch.int32, device=real[v].device) for v in program.state}
    work = torch.zeros_like(trace.lengths)
    greatest = torch.zeros_like(trace.lengths)
    changing = {v: x for v, x in program.step.items() if x is not v}
    for frame in range(trace.frames - 1):
        depths, made = Depths(_evaluation(machine, trace, frame), cells), dict(cells)
        for variable, expression in changing.items():
            values = trace.values[variable.name]
            changed = (values[frame] != values[frame + 1]) & real[variable]
            if bool(changed.any()):
                depth = 1 + depths.at(expression, variable.location)
                made[variable] = torch.where(changed, depth, cells[variable])
                work += changed.reshape(len(work), -1).sum(1)
                greatest = torch.maximum(greatest, _deepest(depth, changed))
        cells = made
    last = Depths(_evaluation(machine, trace, -1), cells)
    output = torch.zeros_like(trace.lengths)
    for port, expression in zip(program.interface.outputs, program.outputs.values(), strict=True):
        read = last.at(expression, port.location)
        output = torch.maximum(output, _deepest(read, places(port.location, batch.nodes)))
    variables = {v.name: _deepest(cells[v], real[v]) for v in program.state}
    return Dependence(trace.lengths - 1, work, greatest, output, variables)


def _evaluation(machine: Machine, trace: Trace, frame: int) -> Evaluation:
    """The values of all expressions in a frame of a trace."""
    state = machine.enter({name: value[frame] for name, value in trace.values.items()})
    for variable in machine.program.state:
        if isinstance(variable.kind, MaskOne):
            # As an index, so that a mask that holds nowhere is known as such.
            held = state[variable.name] * (machine.inputs.positions + 1)
            state[variable.name] = held.amax(-1) - 1
    return Evaluation(machine.inputs, state)


def _deepest(depth: Tensor, among: Tensor) -> Tensor:
    """[B], the largest depth among some places of each graph; 0 if there are none."""
    return torch.where(among, depth, 0).reshape(len(depth), -1).amax(1).to(torch.int64)


class Depths:
    """The depth of every expression in one state, int32 at every place of its location.

    Args:
        evaluation: the values in that state.
        cells: the depths of the state variables.
    """

    def __init__(self, evaluation: Evaluation, cells: Mapping[Variable, Tensor]) -> None:
        self._evaluation = evaluation
        self._batch = evaluation.batch
        self._cells = cells
        self._known: dict[Expression, Tensor] = {}
        self._rules: dict[type[Expression], Callable[[Anything], Tensor]] = {
            Variable: lambda e: self._cells[e],
            Apply: self._apply,
            Lift: self._lift,
            Along: self._along,
            Reverse: lambda e: self.of(e.value).transpose(1, 2),
            Any: self._any,
            Best: self._best,
            Select: self._select,
            Follow: lambda e: self._read(e, e.value, (e.reference,)),
            At: lambda e: self._read(e, e.value, (e.sender, e.receiver)),
        }

    def of(self, expression: Expression) -> Tensor:
        """The depth at every place of the expression's own location."""
        if expression not in self._known:
            if expression in self._evaluation.facts.fixed or type(expression) not in self._rules:
                shape = self._shape(self._evaluation.location(expression))
                found = torch.zeros((), dtype=torch.int32, device=self._batch.nodes.device).expand(shape)
            else:
                found = self._rules[type(expression)](expression)
            self._known[expression] = found
        return self._known[expression]

    def at(self, expression: Expression, location: Location) -> Tensor:
        """The depth at every place of a location; that of a value of the graph is spread."""
        depth = self.of(expression)
        own = self._evaluation.location(expression)
        if own is location:
            return depth
        return depth.reshape(-1, *[1] * location.rank).expand(self._shape(location))

    def _shape(self, location: Location) -> tuple[int, ...]:
        return (len(self._batch), *[self._batch.width] * location.rank)

    def _value(self, expression: Expression, location: Location) -> Tensor:
        return self._evaluation.full(expression, location)

    def _real(self, location: Location) -> Tensor:
        if location is Location.TRIPLE:
            return self._batch.nodes[:, :, None, None] & self._batch.pairs[:, None]
        return places(location, self._batch.nodes)

    # ---- at one place

    def _apply(self, expression: Apply) -> Tensor:
        location = self._evaluation.location(expression)
        depths = [self.at(argument, location) for argument in expression.arguments]
        if expression.operation in (Operation.AND, Operation.OR):
            values = [self._value(argument, location) for argument in expression.arguments]
            settles = values if expression.operation is Operation.OR else [~value for value in values]
            return _settled(depths, settles)
        if expression.operation is Operation.WHERE:
            condition, then, otherwise = (self._value(a, location) for a in expression.arguments)
            asked, one, other = depths
            guided = torch.maximum(asked, torch.where(condition, one, other))
            both = torch.where(then == otherwise, torch.maximum(one, other), _NEVER)
            return torch.minimum(guided, both)
        return _most(depths)

    # ---- at other places

    def _lift(self, expression: Lift) -> Tensor:
        depth = self.at(expression.value, Location.NODE)
        depth = depth[:, :, None] if expression.end is End.SENDER else depth[:, None, :]
        return depth.expand(self._shape(Location.EDGE))

    def _along(self, expression: Along) -> Tensor:
        depth = self.at(expression.value, Location.EDGE)
        if expression.leg is Leg.FIRST:
            depth = depth.transpose(1, 2)[:, :, :, None]
        else:
            depth = depth[:, :, None, :] if expression.leg is Leg.SECOND else depth[:, None]
        return depth.expand(self._shape(Location.TRIPLE))

    def _read(self, expression: Expression, value: Expression, references: tuple[Expression, ...]) -> Tensor:
        location = self._evaluation.location(expression)
        ends = [self._end(reference, location) for reference in references]
        width = self._batch.width
        flat = torch.zeros((), dtype=torch.int64, device=self._batch.nodes.device)
        for index, _, _ in ends:
            flat = flat * width + index.clamp(0, width - 1)
        read = self.of(value).reshape(len(self._batch), -1).gather(1, flat.reshape(len(self._batch), -1))
        depths = [depth for _, _, depth in ends]
        found = torch.maximum(_most(depths), read.reshape(flat.shape))
        nowhere = [~within for _, within, _ in ends]
        astray = _settled(depths, nowhere)
        return torch.where(torch.stack(nowhere).any(0), astray, found)

    def _end(self, reference: Expression, location: Location) -> tuple[Tensor, Tensor, Tensor]:
        """Of a reference the index, whether it names a node, and its depth, at the places of a location."""
        shape = self._shape(location)
        if self._evaluation.program.types[reference].is_pointer:
            index, depth = self._value(reference, location), self.at(reference, location)
            sizes = self._batch.sizes.reshape(-1, *[1] * location.rank)
            return index, (index >= 0) & (index < sizes), depth
        mask = self._value(reference, Location.NODE) & self._batch.nodes
        depth, within = self.at(reference, Location.NODE), mask.any(1)
        needed = torch.where(within[:, None], mask, self._batch.nodes)
        found = (
            (mask * self._evaluation.inputs.positions).amax(1),
            within,
            torch.where(needed, depth, 0).amax(1),
        )
        index, within, depth = (part.reshape(-1, *[1] * location.rank).expand(shape) for part in found)
        return index, within, depth

    # ---- over many places

    def _any(self, expression: Any) -> Tensor:
        below = self._evaluation.location(expression).unreduced
        real, depth = self._real(below), self.at(expression.mask, below)
        holds = self._value(expression.mask, below) & real
        witness = torch.where(holds, depth, _NEVER).amin(1)
        return torch.where(holds.any(1), witness, torch.where(real, depth, 0).amax(1))

    def _best(self, expression: Best) -> Tensor:
        return self._compared(expression, expression.value)

    def _select(self, expression: Select) -> Tensor:
        if expression.key is not None:
            return self._compared(expression, expression.key)
        location = self._evaluation.location(expression)
        real, depth = self._real(location.unreduced), self.at(expression.among, location.unreduced)
        found = (self._value(expression.among, location.unreduced) & real).any(1)
        chosen = self._value(expression, location)[:, None]
        node = self._evaluation.inputs.positions.reshape(1, -1, *[1] * location.rank)
        passed = node >= chosen if expression.tie is Tie.LAST else node <= chosen
        needed = real & (passed | ~found[:, None])
        return self._or_default(expression, torch.where(needed, depth, 0).amax(1), found)

    def _compared(self, expression: Best | Select, key: Expression) -> Tensor:
        below = self._evaluation.location(expression).unreduced
        real, depth = self._real(below), self.at(expression.among, below)
        candidates = self._value(expression.among, below) & real
        needed = torch.where(
            real, torch.where(candidates, torch.maximum(depth, self.at(key, below)), depth), 0
        )
        return self._or_default(expression, needed.amax(1), candidates.any(1))

    def _or_default(self, expression: Best | Select, depth: Tensor, found: Tensor) -> Tensor:
        """A depth, and where no candidate was found that of the default as well."""
        if expression.default is None:
            return depth
        default = self.at(expression.default, self._evaluation.location(expression))
        return torch.where(found, depth, torch.maximum(depth, default))


def _most(depths: list[Tensor]) -> Tensor:
    """The largest of several depths."""
    found = depths[0]
    for depth in depths[1:]:
        found = torch.maximum(found, depth)
    return found


def _settled(depths: list[Tensor], settles: list[Tensor]) -> Tensor:
    """The smallest depth among the arguments that settle a value alone; the largest if none does."""
    least = torch.full_like(depths[0], _NEVER)
    for depth, alone in zip(depths, settles, strict=True):
        least = torch.where(alone, torch.minimum(least, depth), least)
    return torch.where(least < _NEVER, least, _most(depths))
