"""A graph program: inputs, first state, step, halt condition and outputs, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..errors import ProgramError
from ..kinds.kind import AbstractKind
from .expression import Expression, Operand, Variable, as_expression
from .location import Location
from .nesting import make_room
from .types import Type
from .vocabulary import size


@dataclass(frozen=True)
class Port:
    """A named value that enters or leaves a program or a network.

    Attributes:
        name: name in traces and files.
        location: where it lives.
        kind: what it can be.
    """

    name: str
    location: Location
    kind: AbstractKind


@dataclass(frozen=True)
class Interface:
    """What goes into a program, what its trace shows, and what comes out.

    Attributes:
        inputs: values given with a graph.
        hints: state variables that are recorded at every step.
        outputs: values read from the last state.
    """

    inputs: tuple[Port, ...]
    hints: tuple[Port, ...]
    outputs: tuple[Port, ...]


class Program:
    """A graph program.

    A run starts in the state ``init`` (frame 0). While ``halt`` does not hold in a frame, ``step``
    makes the next one: every expression reads the old frame, so one step is one synchronous round.
    ``outputs`` are read from the last frame.

    Args:
        name: a word; it names the program's files.
        inputs: the variables that are given.
        init: first value of every state variable; reads inputs only.
        step: next value of state variables; those not named keep their value.
        halt: a mask of the graph.
        outputs: name -> expression over the last frame.
        limit: largest number of frames, an expression in ``size``; a longer run is an error.
        text: what the program does, in a sentence or two, with its source.

    Raises:
        ProgramError: if the program is malformed; the error lists every fault.
    """

    def __init__(
        self,
        name: str,
        inputs: tuple[Variable, ...],
        init: Mapping[Variable, Operand],
        step: Mapping[Variable, Operand],
        halt: Operand,
        outputs: Mapping[str, Operand],
        limit: Operand = 4 * size * size + 16,
        text: str = "",
    ) -> None:
        self.name = name
        self.inputs = _variables(name, "inputs", inputs)
        _variables(name, "init", tuple(init))
        _variables(name, "step", tuple(step))
        self.init: dict[Variable, Expression] = {v: as_expression(x) for v, x in init.items()}
        self.step: dict[Variable, Expression] = {
            v: as_expression(step.get(v, v)) for v in dict.fromkeys((*init, *step))
        }
        self.halt = as_expression(halt)
        self.outputs: dict[str, Expression] = {n: as_expression(x) for n, x in outputs.items()}
        self.limit = as_expression(limit)
        self.text = " ".join(text.split())
        from .checker import check

        written = (*self.init.values(), *self.step.values(), self.halt, *self.outputs.values(), self.limit)
        make_room(written, f"program {name}")
        faults = check(self)
        if faults:
            raise ProgramError.of(faults)

    @property
    def state(self) -> tuple[Variable, ...]:
        """The state variables, in the order of ``init``."""
        return tuple(self.init)

    @property
    def hints(self) -> tuple[Variable, ...]:
        """The state variables that are part of the recorded trace."""
        return tuple(variable for variable in self.state if not variable.internal)

    @cached_property
    def defined(self) -> dict[str, Expression]:
        """Hints and outputs that are not defined everywhere, with the mask of where they are.

        An output is defined where the state variable that it shows is.
        """
        shown = {**{v.name: v for v in self.hints}, **self.outputs}
        return {
            name: x.defined for name, x in shown.items() if isinstance(x, Variable) and x.defined is not None
        }

    @cached_property
    def interface(self) -> Interface:
        """The ports of the program."""
        from .checker import output_ports

        return Interface(
            tuple(Port(v.name, v.location, v.kind) for v in self.inputs),
            tuple(Port(v.name, v.location, v.kind) for v in self.hints),
            output_ports(self),
        )

    @cached_property
    def types(self) -> dict[Expression, Type]:
        """The type of every expression of the program."""
        from .checker import infer

        return infer(self).types

    @cached_property
    def source(self) -> str:
        """The program as text that a person can read."""
        from .text import program_text

        return program_text(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the program's text, in hexadecimal."""
        import hashlib

        return hashlib.sha256(self.source.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Program({self.name!r}, {len(self.inputs)} inputs, {len(self.state)} state variables)"


def _variables(program: str, part: str, found: object) -> tuple[Variable, ...]:
    """The variables of a part of a program, if they are variables."""
    given = found if isinstance(found, (tuple, list)) else (found,)
    wrong = [thing for thing in given if not isinstance(thing, Variable)]
    if wrong or not isinstance(found, (tuple, list)):
        shown = ", ".join(type(thing).__name__ for thing in wrong) or "a single variable"
        raise ProgramError(
            f"program {program}, `{part}`",
            shown,
            "variables" if part != "inputs" else "a tuple of variables",
            "make them with node.mask(…), edge.scalar(…) …, and write (a,) for a single one",
        )
    return tuple(given)
