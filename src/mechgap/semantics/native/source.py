"""The source of a kernel: a Python function that a just-in-time compiler makes machine code of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...kinds.mask import MaskOne
from ...kinds.pointer import Pointer
from ...kinds.categorical import Categorical
from ...lang.expression import Variable
from ...lang.program import Port, Program
from ..facts import Facts
from .emission import INDENT, Emission
from .items import Region, spread_demand
from .names import Array, Names
from .statements import Statements
from .values import Values

HINTS, INTERNAL = 1, 2
"""Which frames a run records: those of the hints, or those of the internal variables."""


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
    facts, names = Facts.of(program), Names(program, real)
    graph, frame, end = Region(None), None, None
    at_start = Values(facts, names, graph)
    frame, end = Region(graph), Region(graph)
    Statements(at_start).start(program.init)
    during = Statements(Values(facts, names, frame, at_start))
    during.stop(program.halt)
    during.step(program.step)
    finally_ = Statements(Values(facts, names, end, at_start))
    outputs = tuple(
        Array(f"o{k}", port.location.rank, _output_dtype(port, real))
        for k, port in enumerate(program.interface.outputs)
    )
    for array, port, expression in zip(
        outputs, program.interface.outputs, program.outputs.values(), strict=True
    ):
        finally_.output(array, expression, port.location)
    statements = [*graph.statements, *frame.statements, *end.statements]
    spread_demand(statements)
    emission = Emission(statements)
    frames = {v: Array(f"f{array.name}", array.rank, array.dtype) for v, array in names.state.items()}
    before = emission.region(graph) + emission.prepared(graph, (frame, end))
    code = _Code(program, names, frames)
    arguments = code.arguments(outputs)
    text = code.function(arguments, before, emission.region(frame), emission.region(end))
    return Source(text, names, outputs, frames, arguments)


def _output_dtype(port: Port, real: str) -> str:
    if isinstance(port.kind, (Pointer, Categorical)):
        return "int64"
    return "bool_" if isinstance(port.kind, MaskOne) else Names.stored_as(port.kind, real)


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
                    *self._repeated(),
                ]
            ),
        ]
        names = ", ".join(array.name for array, _ in arguments)
        return "\n".join([f"def run({scalars}, {names}):", *_indented(body)]) + "\n"

    def _buffers(self) -> list[str]:
        lines = []
        for array in self.names.state.values():
            if array.rank:
                size = "N" if array.rank == 1 else "N * N"
                lines.append(f"{array.name} = np.empty((2, {size}), np.{array.dtype})")
        for array in self.names.scratch:
            size = "N" if array.rank == 1 else "N * N"
            lines.append(f"{array.name} = np.empty({size}, np.{array.dtype})")
        return lines

    def _recorded(self, frame: str) -> list[str]:
        """Lines that write a frame of all that is recorded."""
        lines = []
        for flag, internal in ((HINTS, False), (INTERNAL, True)):
            written = [v for v in self.program.state if v.internal is internal and self._moves(v, frame)]
            if written:
                lines.append(f"if record == {flag}:")
                lines += _indented([line for v in written for line in self._write(v, frame, "p")])
        return lines

    def _repeated(self) -> list[str]:
        """Lines that repeat the last frame of all that is recorded to the end."""
        lines = self._recorded("t")
        return ["for t in range(t + 1, frames):", *_indented(lines)] if lines else []

    def _moves(self, variable: Variable, frame: str) -> bool:
        return frame == "0" or self.program.step[variable] is not variable

    def _write(self, variable: Variable, frame: str, buffer: str) -> list[str]:
        array, held = self.frames[variable], self.names.state[variable].name
        if array.rank == 0:
            return [f"{array.name}[{frame}, b] = {held}"]
        size = "N" if array.rank == 1 else "N * N"
        return [f"for k in range({size}):", f"{INDENT}{array.name}[{frame}, b, k] = {held}[{buffer}, k]"]


def _indented(lines: list[str]) -> list[str]:
    return [INDENT + line for line in lines]
