"""Runs programs exactly, on a whole batch of graphs at once."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import MechgapError, RangeError
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Best, Expression, Follow, Select, Variable
from ..lang.location import Location
from ..lang.program import Program
from ..lang.selections import selecting_expressions
from ..lang.text import expression_text
from .batch import Batch
from .demand import Demand
from .evaluation import Evaluation
from .inputs import check_batch
from .trace import Selection, Trace

State = dict[str, Tensor]


class Machine:
    """A program on a batch of graphs, step by step.

    States map the name of every state variable to its value in program units (scalars count units).

    Args:
        program: what to run.
        batch: on which inputs.
        dtype: floating point type of scalars; compiled networks compute in float32.
    """

    def __init__(self, program: Program, batch: Batch, dtype: torch.dtype = torch.float32) -> None:
        self.program = program
        self.batch = batch
        self.dtype = dtype
        self._inputs = {v.name: self._enter(v, batch.values[v.name]) for v in program.inputs}
        self._last: tuple[State, Evaluation] | None = None

    def start(self) -> State:
        """Frame 0: the first value of every state variable."""
        evaluation = Evaluation(self.program, self.batch, self._inputs, self.dtype)
        return self._assign(evaluation, self.program.init)

    def step(self, state: State) -> State:
        """The next frame."""
        return self._assign(self.evaluation(state), self.program.step)

    def halted(self, state: State) -> Tensor:
        """[B], whether a frame is the last one."""
        return self.evaluation(state).full(self.program.halt, Location.GRAPH)

    def outputs(self, state: State) -> State:
        """The outputs read from a frame, in recorded units."""
        evaluation, ports = self.evaluation(state), self.program.interface.outputs
        found = {}
        for port, expression in zip(ports, self.program.outputs.values(), strict=True):
            found[port.name] = _recorded(evaluation.full(expression, port.location), port.kind)
        return found

    def record(self, state: State) -> State:
        """A frame in recorded units."""
        return {v.name: _recorded(state[v.name], v.kind) for v in self.program.state}

    def enter(self, record: Mapping[str, Tensor]) -> State:
        """The state whose record is given: the opposite of ``record``."""
        return {v.name: self._enter(v, record[v.name]) for v in self.program.state}

    def limits(self) -> Tensor:
        """[B], the largest number of frames that the program allows itself."""
        empty = Evaluation(self.program, self.batch, {}, torch.float64)
        return empty.full(self.program.limit, Location.GRAPH)

    def evaluation(self, state: State) -> Evaluation:
        """The values of all expressions in a state, computed when they are asked for."""
        if self._last is None or self._last[0] is not state:
            merged = {**self._inputs, **state}
            self._last = (state, Evaluation(self.program, self.batch, merged, self.dtype))
        return self._last[1]

    def selections(self, state: State) -> dict[str, Selection]:
        """What every selecting expression could take in the step from a state (one frame each)."""
        evaluation = self.evaluation(state)
        changed = [(x, v.location) for v, x in self.program.step.items() if x is not v]
        demand = Demand(evaluation, changed)
        return {
            name: _selection(evaluation, demand, expression)
            for name, expression in selecting_expressions(self.program).items()
        }

    def _assign(self, evaluation: Evaluation, values: Mapping[Variable, Expression]) -> State:
        return {v.name: evaluation.full(x, v.location) for v, x in values.items()}

    def _enter(self, variable: Variable, value: Tensor) -> Tensor:
        kind = variable.kind
        if not isinstance(kind, Scalar):
            return value
        value = value.to(self.dtype)
        return value if kind.unit == 1.0 else (value / kind.unit).round()


def interpret(
    program: Program,
    batch: Batch,
    *,
    selections: bool = False,
    dtype: torch.dtype = torch.float32,
    max_frames: int | None = None,
) -> Trace:
    """Run a program to its halt.

    Args:
        program: what to run.
        batch: on which inputs.
        selections: whether to record admissible sets and active flags (N x N for every step).
        dtype: floating point type of scalars.
        max_frames: stop with an error after that many frames; by default the program's own limit.

    Returns:
        The trace of every state variable, in recorded units.

    Raises:
        MechgapError: if a run does not halt within the limit.
        GraphError: if the inputs are not what the program declares.
        RangeError: if a scalar leaves the range that its variable declares.
    """
    check_batch(program, batch)
    machine = Machine(program, batch, dtype)
    limits = machine.limits()
    if max_frames is not None:
        limits = torch.full_like(limits, max_frames)
    state = machine.start()
    states, chosen = [state], []
    lengths = torch.ones(len(batch), dtype=torch.int64, device=batch.nodes.device)
    halted = machine.halted(state)
    while not bool(halted.all()):
        if bool((~halted & (lengths >= limits)).any()):
            raise _endless(program, int(limits.max()))
        if selections:
            chosen.append(machine.selections(state))
        state = _frozen(halted, state, machine.step(state))
        states.append(state)
        lengths = lengths + (~halted)
        halted = halted | machine.halted(state)
    values = {v.name: torch.stack([s[v.name] for s in states]) for v in program.state}
    _check_ranges(program, batch, values)
    return Trace(
        batch,
        machine.record(values),
        lengths,
        machine.outputs(state),
        _stacked(chosen) if selections else {},
    )


def _frozen(halted: Tensor, old: State, new: State) -> State:
    """The new state where a run goes on, the old one where it has halted."""
    if not bool(halted.any()):
        return new
    return {
        name: torch.where(halted.reshape(-1, *[1] * (value.dim() - 1)), old[name], value)
        for name, value in new.items()
    }


def _recorded(value: Tensor, kind: object) -> Tensor:
    if isinstance(kind, Scalar) and kind.unit != 1.0:
        return value * kind.unit
    return value


def _selection(evaluation: Evaluation, demand: Demand, expression: Best | Select | Follow) -> Selection:
    value = evaluation.of(expression)
    width = evaluation.batch.width
    if isinstance(expression, Follow):
        chosen = evaluation.target(expression)
        admissible = torch.nn.functional.one_hot(chosen.clamp(0, width - 1), width).bool()
        return Selection(admissible, chosen, demand.of(expression), expression_text(expression))
    ties = evaluation.ties(expression)
    ties = ties.transpose(1, 2) if ties.dim() == 3 else ties
    if isinstance(expression, Select):
        chosen = value.expand(ties.shape[:-1])
        only = torch.nn.functional.one_hot(chosen.clamp(0, width - 1), width).bool()
        admissible = torch.where(ties.any(-1, keepdim=True) & expression.free, ties, only)
    else:
        chosen = ties.to(torch.int8).argmax(-1)
        admissible = ties
    active = demand.of(expression) & ties.any(-1)
    return Selection(admissible, chosen, active, expression_text(expression))


def _stacked(steps: list[dict[str, Selection]]) -> dict[str, Selection]:
    if not steps:
        return {}
    return {
        name: Selection(
            torch.stack([step[name].admissible for step in steps]),
            torch.stack([step[name].chosen for step in steps]),
            torch.stack([step[name].active for step in steps]),
            first.text,
        )
        for name, first in steps[0].items()
    }


def _check_ranges(program: Program, batch: Batch, values: State) -> None:
    """Every number in its declared range, every pointer at a node of its graph."""
    for variable in program.state:
        value, kind = values[variable.name], variable.kind
        if isinstance(kind, Scalar):
            inside = (value >= kind.low) & (value <= kind.high)
            expected = f"a number in [{kind.low:g}, {kind.high:g}], as the variable declares"
            remedy = "use smaller inputs, or widen the range in the program (and compile it again)"
        elif isinstance(kind, Pointer):
            inside = (value >= 0) & (value < batch.sizes.reshape(-1, *[1] * variable.location.rank))
            expected = "the index of a node of the graph"
            remedy = "guard node_at(…) with where(), so that no pointer to nowhere is stored"
        else:
            continue
        if variable.location is not Location.GRAPH:
            inside = inside | ~(batch.pairs if variable.location is Location.EDGE else batch.nodes)
        if not bool(inside.all()):
            place = (~inside).nonzero()[0].tolist()
            names = ("frame", "graph", *(["node"] if len(place) == 3 else ["sender", "receiver"]))
            spot = ", ".join(f"{n} {i}" for n, i in zip(names, place, strict=False))
            raise RangeError(
                f"program {program.name}, variable {variable.name}, {spot}",
                f"the value {value[tuple(place)].item():g}",
                expected,
                remedy,
            )


def _endless(program: Program, limit: int) -> MechgapError:
    return MechgapError(
        f"program {program.name}, run",
        f"a run that has not halted after {limit} frames",
        f"at most {expression_text(program.limit)} = {limit} frames",
        "check `halt`, or raise `limit` in the program",
    )
