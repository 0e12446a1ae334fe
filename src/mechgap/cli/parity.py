"""`mechgap parity`: runs against recorded traces."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Target

if TYPE_CHECKING:
    from ..lab.parity import ParityReport


def parity(
    directory: Annotated[Path, typer.Argument(help="Folder of recorded traces TASK-nN.npz.")],
    task: Annotated[
        list[str] | None, typer.Option(help="Task to compare, again for more; by default all with files.")
    ] = None,
    target: Target = "interpreter",
    atol: Annotated[float, typer.Option(min=0.0, help="Largest difference of numbers that is none.")] = 1e-5,
    as_json: AsJson = False,
) -> None:
    """Compare every hint at every step, halting times and outputs with recorded traces.

    Programs that the target refuses are counted apart, with the reason; they are no mismatches.
    """
    from ..lab.parity import parity as compare
    from .output import print_json

    report = compare(directory, task or None, target=target, atol=atol)
    if as_json:
        print_json(report.to_json())
    else:
        _print_tables(report)
    if report.mismatches:
        raise typer.Exit(1)


def _print_tables(report: ParityReport) -> None:
    from .output import print_table

    rows = [
        (f.file, c.stage, c.name, f"{c.compared}", f"{c.mismatches}", f"{c.largest:.1e}", _place(c.first))
        for f in report.files
        for c in f.comparisons
    ]
    columns = ("file", "", "variable", "values", "mismatches", "largest", "first at")
    title = f"{report.target} against {report.directory}"
    print_table(title, columns, rows, right=("values", "mismatches", "largest"))
    if report.refused:
        count = Counter((r.task, r.reason.given, r.reason.expected) for r in report.refused)
        reasons = [(task, f"{files}", *why) for (task, *why), files in count.items()]
        heads = ("task", "files", "given", "expected")
        print_table(f"refused by {report.target}", heads, reasons, right=("files",))
    tasks, refused = ({f.task for f in files} for files in (report.files, report.refused))
    print(
        f"{report.mismatches} mismatches in {report.compared} values "
        f"of {len(report.files)} files of {len(tasks)} tasks"
    )
    if refused:
        print(f"{report.target} refuses {len(report.refused)} files of {len(refused)} tasks")


def _place(first: tuple[int, ...]) -> str:
    return ", ".join(map(str, first))
