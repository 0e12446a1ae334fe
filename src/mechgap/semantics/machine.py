"""A program on a batch of graphs, step by step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..kinds.scalar import Scalar
from ..lang.expression import Best, Expression, Follow, Select, Variable
from ..lang.location import Location
from ..lang.program import Program
from ..lang.selections import selecting_expressions
from ..lang.text import expression_text
from .batch import Batch
from .demand import Demand
from .evaluation import Evaluation, Inputs
from .frames import recorded
from .trace import Selection
from .updates import Assignment

State = dict[str, Tensor]


class Machine:
    """A program on a batch of graphs, step by step.

    States map the name of every state variable to its value in program units (scalars count units),
    in the shapes and types that ``Batch`` describes. Inside a run, ``packed`` states keep values in the
    fewest bytes instead.

    Args:
        program: what to run.
        batch: on which inputs.
        dtype: floating point type of scalars; compiled networks compute in float32.
    """

    def __init__(self, program: Program, batch: Batch, dtype: torch.dtype = torch.float32) -> None:
        self.program = program
        self.batch = batch
        self.dtype = dtype
        values = {
            v.name: v.kind.pack(
                self._enter(v, batch.values[v.name]), batch.width, single=v.location is Location.GRAPH
            ).contiguous()
            for v in program.inputs
        }
        self.inputs = Inputs(program, batch, values, dtype)
        self._last: tuple[State, Evaluation] | None = None

    def start(self) -> State:
        """Frame 0: the first value of every state variable."""
        return self._unpacked(self.packed_start())

    def step(self, state: State) -> State:
        """The next frame."""
        return self._unpacked(self._assign(self.evaluation(state), self.program.step))

    def packed_start(self) -> State:
        """Frame 0, packed; every variable in memory of its own."""
        return self._assign(Evaluation(self.inputs, {}), self.program.init)

    def halted(self, state: State) -> Tensor:
        """[B], whether a frame is the last one."""
        return self.evaluation(state).full(self.program.halt, Location.GRAPH)

    def outputs(self, state: State) -> State:
        """The outputs read from a frame, in recorded units."""
        evaluation, ports = self.evaluation(state), self.program.interface.outputs
        found = {}
        for port, expression in zip(ports, self.program.outputs.values(), strict=True):
            value = evaluation.full(expression, port.location)
            found[port.name] = recorded(port.kind, value)
        return found

    def record(self, state: State) -> State:
        """A frame in recorded units."""
        return {v.name: recorded(v.kind, state[v.name]) for v in self.program.state}

    def enter(self, record: Mapping[str, Tensor]) -> State:
        """The state whose record is given: the opposite of ``record``."""
        return {v.name: self._enter(v, record[v.name]) for v in self.program.state}

    def limits(self) -> Tensor:
        """[B], the largest number of frames that the program allows itself."""
        empty = Inputs(self.program, self.batch, {}, torch.float64)
        return Evaluation(empty, {}).full(self.program.limit, Location.GRAPH)

    def evaluation(self, state: State) -> Evaluation:
        """The values of all expressions in a state, computed when they are asked for."""
        if self._last is None or self._last[0] is not state:
            self._last = (state, Evaluation(self.inputs, state))
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
        assignment = Assignment(evaluation)
        return {
            v.name: assignment.value(v, x).clone(memory_format=torch.contiguous_format)
            for v, x in values.items()
        }

    def _unpacked(self, state: State) -> State:
        return {v.name: v.kind.unpack(state[v.name], self.batch.width) for v in self.program.state}

    def _enter(self, variable: Variable, value: Tensor) -> Tensor:
        kind = variable.kind
        if not isinstance(kind, Scalar):
            return value
        value = value.to(self.dtype)
        return value if kind.unit == 1.0 else (value / kind.unit).round()


def _selection(evaluation: Evaluation, demand: Demand, expression: Best | Select | Follow) -> Selection:
    value = evaluation.of(expression)
    width = evaluation.batch.width
    if isinstance(expression, Follow):
        chosen = evaluation.target(expression.reference)
        admissible = torch.nn.functional.one_hot(chosen.clamp(0, width - 1), width).bool()
        return Selection(admissible, chosen, demand.of(expression), expression_text(expression))
    ties = evaluation.ties(expression)
    ties = ties.movedim(1, -1)
    if isinstance(expression, Select):
        chosen = value.expand(ties.shape[:-1])
        only = torch.nn.functional.one_hot(chosen.clamp(0, width - 1), width).bool()
        admissible = torch.where(ties.any(-1, keepdim=True) & expression.free, ties, only)
    else:
        chosen = ties.to(torch.int8).argmax(-1)
        admissible = ties
    active = demand.of(expression) & ties.any(-1)
    return Selection(admissible, chosen, active, expression_text(expression))
