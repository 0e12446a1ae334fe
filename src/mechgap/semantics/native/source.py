"""The source of a kernel: a Python function that a just-in-time compiler makes machine code of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...lang.expression import Variable
from ...lang.program import Program
from ..facts import Facts
from .emission import INDENT, Emission
from .items import Region, spread_demand
from .names import Array, Names
from .statements import Statements
from .values import Values

HINTS, INTERNAL, REPEAT = 1, 2, 4
"""What a run records: the frames of the hints, or those of the internal variables; with REPEAT it makes none
and repeats the last frame of each run to the end of what was recorded."""


@dataclass(frozen=True)
class Source:
    """The source of a kernel, and what it takes.

    Attributes:
        text: of the function ``run``.
        names: of what it holds.
        outputs: the arrays that it fills, in order of the program's outputs.
        frames: state variable -> the array of its frames.
        arguments: all arrays that it takes, in order, each with its number of axes.
    """

    text: str
    names: Names
    outputs: tuple[Array, ...]
    frames: dict[Variable, Array]
    arguments: tuple[tuple[Array, int], ...]


def write_kernel(program: Program, real: str) -> Source:
    """Write the kernel of a program.

    Args:
        program: the program.
        real: name of the type of scalars in NumPy.

    Raises:
        Unsupported: if the program has something that kernels cannot compute.
    """
    facts, names, graph = Facts.of(program), Names(program, real), Region(None)
    frame, end = Region(graph), Region(graph)
    known = Values(facts, names, graph)
    Statements(known).start(program.init)
    during = Statements(Values(facts, names, frame, known))
    during.stop(program.halt)
    during.step(program.step)
    afterwards = Statements(Values(facts, names, end, known))
    outputs = tuple(names.output(f"o{k}", port) for k, port in enumerate(program.interface.outputs))
    for array, port, expression in zip(
        outputs, program.interface.outputs, program.outputs.values(), strict=True
    ):
        afterwards.output(array, expression, port.location)
    statements = [*graph.statements, *frame.statements, *end.statements]
    spread_demand(statements)
    emission = Emission(statements)
    frames = {v: Array(f"f{array.name}", array.rank, array.dtype) for v, array in names.state.items()}
    before = emission.region(graph) + emission.prepared(graph, (frame, end))
    code = _Code(program, names, frames)
    arguments = code.arguments(outputs)
    text = code.function(arguments, before, emission.region(frame), emission.region(end))
    return Source(text, names, outputs, frames, arguments)


@dataclass(frozen=True)
class _Code:
    """Puts the parts of a kernel together."""

    program: Program
    names: Names
    frames: dict[Variable, Array]

    def arguments(self, outputs: Iterable[Array]) -> tuple[tuple[Array, int], ...]:
        """All arrays that the function takes, with their numbers of axes."""
        per_graph = [*self.names.inputs.values(), *self.names.computed.values(), *outputs]
        return (
            *((Array(name, 0, "int64"), 1) for name in ("sizes", "limits", "lengths", "status")),
            *((array, 1 + min(array.rank, 1)) for array in per_graph),
            *((array, 2 + min(array.rank, 1)) for array in self.frames.values()),
        )

    def function(
        self, arguments: tuple[tuple[Array, int], ...], before: list[str], step: list[str], end: list[str]
    ) -> str:
        """The function of all parts."""
        scalars = "first, last, record, frames, N"
        moving = [self.names.state[v] for v, x in self.program.step.items() if x is not v]
        locals_ = [f"{array.name} = {array.name}n" for array in moving if array.rank == 0]
        body = [
            *self._buffers(),
            "for b in range(first, last):",
            *_indented(
                [
                    *self._repeated(),
                    "n = sizes[b]",
                    "size = F(n)",
                    "limit = limits[b]",
                    "p = 0",
                    "t = 0",
                    *before,
                    *self._recorded("0"),
                    "while True:",
                    *_indented(["q = 1 - p", *step, *locals_, "p = q", "t += 1", *self._recorded("t")]),
                    "lengths[b] = t + 1",
                    *end,
                ]
            ),
        ]
        names = ", ".join(array.name for array, _ in arguments)
        return "\n".join([f"def run({scalars}, {names}):", *_indented(body)]) + "\n"

    def _buffers(self) -> list[str]:
        held = [array for array in self.names.state.values() if array.rank]
        lines = [f"{a.name} = np.empty((2, {a.size}), np.{a.dtype})" for a in held]
        return lines + [f"{a.name} = np.empty({a.size}, np.{a.dtype})" for a in self.names.scratch]

    def _recorded(self, frame: str) -> list[str]:
        """Lines that write a frame of all that is recorded."""
        lines = []
        for flag, variables in self._groups(frame):
            lines.append(f"if record == {flag} and {frame} < frames:")
            lines += _indented([line for v in variables for line in self._write(v, frame)])
        return lines

    def _repeated(self) -> list[str]:
        """Lines that repeat the last frame of all that is recorded, and do no more."""
        lines = []
        for flag, variables in self._groups("t"):
            lines += [f"if record == {flag | REPEAT}:", *_indented(["for t in range(e + 1, frames):"])]
            lines += _indented(_indented([line for v in variables for line in self._repeat(v)]))
        return [
            "if record >= REPEAT:".replace("REPEAT", str(REPEAT)),
            *_indented(["e = lengths[b] - 1", *lines, "continue"]),
        ]

    def _groups(self, frame: str) -> list[tuple[int, list[Variable]]]:
        """The variables that are recorded together; those that stay have one frame only."""
        moving = [v for v in self.program.state if frame == "0" or self.program.step[v] is not v]
        groups = [
            (flag, [v for v in moving if v.internal is (flag == INTERNAL)]) for flag in (HINTS, INTERNAL)
        ]
        return [(flag, variables) for flag, variables in groups if variables]

    def _repeat(self, variable: Variable) -> list[str]:
        array = self.frames[variable]
        if array.rank == 0:
            return [f"{array.name}[t, b] = {array.name}[e, b]"]
        return [
            f"for k in range({array.size}):",
            f"{INDENT}{array.name}[t, b, k] = {array.name}[e, b, k]",
        ]

    def _write(self, variable: Variable, frame: str) -> list[str]:
        array, held = self.frames[variable], self.names.state[variable].name
        if array.rank == 0:
            return [f"{array.name}[{frame}, b] = {held}"]
        return [f"for k in range({array.size}):", f"{INDENT}{array.name}[{frame}, b, k] = {held}[p, k]"]


def _indented(lines: list[str]) -> list[str]:
    return [INDENT + line for line in lines]
