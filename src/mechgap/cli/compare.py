"""`mechgap compare`: several runs beside each other, over their seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson

if TYPE_CHECKING:
    from ..lab.comparison import Comparison


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that `mechgap run` made.")],
    accuracy: Annotated[
        str, typer.Option(help="Gate and measure that stands for accuracy.")
    ] = "behaviour/valid",
    faithfulness: Annotated[
        str, typer.Option(help="Gate and measure that stands for faithfulness; /PROGRAM may be left out.")
    ] = "intervention/changed",
    out: Annotated[Path | None, typer.Option(help="Write a page as well: FILE.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare runs: measures over seeds, in how many seeds a program is kept, accuracy and faithfulness."""
    from ..lab.comparison import ComparePlan
    from ..lab.comparison import compare as put
    from .output import print_json

    found = put(runs, ComparePlan(accuracy, faithfulness))
    if out is not None:
        from ..lab.store import write_text
        from ..report.comparison import comparison_page

        write_text(out, comparison_page(found))
    if as_json:
        print_json(found.to_json())
        return
    _print(found)
    if out is not None:
        print(f"written to {out}")


def _print(found: Comparison) -> None:
    from ..report.comparison import COLUMNS, relation_lines, seed_rows, title
    from .output import print_table

    for group in found.groups:
        print(title(group))
        for gate, rows in seed_rows(group).items():
            print_table(gate, COLUMNS, [row.cells for row in rows], right=COLUMNS[1:])
        print("".join(f"  {group.standing(program)}\n" for program in group.kept))
    print("accuracy and faithfulness, one point for each run:")
    for line in relation_lines(found.relations):
        print(f"  {line}")
