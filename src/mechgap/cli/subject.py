"""What commands about compiled networks take: a program, which is compiled, or a file, which is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from ..compiler.passes import Compiled
    from ..interop.compiled import CompiledFile
    from ..tasks.task import Task

    Network: TypeAlias = Compiled | CompiledFile

SubjectName = Annotated[
    str, typer.Argument(metavar="PROGRAM|FILE", help="A program, or a file that `mechgap compile` wrote.")
]
OwnProgram = Annotated[
    str | None, typer.Option(help="With a FILE: the program it was made from, if it is your own.")
]


def is_file(name: str) -> bool:
    """Whether a name is that of a file of weights."""
    return name.endswith(".safetensors")


def subject(name: str, program: str | None = None, target: str = "gatv2") -> tuple[Task, Network]:
    """The task that is named, and its compiled network.

    Args:
        name: a program, or a file.
        program: of a file whose program is not in the package.
        target: family of networks that a program is compiled to.

    Raises:
        NotFoundError: if nobody says what program a file was made from.
        CheckpointError: if the file is none of a compiled program, or of another version of it.
    """
    from ..compiler.passes import CompileSettings, compile_program
    from ..interop.compiled import load_compiled
    from ..tasks.catalogue import load

    if not is_file(name):
        task = load(name)
        return task, compile_program(task.program, CompileSettings(target=target))
    task = load(program or _program_of(name))
    return task, load_compiled(name, task.program)


def _program_of(path: str) -> str:
    from ..errors import NotFoundError
    from ..interop.compiled import load_compiled
    from ..tasks.catalogue import NAMES

    found = load_compiled(path).program
    if found not in NAMES:
        raise NotFoundError(
            f"file {path}",
            f"the compiled program {found}, which is not in the package",
            "a program that the file can be compared with",
            "give it with --program path/to/file.py:name",
        )
    return found
