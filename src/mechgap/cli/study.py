"""`mechgap study`: many trainings, measured alike and compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Seed


def study(
    name: Annotated[str, typer.Argument(metavar="STUDY", help="A name in ./studies, or a path.toml.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="The small form: under 15 minutes on two processors.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; by default runs/study-NAME-FORM-SEED.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one for each processor.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Where networks run, such as cuda; by default as the file says, or cpu."),
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Run a study, or go on with it, and write its tables, figures and page."""
    from ..lab.store import write_text
    from ..lab.studies.engine import CELLS, default_folder, run_study
    from ..lab.studies.files import find_study
    from ..lab.studies.results import Results
    from ..report.study_page import write_study
    from ..report.study_words import study_page
    from .output import print_json, print_table, progress

    planned = find_study(name, quick, seed)
    if device is not None:
        planned = replace(planned, training=replace(planned.training, device=device))
    folder = out or default_folder(planned)
    with progress(f"study {planned.name}", as_json) as watch:
        watch(0, len(planned.cells), "starting")
        if not run_study(planned, folder, workers, watch):
            raise KeyboardInterrupt
    results = Results.read(planned, folder / CELLS)
    write_text(folder / "scores.csv", results.table())
    shown = study_page(results)
    path = write_study(shown, folder)
    if as_json:
        sections = [section.to_json() for section in shown.sections]
        print_json({"page": str(path), "found": shown.found, "sections": sections})
        return
    for section in shown.sections:
        for table in section.tables:
            print_table(table.title, table.columns, table.rows, right=table.columns[1:])
    for sentence in shown.found:
        print(f"- {sentence}")
    print(f"written to {path}")
