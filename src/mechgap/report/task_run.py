"""A small run of a task as plain values, for drawing: which frames, which variables, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kinds.categorical import Categorical
from ..kinds.kind import AbstractKind
from ..lang.expression import Expression, Variable
from ..lang.location import Location
from ..lang.program import Program

if TYPE_CHECKING:
    from ..semantics.trace import Trace
    from ..tasks.task import Task

SIZE, LETTERS = 6, 10
"""Nodes of a drawn run; of one on strings, where a needle is a fifth of the letters."""
DRAWN, DENSITY, MOST_FRAMES = 16, 0.4, 5


@dataclass(frozen=True)
class Run:
    """One run, as plain lists.

    Attributes:
        program: what ran.
        nodes: number of nodes.
        inputs: name -> value, of those inputs that the program reads.
        frames: name of a hint -> its value in each frame that is drawn.
        numbers: the numbers of these frames.
        last: the number of the last frame.
    """

    program: Program
    nodes: int
    inputs: Mapping[str, Any]
    frames: Mapping[str, Sequence[Any]]
    numbers: tuple[int, ...]
    last: int

    def read(self, location: Location) -> list[Variable]:
        """The inputs of a location that the program reads, but for the positions of the nodes."""
        known = [v for v in self.program.inputs if v.name in self.inputs and v.name != "pos"]
        return [v for v in known if v.location is location]

    def hints(self, location: Location) -> list[Variable]:
        """The hints of a location that are not the same in all drawn frames."""
        return [v for v in self.program.hints if v.location is location and not self.constant(v)]

    def constant(self, variable: Variable) -> bool:
        """Whether a hint is the same in all drawn frames."""
        values = self.frames[variable.name]
        return len(values) > 1 and all(value == values[0] for value in values)

    @property
    def listing(self) -> Variable | None:
        """The hint that is a list of nodes, each pointing to the one before it, and an output; or None."""
        for variable in self.hints(Location.NODE):
            output = any(variable is expression for expression in self.program.outputs.values())
            if output and variable.kind.refers and all(map(_listed, self.frames[variable.name])):
                return variable
        return None

    def order(self, position: int) -> list[int]:
        """The nodes as they are drawn from left to right: in the order of the list, if the run makes one."""
        if self.listing is None:
            return list(range(self.nodes))
        return _listed(self.frames[self.listing.name][position]) or []


def drawn_run(task: Task) -> Run:
    """A run of a task on a small input: the liveliest of a few.

    Raises:
        MechgapError: if the task cannot be run.
    """
    from ..semantics.interpreter import interpret

    strings = task.about is not None and task.about.family == "strings"
    batch = task.sample(0, LETTERS if strings else SIZE, DRAWN, p=DENSITY)
    row = _liveliest(task.program, interpret(task.program, batch))
    trace = interpret(task.program, batch.part(row, row + 1))
    last = trace.frames - 1
    numbers = tuple(sorted({round(k * last / (MOST_FRAMES - 1)) for k in range(MOST_FRAMES)}))
    read = {v.name for v in _read(task.program)}
    return Run(
        task.program,
        batch.width,
        {v.name: batch.values[v.name][row].tolist() for v in task.program.inputs if v.name in read},
        {v.name: [trace.values[v.name][frame, 0].tolist() for frame in numbers] for v in task.program.hints},
        numbers,
        last,
    )


def _liveliest(program: Program, trace: Trace) -> int:
    """The run in which most hints change; of such runs one in which most places change."""
    import torch

    scores = torch.zeros(2, len(trace.lengths), dtype=torch.int64)
    for hint in program.hints:
        values = trace.values[hint.name]
        moved = (values != values[:1]).any(0).reshape(len(trace.lengths), -1)
        scores += torch.stack([moved.any(1), moved.sum(1)])
    ranked = list(zip(*scores.tolist(), trace.lengths.tolist(), strict=True))
    return ranked.index(max(ranked))


def _read(program: Program) -> set[Variable]:
    """The variables that a program reads somewhere."""
    seen: set[Expression] = set()
    waiting = [*program.init.values(), *program.step.values(), program.halt, *program.outputs.values()]
    while waiting:
        expression = waiting.pop()
        if expression not in seen:
            seen.add(expression)
            waiting.extend(expression.children)
    return {expression for expression in seen if isinstance(expression, Variable)}


def _listed(before: Sequence[int]) -> list[int] | None:
    """The order of a list in which every node points to the one before it; None if it is none."""
    order = [node for node, other in enumerate(before) if other == node]
    if len(order) != 1:
        return None
    while len(order) < len(before):
        after = [node for node, other in enumerate(before) if other == order[-1] and node != other]
        if len(after) != 1:
            return None
        order += after
    return order


def appearance(kind: AbstractKind, value: Any) -> tuple[str, float]:
    """What is written in the cell of a value, and how dark it is, from 0 to 1."""
    if isinstance(kind, Categorical):
        return initials(kind.categories)[value], 0.7 * value / (len(kind.categories) - 1)
    if isinstance(value, bool):
        return "", float(value)
    return (f"{value}" if kind.refers else number(value)), 0.0


def initials(categories: Sequence[str]) -> list[str]:
    """Each category by so many of its first letters that all differ."""
    for length in (1, 2, 3):
        short = [category[:length] for category in categories]
        if len(set(short)) == len(categories):
            return short
    return list(categories)


def number(value: float) -> str:
    """A number in few letters."""
    if value == round(value):
        return str(round(value))
    places = 1 if abs(value) >= 10 or value <= -1 else 2
    text = f"{abs(value):.{places}f}".removeprefix("0")
    return f"-{text}" if value < 0 else text
