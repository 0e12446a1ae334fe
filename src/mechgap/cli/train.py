"""`mechgap train`: a network by examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, Device, Seed, TaskName

if TYPE_CHECKING:
    from ..lab.experiment import Experiment


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
    device: Device = "cpu",
    seed: Seed = 0,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Networks, of as many seeds from --seed on, each in a folder of its own."),
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Train a network on fresh traces of a program."""
    from ..lab.experiment import experiment
    from ..lab.learning import learn
    from ..lab.stages import TRAINED
    from ..nets.storage import save
    from ..training.assignment import assigned
    from ..training.checkpoint import CHECKPOINT
    from .output import print_json, print_table, progress

    made = experiment(name, preset, seed, out, steps)
    texts = [f"device={device}", *([f"family={family}"] if family else []), *(changes or [])]
    made = replace(made, training=assigned(made.training, texts))
    if seeds > 1:
        folder = out or Path("runs") / f"{made.task.name}-{preset}"
        _train_many(replace(made, folder=folder), range(seed, seed + seeds), resume, as_json)
        return
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


def _train_many(made: Experiment, seeds: range, resume: bool, as_json: bool) -> None:
    """Train several seeds side by side, and show how each came out."""
    from ..lab.seeds import learn_many, seed_folder
    from ..lab.stages import TRAINED
    from ..nets.storage import save
    from ..training.checkpoint import CHECKPOINT
    from .output import print_json, print_table, progress

    folder = made.folder
    if not resume:
        for seed in seeds:
            (seed_folder(folder, seed) / CHECKPOINT).unlink(missing_ok=True)
    with progress(f"training {made.task.name}", as_json) as watch:
        runs = learn_many(made.task, made.training, seeds, folder, watch)
    if any(not run.done and run.error is None for run in runs):
        raise KeyboardInterrupt
    found = []
    for run in runs:
        path = seed_folder(folder, run.settings.seed) / TRAINED
        save(run.network, path)
        last = run.history[-1] if run.history else None
        scores = {"loss": sum(last.losses.values()), **last.scores} if last else {}
        error = None if run.error is None else f"{run.error}"
        found.append(
            {"seed": run.settings.seed, "file": f"{path}", "steps": run.step, "error": error, **scores}
        )
    if as_json:
        print_json({"settings": made.training.to_json(), "seeds": found})
        return
    columns = ("seed", "steps", "loss", "valid", "graphs")
    print_table(
        f"training {made.task.name}", columns, [_row(entry, columns) for entry in found], right=columns
    )
    for entry in found:
        if entry["error"]:
            print(f"seed {entry['seed']}: {entry['error']}")
    print(f"written to {folder}")


def _row(entry: dict[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """The figures of a seed as words; a seed without validations has none."""
    return tuple(f"{value:.4g}" if (value := entry.get(name)) is not None else "–" for name in columns)
