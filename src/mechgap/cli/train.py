"""`mechgap train`: a network by examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Seed, TaskName


def train(
    name: TaskName,
    preset: Annotated[
        str, typer.Option(help="quick (a minute or two), or clrs (as the benchmark).")
    ] = "quick",
    family: Annotated[str | None, typer.Option(help="gatv2, mpnn or transformer.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of training; may be repeated."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="In the place of the preset's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; by default runs/TASK-PRESET-SEED.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Train a network on fresh traces of a program."""
    from ..lab.experiment import experiment
    from ..lab.learning import learn
    from ..lab.stages import CHECKPOINT, TRAINED
    from ..nets.storage import save
    from ..training.assignment import assigned
    from .output import print_json, print_table, progress

    made = experiment(name, preset, seed, out, steps)
    texts = [*([f"family={family}"] if family else []), *(changes or [])]
    made = replace(made, training=assigned(made.training, texts))
    with progress(f"training {made.task.name}", as_json) as watch:
        run = learn(made.task, made.training, made.file(CHECKPOINT), going_on=resume, watch=watch)
    if not run.done:
        raise KeyboardInterrupt
    path = made.file(TRAINED)
    save(run.network, path)
    history = [{"step": e.step, "loss": sum(e.losses.values()), **e.scores} for e in run.history]
    if as_json:
        print_json(
            {"file": str(path), "steps": run.step, "settings": made.training.to_json(), "history": history}
        )
        return
    rows = [(f"{e['step']}", f"{e['loss']:.4f}", f"{e['valid']:.1%}", f"{e['graphs']:.1%}") for e in history]
    columns = ("step", "loss", "valid answers", "graphs all valid")
    print_table(f"training {made.task.name}", columns, rows, right=columns)
    print(f"written to {path}")
