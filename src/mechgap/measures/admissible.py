"""Runs a program with the set of all right values of every pointer, not one value only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from typing import Any as Anything

import torch
from torch import Tensor

from ..lang.expression import Apply, Expression, Follow, Select, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Port, Program
from ..semantics.batch import Batch
from ..semantics.defined import where_defined
from ..semantics.evaluation import Evaluation
from ..semantics.machine import Machine
from ..semantics.trace import Trace

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Frame:
    """One frame of a run, or several stacked frames: every tensor then has a leading axis of time.

    Attributes:
        values: state variable -> value in program units, [B, …].
        choices: pointer variable at nodes -> [B, N, N] bool as (node, target): the targets that it
            could have after other, equally admissible choices along the way.
    """

    values: Tensors
    choices: Tensors

    def map(self, change: Callable[[str, Tensor], Tensor]) -> Frame:
        """The frame with every tensor changed."""
        return Frame(
            {name: change(name, value) for name, value in self.values.items()},
            {name: change(name, value) for name, value in self.choices.items()},
        )

    def join(self, other: Frame, change: Callable[[str, Tensor, Tensor], Tensor]) -> Frame:
        """Two frames of the same program, combined tensor by tensor."""
        return Frame(
            {name: change(name, value, other.values[name]) for name, value in self.values.items()},
            {name: change(name, value, other.choices[name]) for name, value in self.choices.items()},
        )


@dataclass(frozen=True)
class Answer:
    """What a program says about one output: a value at each place, or a set of right values.

    Attributes:
        port: the output.
        value: [B, *P] in recorded units.
        choices: [B, N, N] for a pointer at nodes: every right target; None for all other outputs.
        defined: [B, *P], where the output is defined; None if it is everywhere. Elsewhere any value
            is right, and says nothing.
    """

    port: Port
    value: Tensor
    choices: Tensor | None
    defined: Tensor | None = None

    def accepts(self, value: Tensor) -> Tensor:
        """[B, *P], where a value is right."""
        if self.choices is None:
            return self.same(value, self.value)
        return self._or_undefined(member(self.choices, value))

    def same(self, left: Tensor, right: Tensor) -> Tensor:
        """[B, *P], where two values are equal, or say nothing."""
        return self._or_undefined(self.port.kind.agreement(left, right))

    def excludes(self, other: Answer) -> Tensor:
        """[B, *P], where no value is right for both."""
        if self.choices is None or other.choices is None:
            return self._and_defined(~self.port.kind.agreement(other.value, self.value))
        return self._and_defined(~(self.choices & other.choices).any(-1))

    def equals(self, other: Answer) -> Tensor:
        """[B, *P], where the same values are right for both, and not just any."""
        if self.choices is None or other.choices is None:
            return self._and_defined(self.port.kind.agreement(other.value, self.value))
        return self._and_defined((self.choices == other.choices).all(-1))

    def take(self, rows: Tensor) -> Answer:
        """The answers for the given rows [B']."""
        choices, defined = (None if part is None else part[rows] for part in (self.choices, self.defined))
        return replace(self, value=self.value[rows], choices=choices, defined=defined)

    def _or_undefined(self, places: Tensor) -> Tensor:
        return places if self.defined is None else places | ~self.defined

    def _and_defined(self, places: Tensor) -> Tensor:
        return places if self.defined is None else places & self.defined


Answers = dict[str, Answer]


class SetMachine:
    """A program on a batch that keeps, beside the run, all admissible targets of its node pointers.

    A set follows the pointer through conditionals, copies and reads; a choice among equals that is
    declared free enters it with all of them. The run itself takes the program's own tie rule, so
    what a different choice would change in *other* variables is not part of the sets.

    Args:
        program: what to run.
        batch: on which inputs.
    """

    def __init__(self, program: Program, batch: Batch) -> None:
        self.program = program
        self.batch = batch
        self.machine = Machine(program, batch)
        self._defined = where_defined(program, batch)
        self._pointers = tuple(v for v in program.state if v.location is Location.NODE and v.kind.refers)

    def start(self) -> Frame:
        """Frame 0."""
        values = self.machine.start()
        return Frame(values, {v.name: one_hot(values[v.name], self.batch.width) for v in self._pointers})

    def step(self, frame: Frame) -> Frame:
        """The next frame; goes on after the halt too."""
        choices = self._choices(frame)
        found = {v.name: choices.of(self.program.step[v]) for v in self._pointers}
        return Frame(self.machine.step(frame.values), found)

    def halted(self, frame: Frame) -> Tensor:
        """[B], whether the frame is the last one of its run."""
        return self.machine.halted(frame.values)

    def answers(self, frame: Frame) -> Answers:
        """The outputs read from a frame."""
        choices = self._choices(frame)
        values = self.machine.outputs(frame.values)
        found = {}
        for port, expression in zip(
            self.program.interface.outputs, self.program.outputs.values(), strict=True
        ):
            tracked = port.location is Location.NODE and port.kind.refers
            targets = choices.of(expression) if tracked else None
            found[port.name] = Answer(port, values[port.name], targets, self._defined.get(port.name))
        return found

    def run(self, frames: int) -> Frame:
        """The first frames of the run, stacked [T, B, …]; it goes past the halt if need be."""
        kept = [self.start()]
        while len(kept) < frames:
            kept.append(self.step(kept[-1]))
        return _stacked(kept)

    def advance(self, frame: Frame, steps: Tensor) -> Frame:
        """Each run [B] after its own number of steps, past its halt if need be."""
        for count in range(int(steps.max())):
            going = count < steps

            def change(_: str, old: Tensor, new: Tensor, going: Tensor = going) -> Tensor:
                return torch.where(going.reshape(-1, *[1] * (old.dim() - 1)), new, old)

            frame = frame.join(self.step(frame), change)
        return frame

    def _choices(self, frame: Frame) -> _Choices:
        return _Choices(self.machine.evaluation(frame.values), frame.choices)


class _Choices:
    """The admissible values of pointer expressions at nodes in one state."""

    def __init__(self, evaluation: Evaluation, known: Mapping[str, Tensor]) -> None:
        self._evaluation = evaluation
        self._known = known
        self._done: dict[Expression, Tensor] = {}
        self._rules: dict[type[Expression], Callable[[Anything], Tensor | None]] = {
            Variable: lambda e: self._known.get(e.name),
            Apply: self._apply,
            Select: self._select,
            Follow: self._follow,
        }

    def of(self, expression: Expression) -> Tensor:
        """[B, N, N] as (node, target)."""
        if expression not in self._done:
            rule = self._rules.get(type(expression))
            found = rule(expression) if rule is not None else None
            self._done[expression] = self._only(expression) if found is None else found
        return self._done[expression]

    def _only(self, expression: Expression) -> Tensor:
        value = self._evaluation.full(expression, Location.NODE)
        return one_hot(value, self._evaluation.batch.width)

    def _apply(self, expression: Apply) -> Tensor | None:
        if expression.operation is not Operation.WHERE:
            return None
        condition, then, otherwise = expression.arguments
        holds = self._evaluation.full(condition, Location.NODE)[..., None]
        return torch.where(holds, self.of(then), self.of(otherwise))

    def _select(self, expression: Select) -> Tensor | None:
        if not expression.free or self._evaluation.location(expression) is not Location.NODE:
            return None
        ties = self._evaluation.ties(expression).transpose(1, 2).expand(-1, self._evaluation.batch.width, -1)
        if expression.default is None:
            return torch.where(ties.any(-1, keepdim=True), ties, self._only(expression))
        return torch.where(ties.any(-1, keepdim=True), ties, self.of(expression.default))

    def _follow(self, expression: Follow) -> Tensor | None:
        types, width = self._evaluation.program.types, self._evaluation.batch.width
        if types[expression.value].location is not Location.NODE:
            return None
        target = self._evaluation.target(expression.reference)
        target = target[:, None].expand(-1, width) if target.dim() == 1 else target
        inside = (target >= 0) & (target < self._evaluation.batch.sizes[:, None])
        index = target.clamp(0, width - 1)[..., None].expand(-1, -1, width)
        read = self.of(expression.value).gather(1, index)
        return torch.where(inside[..., None], read, self._only(expression))


def admissible_trace(program: Program, exact: Trace) -> tuple[Tensors, Answers]:
    """All admissible targets of node pointers along a run.

    Args:
        program: whose run it is.
        exact: the interpreter's trace.

    Returns:
        By the name of the variable [T, B, N, N] as (node, target); and the outputs.
    """
    machine = SetMachine(program, exact.batch)
    frames = machine.run(exact.frames).map(lambda _, value: repeat_last(value, exact.lengths))
    return frames.choices, machine.answers(frames.map(lambda _, value: value[-1]))


def admissible_answers(program: Program, exact: Trace) -> Answers:
    """The outputs of a run with all admissible targets, without keeping the frames on the way."""
    machine = SetMachine(program, exact.batch)
    return machine.answers(machine.advance(machine.start(), exact.lengths - 1))


def only_answers(program: Program, exact: Trace) -> Answers:
    """The outputs of a run, each with its one value."""
    defined = where_defined(program, exact.batch)
    return {
        port.name: Answer(port, exact.outputs[port.name], None, defined.get(port.name))
        for port in program.interface.outputs
    }


def repeat_last(values: Tensor, lengths: Tensor) -> Tensor:
    """Values [T, B, …] in which every frame past the length of its run repeats the last one."""
    steps = torch.arange(len(values), device=values.device)[:, None]
    frame = torch.minimum(steps, lengths[None, :] - 1)
    return values[frame, torch.arange(values.shape[1], device=values.device)]


def parts(count: int, share: int) -> Iterator[Tensor]:
    """The rows 0 … count - 1 in consecutive parts of at most `share`."""
    for start in range(0, count, share):
        yield torch.arange(start, min(start + share, count))


def one_hot(pointer: Int64[Tensor, "*S"], width: int) -> Bool[Tensor, "*S N"]:
    """The one target of a pointer; all false for a pointer to no node."""
    return pointer[..., None] == torch.arange(width, device=pointer.device)


def member(choices: Bool[Tensor, "*S N"], pointer: Int64[Tensor, "*S"]) -> Bool[Tensor, "*S"]:
    """Whether a pointer is one of the choices."""
    inside = (pointer >= 0) & (pointer < choices.shape[-1])
    return choices.gather(-1, (pointer * inside)[..., None])[..., 0] & inside


def first_true(flags: Bool[Tensor, "T B"]) -> Int64[Tensor, " B"]:
    """Index of the first true along time; T where there is none."""
    found = flags.to(torch.int8).argmax(0)
    return torch.where(flags.any(0), found, flags.shape[0])


def _stacked(frames: list[Frame]) -> Frame:
    return Frame(
        {name: torch.stack([f.values[name] for f in frames]) for name in frames[0].values},
        {name: torch.stack([f.choices[name] for f in frames]) for name in frames[0].choices},
    )
