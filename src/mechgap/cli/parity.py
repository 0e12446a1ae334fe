"""`mechgap parity`: runs against recorded traces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Target


def parity(
    directory: Annotated[Path, typer.Argument(help="Folder of recorded traces TASK-nN.npz.")],
    task: Annotated[
        list[str] | None, typer.Option(help="Task to compare, again for more; by default all with files.")
    ] = None,
    target: Target = "interpreter",
    atol: Annotated[float, typer.Option(min=0.0, help="Largest difference of numbers that is none.")] = 1e-5,
    as_json: AsJson = False,
) -> None:
    """Compare every hint at every step, halting times and outputs with recorded traces."""
    from ..lab.parity import parity as compare
    from .output import print_json, print_table

    report = compare(directory, task or None, target=target, atol=atol)
    if as_json:
        print_json(report.to_json())
    else:
        rows = [
            (f.file, c.stage, c.name, f"{c.compared}", f"{c.mismatches}", f"{c.largest:.1e}", _place(c.first))
            for f in report.files
            for c in f.comparisons
        ]
        columns = ("file", "", "variable", "values", "mismatches", "largest", "first at")
        print_table(f"{target} against {directory}", columns, rows, right=("values", "mismatches", "largest"))
        print(f"{report.mismatches} mismatches in {report.compared} values of {len(report.files)} files")
    if report.mismatches:
        raise typer.Exit(1)


def _place(first: tuple[int, ...]) -> str:
    return ", ".join(map(str, first))
