"""What can be measured: anything that runs on a batch and whose node states can be exchanged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from ..lang.expression import Variable
from ..lang.location import Location
from ..lang.program import Program
from ..nets.network import Network
from ..nets.rollout import RolloutOptions, rollout
from ..semantics.batch import Batch
from ..semantics.defined import where_defined
from ..semantics.machine import Machine
from ..semantics.trace import Trace
from .admissible import parts, repeat_last

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

CELLS = 2**24
"""How many numbers over pairs of nodes a network may hold at once; larger batches run in parts."""


@dataclass(frozen=True)
class Graft:
    """A foreign state put into one node of each run.

    Attributes:
        step: at which frame.
        node: at which node.
        vectors: the state that the node gets.
    """

    step: Int64[Tensor, " B"]
    node: Int64[Tensor, " B"]
    vectors: Float[Tensor, "B H"]

    def __call__(self, frame: int, hidden: Float[Tensor, "B N H"]) -> Float[Tensor, "B N H"]:
        """The states of a frame with the grafts that belong to it."""
        rows = (self.step == frame).nonzero()[:, 0]
        if not len(rows):
            return hidden
        changed = hidden.clone()
        changed[rows, self.node[rows]] = self.vectors[rows].to(hidden.dtype)
        return changed

    def take(self, rows: Tensor) -> Graft:
        """The grafts of the given rows [B']."""
        return Graft(self.step[rows], self.node[rows], self.vectors[rows])

    def to(self, device: torch.device) -> Graft:
        """The same on another device."""
        return Graft(self.step.to(device), self.node.to(device), self.vectors.to(device))


class AbstractSubject(ABC):
    """Something that runs step by step and keeps the state of every node as a vector."""

    @abstractmethod
    def run(
        self, batch: Batch, lengths: Tensor, *, graft: Graft | None = None, attention: bool = False
    ) -> Trace:
        """Run each graph for a number of frames.

        Args:
            batch: the inputs.
            lengths: [B], number of frames of each run; outputs are read from the last one.
            graft: exchange of node states on the way.
            attention: whether the trace carries attention.

        Returns:
            The trace, with the node states as ``hidden`` if nothing was grafted.
        """


class NetworkSubject(AbstractSubject):
    """A network.

    Args:
        network: compiled, trained or untrained.
        program: what it should compute; it gives the first hints to a network without a prologue.
    """

    def __init__(self, network: Network, program: Program) -> None:
        self.network = network
        self.program = program

    def run(
        self, batch: Batch, lengths: Tensor, *, graft: Graft | None = None, attention: bool = False
    ) -> Trace:
        traces, order = [], lengths.argsort(descending=True)
        for part_of in parts(len(batch), self._share(batch)):
            rows = order[part_of]
            part = batch.take(rows)
            options = RolloutOptions(
                first=self._first(part),
                defined=where_defined(self.program, part),
                lengths=lengths[rows],
                hidden=graft is None,
                attention=attention,
                intervene=graft.take(rows).to(self.network.device) if graft is not None else None,
            )
            traces.append(rollout(self.network, part, options))
        return joined(traces, batch, order.argsort())

    def _share(self, batch: Batch) -> int:
        """How many graphs run at once."""
        config = self.network.config
        widest = max([shape.widest for shape in (*config.rounds, *config.prologue)] + [config.pointer_width])
        return max(1, CELLS // max(1, batch.width**2 * widest))

    def _first(self, batch: Batch) -> dict[str, Tensor] | None:
        if self.network.config.prologue:
            return None
        machine = Machine(self.program, batch)
        record = machine.record(machine.start())
        return {v.name: record[v.name] for v in self.program.hints}


Measured: TypeAlias = Network | AbstractSubject
"""What can be measured: a network of this package, or any other subject."""


def subject_of(given: Measured, program: Program) -> AbstractSubject:
    """What is given as a subject; a network is to compute the program."""
    return NetworkSubject(given, program) if isinstance(given, Network) else given


class ProgramSubject(AbstractSubject):
    """A program as its own subject: the vector of a node is the list of its variables there."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def run(
        self, batch: Batch, lengths: Tensor, *, graft: Graft | None = None, attention: bool = False
    ) -> Trace:
        machine = Machine(self.program, batch)
        state = machine.start()
        states, vectors = [], []
        for frame in range(int(lengths.max())):
            state = machine.step(state) if frame else state
            if graft is not None:
                state = self._unpacked(state, graft(frame, self._packed(state)))
            states.append(state)
            vectors.append(self._packed(state))
        values = {name: repeat_last(torch.stack([s[name] for s in states]), lengths) for name in states[0]}
        last = {name: value[-1] for name, value in values.items()}
        hidden = repeat_last(torch.stack(vectors), lengths)
        hints = {v.name for v in self.program.hints}
        shown = {name: value for name, value in machine.record(values).items() if name in hints}
        return Trace(batch, shown, lengths, machine.outputs(last), hidden=hidden)

    @property
    def _local(self) -> tuple[Variable, ...]:
        return tuple(v for v in self.program.state if v.location is Location.NODE)

    def _packed(self, state: dict[str, Tensor]) -> Tensor:
        return torch.stack([state[v.name].to(torch.float64) for v in self._local], dim=-1)

    def _unpacked(self, state: dict[str, Tensor], vectors: Tensor) -> dict[str, Tensor]:
        found = dict(state)
        for index, variable in enumerate(self._local):
            found[variable.name] = vectors[..., index].to(state[variable.name].dtype)
        return found


def joined(traces: Sequence[Trace], batch: Batch, order: Tensor) -> Trace:
    """The traces of the parts of a batch as one.

    Args:
        traces: of the parts.
        batch: the whole batch.
        order: [B], the row of each run of the batch when the parts are put one after the other.
    """
    frames, first = max(trace.frames for trace in traces), traces[0]

    def over_time(values: list[Tensor], length: int) -> Tensor:
        return torch.cat([_grown(value, length) for value in values], dim=1)[:, order]

    hidden = [trace.hidden for trace in traces if trace.hidden is not None]
    return Trace(
        batch,
        {name: over_time([t.values[name] for t in traces], frames) for name in first.values},
        torch.cat([trace.lengths for trace in traces])[order],
        {name: torch.cat([t.outputs[name] for t in traces])[order] for name in first.outputs},
        hidden=over_time(hidden, frames) if hidden else None,
        attention=tuple(
            over_time([t.attention[index] for t in traces], frames - 1)
            for index in range(len(first.attention))
        ),
    )


def _grown(values: Tensor, frames: int) -> Tensor:
    """Values [T, B, …] with the last frame repeated, or zeros if there is none, up to a number of frames."""
    missing = frames - len(values)
    if missing <= 0:
        return values
    if not len(values):
        return values.new_zeros(missing, *values.shape[1:])
    return torch.cat([values, values[-1:].expand(missing, *values.shape[1:])])
