"""What a network is held against: rival programs, other tie rules, and networks in files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..compiler.passes import compile_program
from ..errors import CheckpointError, NotFoundError, Refusal
from ..lang.expression import Expression, Select, Tie
from ..lang.program import Program
from ..nets.storage import load as load_network
from ..semantics.interpreter import interpret
from ..tasks.catalogue import NAMES, load
from ..tasks.task import Task
from ..training.checkpoint import load as load_training
from .families import sparse_chance

if TYPE_CHECKING:
    from ..nets.network import Network

TRIED = (12, 16)
"""Nodes and graphs on which the lengths of two programs are compared."""


def rivals(task: Task, names: Sequence[str] | None = None) -> tuple[Program, ...]:
    """Other programs that a network might run in the place of a task's own.

    Args:
        task: the task.
        names: of tasks, or ``file.py:name``; by default all of the package that have the same ports
            and halt at the same time on sampled graphs, so that traces alone may not tell them apart.

    Raises:
        NotFoundError: if there is no program of a name, or it has other ports than the task.
    """
    if names is None:
        return tuple(_catalogued(task))
    found = tuple(load(name).program for name in names)
    for program in found:
        if program.interface != task.program.interface:
            raise NotFoundError(
                f"rivals of {task.name}",
                f"the program {program.name}, which has other inputs, hints or outputs",
                f"a program with the ports of {task.name}",
                "leave it out, or make the variables that differ internal",
            )
    return found


def _catalogued(task: Task) -> Iterator[Program]:
    size, count = TRIED
    batch = task.sample(0, size, count, p=sparse_chance(task, size))
    lengths = interpret(task.program, batch).lengths
    for name in NAMES:
        program = load(name).program
        same = program.name != task.name and program.interface == task.program.interface
        if same and torch.equal(interpret(program, batch).lengths, lengths):
            yield program


def other_ties(program: Program) -> Program | None:
    """The same program with the opposite rule for every choice that it declares free; None without any."""
    return with_ties(program, lambda choice: Tie.FIRST if choice.tie is Tie.LAST else Tie.LAST)


def with_ties(program: Program, rule: Callable[[Select], Tie]) -> Program | None:
    """The same program with other rules for the choices of a step that it declares free; None without any.

    Args:
        program: the program.
        rule: the rule of each free choice.
    """
    done: dict[Expression, Expression] = {}
    changed = []

    def part(value: Any) -> Any:
        if isinstance(value, Expression):
            return of(value)
        if isinstance(value, tuple) and any(isinstance(item, Expression) for item in value):
            return tuple(part(item) for item in value)
        return value

    def of(expression: Expression) -> Expression:
        if expression not in done:
            new = expression
            if expression.children:
                changes: dict[str, Any] = {
                    f.name: part(getattr(expression, f.name)) for f in fields(expression)
                }
                new = replace(expression, **changes)
            if isinstance(new, Select) and new.free:
                changed.append(new)
                new = replace(new, tie=rule(new))
            done[expression] = new
        return done[expression]

    step = {variable: of(x) for variable, x in program.step.items()}
    if not changed:
        return None
    outputs = {name: of(x) for name, x in program.outputs.items()}
    return Program(
        f"{program.name}_other_ties",
        program.inputs,
        program.init,
        step,
        of(program.halt),
        outputs,
        of(program.limit),
        program.text,
    )


def tie_variants(program: Program) -> dict[str, Network]:
    """Other exact networks of a program, by name; none where it cannot be compiled with other ties."""
    variant = other_ties(program)
    try:
        return {} if variant is None else {"other ties": compile_program(variant).network}
    except Refusal:
        return {}


def read_network(path: Path | str, program: Program) -> Network:
    """A network from a file: trained, a checkpoint of training, or compiled (from a rival too).

    Raises:
        CheckpointError: if the file holds no network with the ports of the program.
    """
    network = _any_network(path)
    ports = network.config.interface
    wanted = program.interface
    if (ports.inputs, ports.hints, ports.outputs) != (wanted.inputs, wanted.hints, wanted.outputs):
        raise CheckpointError(
            f"file {path}, for program {program.name}",
            f"a network with the ports {_names(ports)}",
            f"the ports {_names(wanted)}, of the same kinds",
            "pass a network that was made for this program",
        )
    return network


def _any_network(path: Path | str) -> Network:
    try:
        return load_network(path)[0]
    except CheckpointError as error:
        if "mechgap.training" not in error.faults[0].given:
            raise
        return load_training(path).network


def _names(interface: Any) -> str:
    return ", ".join(
        port.name for part in (interface.inputs, interface.hints, interface.outputs) for port in part
    )
