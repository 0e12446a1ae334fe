"""`mechgap run`: the whole road of one task, into one folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Seed, TaskName

if TYPE_CHECKING:
    from ..lab.experiment import Outcome


def run(
    name: TaskName,
    preset: Annotated[str, typer.Option(help="Of training: quick, or clrs.")] = "quick",
    steps: Annotated[
        int | None, typer.Option(min=0, help="Of training, in the place of the preset's.")
    ] = None,
    rival: Annotated[
        list[str] | None, typer.Option(help="Rival program, again for more; by default those that suit.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; by default runs/TASK-PRESET-SEED.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, in the place of going on.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Show, compile, verify, train, measure and report. What is done already is not done again."""
    from ..lab.experiment import clear, execute, experiment
    from ..lab.stages import EXTRA, STAGES
    from ..report.stage import REPORT
    from .observer import observer
    from .output import print_json

    made = experiment(name, preset, seed, out, steps, rival or None)
    stages = (*STAGES, REPORT)
    if fresh:
        clear(made, stages, EXTRA)
    with observer(hidden=as_json) as seen:
        outcomes = execute(made, stages, seen)
    if as_json:
        files = {path: str(made.file(path)) for stage in stages for path in stage.makes}
        print_json({"folder": str(made.folder), "files": files, "stages": [vars(o) for o in outcomes]})
        return
    print(f"\n{_total(outcomes)}; the report: {made.file(REPORT.makes[0])}", file=sys.stdout)


def _total(outcomes: list[Outcome]) -> str:
    spent = sum(outcome.seconds for outcome in outcomes if not outcome.reused)
    return f"{spent:.0f} s" if spent else "nothing was left to do"
