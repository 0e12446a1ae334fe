"""Options and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

ProgramName = Annotated[
    str, typer.Argument(metavar="PROGRAM", help="A name (see `mechgap list`), or path/to/file.py:name.")
]
TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="A name (see `mechgap list`), or path/to/file.py:name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print plain data as JSON, errors too.")]
Device = Annotated[str, typer.Option(help="Where networks run: cpu, or what else PyTorch has, such as cuda.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")]


def _family(name: str) -> str:
    """The name of a family of networks, or of the interpreter; loads nothing for those that are common."""
    if name in ("interpreter", "gatv2"):
        return name
    from ..compiler.targets.catalogue import TARGETS

    if name not in TARGETS:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(TARGETS)}")
    return name


Target = Annotated[
    str, typer.Option(callback=_family, help="interpreter, or a family of compiled networks (gatv2, …).")
]
Family = Annotated[
    str,
    typer.Option("--target", callback=_family, help="Family of networks: gatv2, mpnn or transformer."),
]


def numbers(text: str, option: str) -> tuple[int, ...]:
    """Whole numbers from 1 that are separated by commas."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"{text!r} is not a list of numbers like 4,16,64", param_hint=option)
    return tuple(dict.fromkeys(int(part) for part in parts))
