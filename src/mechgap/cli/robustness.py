"""`mechgap robustness`: what compiled networks bear that nobody promised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Family, Seed, numbers

if TYPE_CHECKING:
    from ..lab.robustness import Robustness, RobustnessPlan
    from ..lab.verification import Watch


def robustness(
    names: Annotated[list[str], typer.Argument(metavar="PROGRAM...", help="Names, or path/to/file.py:name.")],
    target: Family = "gatv2",
    graphs: Annotated[int, typer.Option(min=1, help="Graphs of each condition.")] = 16,
    draws: Annotated[int, typer.Option(min=1, help="Draws of noise for each deviation.")] = 10,
    sizes: Annotated[
        str, typer.Option(help="Nodes of graphs for a network that is certified for 16.")
    ] = "16,17,24,32,64",
    out: Annotated[
        Path | None, typer.Option(help="Folder for robustness.json, robustness.svg and robustness.md.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure exact steps and traces with noise on weights, in other formats, and beyond the certified n."""
    from ..lab.robustness import RobustnessPlan
    from .output import print_json

    plan = RobustnessPlan(graphs=graphs, draws=draws, sizes=numbers(sizes, "--sizes"), seed=seed)
    reports = _reports(names, target, plan, as_json)
    if out is not None:
        _write(out, reports)
    if as_json:
        print_json([report.to_json() for report in reports])
        return
    _print(reports)
    if out is not None:
        print(f"written to {out}")


def _reports(names: list[str], target: str, plan: RobustnessPlan, as_json: bool) -> list[Robustness]:
    from ..lab.robustness import robustness as measure
    from ..tasks.catalogue import load
    from .output import progress

    tasks = [load(name) for name in names]
    with progress("robustness", as_json) as watch:

        def part(number: int) -> Watch:
            return lambda done, total, note: watch(number * total + done, len(tasks) * total, note)

        return [measure(task, target, plan, part(number)) for number, task in enumerate(tasks)]


def _print(reports: list[Robustness]) -> None:
    from ..report.robustness import COLUMNS, breaking_rows, condition_rows
    from .output import print_table

    heads = ("", "setting", "steps: decisions", "everything", "traces: decisions", "everything", "n", "units")
    for report in reports:
        title = f"{report.program} ({report.target}): shares that are exact, with 95 % intervals"
        print_table(title, heads, condition_rows(report))
    print_table("breaking points", COLUMNS, breaking_rows(reports))


def _write(folder: Path, reports: list[Robustness]) -> None:
    from ..lab.store import write_json, write_text
    from ..report.robustness import breaking_table, robustness_figure

    write_json(folder / "robustness.json", [report.to_json() for report in reports])
    write_text(folder / "robustness.svg", robustness_figure(reports))
    write_text(folder / "robustness.md", breaking_table(reports))
