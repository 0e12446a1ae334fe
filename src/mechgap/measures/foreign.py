"""Networks from elsewhere: what they must offer to be measured, and the subject that runs them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import torch
from torch import Tensor

from ..errors import MechgapError
from ..lang.program import Port, Program
from ..semantics.batch import Batch
from ..semantics.trace import Trace
from .admissible import parts, repeat_last
from .subject import CELLS, AbstractSubject, Graft, joined

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

State = TypeVar("State")
Values: TypeAlias = Mapping[str, Tensor]

WIDTH = 64
"""Numbers that a foreign network is taken to hold for each pair of nodes, where batches are cut in parts."""


class AbstractSteps(ABC, Generic[State]):
    """A network that goes step by step and keeps a vector at every node: all that measures need.

    The state of a frame is of any type. Whatever a step reads besides the inputs must follow from the
    vectors that ``nodes`` gives, or stay outside of what is exchanged: a network that reads its own
    hints must decode them from these vectors in the step, not carry them along.

    Attributes:
        earliest: the first frame that outputs can be read from: 1 for a network that only answers after
            a step; runs of one frame then go one step further.
    """

    earliest: int = 0

    @abstractmethod
    def start(self, batch: Batch) -> State:
        """The state of frame 0."""

    @abstractmethod
    def step(self, batch: Batch, state: State) -> State:
        """The state of the next frame."""

    @abstractmethod
    def hints(self, batch: Batch, state: State) -> Values:
        """Decoded hints of a frame by name, in recorded units; those that there are, always the same."""

    @abstractmethod
    def outputs(self, batch: Batch, state: State) -> Values:
        """Decoded outputs by name, in recorded units, as if the frame were the last one."""

    @abstractmethod
    def nodes(self, state: State) -> Float[Tensor, "B N H"]:
        """The vectors of the nodes: what interventions exchange and probes read."""

    @abstractmethod
    def with_nodes(self, state: State, vectors: Float[Tensor, "B N H"]) -> State:
        """The same state with other vectors at the nodes."""

    def attention(self, state: State) -> Float[Tensor, "B A N N"] | None:
        """The weights (receiver, sender) of the step that made a state; None if there are none."""
        return None

    def heard(self, batch: Batch, state: State) -> Bool[Tensor, "B N N"]:
        """Whom nodes hear in the step from a state, as (sender, receiver): by default along input edges."""
        masks = [value for value in batch.values.values() if value.dtype == torch.bool and value.dim() == 3]
        return torch.stack(masks).any(0) & batch.pairs if masks else torch.zeros_like(batch.pairs)

    def step_without(self, batch: Batch, state: State, removed: Bool[Tensor, "B N N"]) -> State:
        """The state of the next frame if some receivers do not hear some senders, which they would hear.

        By default all inputs at these pairs (sender, receiver) are false or 0 in this step. A network that
        reads the edges before its first step, or hears along others, must say how it is done.
        """
        values = {
            name: value.masked_fill(removed, 0) if value.shape == removed.shape else value
            for name, value in batch.values.items()
        }
        return self.step(Batch(values, batch.nodes), state)


@dataclass(frozen=True)
class Vectors:
    """The state of a network that keeps nothing but vectors at nodes.

    Attributes:
        nodes: [B, N, H].
        weights: attention [B, A, N, N] of the step that made them, as (receiver, sender), if there is any.
    """

    nodes: Tensor
    weights: Tensor | None = None


Update: TypeAlias = Callable[[Batch, Tensor], Tensor | tuple[Tensor, Tensor]]
"""Vectors [B, N, H] of the next frame, of the inputs and those of this one; with attention or without."""


@dataclass(frozen=True)
class FunctionSteps(AbstractSteps[Vectors]):
    """Plain functions as a network.

    Attributes:
        first: vectors [B, N, H] of frame 0.
        update: those of the next frame, or a pair of them and the attention [B, A, N, N].
        read_outputs: decoded outputs by name, of the inputs and vectors.
        read_hints: decoded hints by name; none where it is left out, and then there is no gate 1.
        earliest: the first frame that outputs can be read from.
    """

    first: Callable[[Batch], Tensor]
    update: Update
    read_outputs: Callable[[Batch, Tensor], Values]
    read_hints: Callable[[Batch, Tensor], Values] | None = None
    earliest: int = 0

    def start(self, batch: Batch) -> Vectors:
        """The state of frame 0."""
        return Vectors(self.first(batch))

    def step(self, batch: Batch, state: Vectors) -> Vectors:
        """The state of the next frame."""
        made = self.update(batch, state.nodes)
        return Vectors(*made) if isinstance(made, tuple) else Vectors(made)

    def hints(self, batch: Batch, state: Vectors) -> Values:
        """Decoded hints."""
        return {} if self.read_hints is None else self.read_hints(batch, state.nodes)

    def outputs(self, batch: Batch, state: Vectors) -> Values:
        """Decoded outputs."""
        return self.read_outputs(batch, state.nodes)

    def nodes(self, state: Vectors) -> Tensor:
        """The vectors of the nodes."""
        return state.nodes

    def with_nodes(self, state: Vectors, vectors: Tensor) -> Vectors:
        """The same state with other vectors."""
        return replace(state, nodes=vectors)

    def attention(self, state: Vectors) -> Tensor | None:
        """The weights of the step that made a state."""
        return state.weights


class ForeignSubject(AbstractSubject, Generic[State]):
    """A network from elsewhere, ready to be measured.

    Args:
        steps: the network.
        program: what it should compute; it says what its hints and outputs must look like.

    Raises:
        MechgapError: when it runs, if hints or outputs have other names, shapes or types than the program's.
    """

    def __init__(self, steps: AbstractSteps[State], program: Program) -> None:
        self.steps = steps
        self.program = program

    def run(
        self, batch: Batch, lengths: Tensor, *, graft: Graft | None = None, attention: bool = False
    ) -> Trace:
        order = lengths.argsort(descending=True)
        traces = []
        for part_of in parts(len(batch), max(1, CELLS // (batch.width**2 * WIDTH))):
            rows = order[part_of]
            exchanged = graft.take(rows) if graft is not None else None
            with torch.no_grad():
                traces.append(self._run(batch.take(rows), lengths[rows], exchanged, attention))
        return joined([_blank(trace, traces[0]) for trace in traces], batch, order.argsort())

    def _run(self, batch: Batch, lengths: Tensor, graft: Graft | None, attention: bool) -> Trace:
        steps, interface, frames = self.steps, self.program.interface, int(lengths.max())
        record, outputs = _Record([], [], []), dict[str, Tensor]()
        last = (lengths - 1).clamp(min=steps.earliest)
        state = steps.start(batch)
        for frame in range(int(last.max()) + 1):
            if frame:
                state = steps.step(batch, state)
            if graft is not None:
                state = steps.with_nodes(state, graft(frame, steps.nodes(state)))
            if frame < frames:
                record.hints.append(_checked(steps.hints(batch, state), interface.hints, batch, "hints"))
                record.vectors.append(steps.nodes(state))
            if 0 < frame < frames and attention and (weights := steps.attention(state)) is not None:
                record.weights.append(weights)
            ends = last == frame
            if bool(ends.any()):
                made = _checked(steps.outputs(batch, state), interface.outputs, batch, "outputs")
                _check_all(made, interface.outputs)
                for name, value in made.items():
                    chosen = ends.reshape(-1, *[1] * (value.dim() - 1))
                    outputs[name] = torch.where(chosen, value, outputs.get(name, value))
        return record.trace(batch, lengths, outputs, hidden=graft is None)


@dataclass(frozen=True)
class _Record:
    """What is kept of every frame."""

    hints: list[Values]
    vectors: list[Tensor]
    weights: list[Tensor]

    def trace(self, batch: Batch, lengths: Tensor, outputs: Values, *, hidden: bool) -> Trace:
        values = {n: repeat_last(torch.stack([h[n] for h in self.hints]), lengths) for n in self.hints[0]}
        vectors = repeat_last(torch.stack(self.vectors), lengths) if hidden else None
        weights = (torch.stack(self.weights),) if self.weights else ()
        return Trace(batch, values, lengths, outputs, hidden=vectors, attention=weights)


def _blank(trace: Trace, longest: Trace) -> Trace:
    """A trace of runs without a step, with as many kinds of attention as those that have some."""
    if trace.attention or not longest.attention:
        return trace
    none = (weights[:0, :1].expand(0, len(trace.batch), -1, -1, -1) for weights in longest.attention)
    return replace(trace, attention=tuple(none))


def _checked(values: Values, ports: tuple[Port, ...], batch: Batch, what: str) -> Values:
    """Values as they are, if a program has ports for them."""
    known = {port.name: port for port in ports}
    for name, value in values.items():
        if name not in known:
            raise _misfit(f"{what} of a foreign network", repr(name), f"names among {', '.join(known)}")
        dtype, shape = _form(known[name], batch)
        both_numbers = dtype.is_floating_point and value.dtype.is_floating_point
        if value.shape != shape or not (value.dtype == dtype or both_numbers):
            given, expected = f"{value.dtype} {list(value.shape)}", f"{dtype} {list(shape)}"
            raise _misfit(f"{what} of a foreign network, {name}", given, expected)
    return values


def _check_all(values: Values, ports: tuple[Port, ...]) -> None:
    missing = [port.name for port in ports if port.name not in values]
    if missing:
        raise _misfit(
            "outputs of a foreign network", f"no {', '.join(missing)}", "all outputs of the program"
        )


def _form(port: Port, batch: Batch) -> tuple[torch.dtype, torch.Size]:
    """Type and shape of the values of a port."""
    places = [batch.width] * port.location.rank
    width = batch.width if port.kind.refers else port.kind.width
    # What a kind decodes says of which type its values are; the places of one graph are enough.
    logits = torch.zeros(1, *places, width, device=batch.nodes.device)
    dtype = port.kind.decode(logits, batch.nodes[:1]).dtype
    return dtype, torch.Size([len(batch), *places])


def _misfit(where: str, given: str, expected: str) -> MechgapError:
    return MechgapError(where, given, expected, "decode into the names, shapes and types of the program")
