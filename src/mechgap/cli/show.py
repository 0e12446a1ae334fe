"""`mechgap show`: a program as text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, ProgramName


def show(
    name: ProgramName,
    page: Annotated[
        Path | None, typer.Option(help="Write a page about it as well: text, figures, a small drawn run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a program: variables, first state, step, halt and outputs."""
    from ..tasks.catalogue import load
    from .output import print_json

    task = load(name)
    program = task.program
    if page is not None:
        from ..report.task_pages import write_page

        write_page(page, task)
    if not as_json:
        print(program.source, end="")
        print(f"\n{program.text}" if program.text else "", f"\ndigest {program.digest}", sep="")
        if page is not None:
            print(f"written to {page}")
        return
    variables = [
        {
            "name": v.name,
            "role": role,
            "location": v.location.value,
            "kind": v.kind.to_json(),
            "internal": v.internal,
        }
        for role, group in (("input", program.inputs), ("state", program.state))
        for v in group
    ]
    print_json(
        {
            "program": program.name,
            "text": program.text,
            "digest": program.digest,
            "variables": variables,
            "outputs": list(program.outputs),
            "source": program.source,
        }
    )
