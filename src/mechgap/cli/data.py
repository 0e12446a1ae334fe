"""`mechgap data`: data sets of others, made here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson

if TYPE_CHECKING:
    from ..lab.dataset import Form, Job, Made
    from ..lab.manifest import Manifest

data = typer.Typer(help="Data sets of benchmarks, without their packages.", no_args_is_help=True)


@data.command("clrs")
def clrs(
    task: Annotated[
        list[str] | None, typer.Option(help="Name of a task, again for more; by default all of CLRS.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="An official set: train, val or test.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="What the benchmark's samplers give for a seed.")
    ] = None,
    size: Annotated[
        list[int] | None, typer.Option(min=1, help="Length, again for more; by default 4, 16, 64.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Samples of each length; by default 16, 32, 4; else 32.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder; by default data/clrs-SPLIT or data/clrs-seedS.")
    ] = None,
    traces: Annotated[
        bool, typer.Option("--traces/--no-traces", help="With hints, or inputs, outputs and lengths only.")
    ] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, in the place of going on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write sets of the CLRS benchmark, sample for sample its own. What is there is not made again."""
    from ..lab.clrs_sets import seed_jobs, split_jobs
    from ..lab.dataset import Form
    from ..lab.manifest import MANIFEST, Manifest
    from ..tasks.catalogue import CLRS_NAMES

    if (split is None) == (seed is None):
        raise typer.BadParameter("give one of --split and --seed", param_hint="--split, --seed")
    if split is not None and (size or count):
        raise typer.BadParameter("a split has its own size and count", param_hint="--size, --count")
    tasks, form = task or CLRS_NAMES, Form(traces=traces)
    if split is not None:
        jobs, name = split_jobs(tasks, split), f"clrs-{split}"
    else:
        assert seed is not None
        jobs, name = seed_jobs(tasks, seed, size or (), count), f"clrs-seed{seed}"
    about = {"made": "mechgap data clrs", "split": split, "seed": seed, **form.to_json()}
    manifest = Manifest.open((out or Path("data") / name) / MANIFEST, about, fresh=fresh)
    make_and_tell(jobs, form, manifest, as_json)


def make_and_tell(jobs: list[Job], form: Form, manifest: Manifest, as_json: bool) -> None:
    """Make files, with a bar, and print what they are."""
    from ..lab.dataset import make
    from .output import print_json, print_table, progress

    with progress("writing", as_json) as watch:
        made = make(jobs, form, manifest, watch)
    if as_json:
        files = [{"file": str(m.file), "reused": m.reused, **m.entry} for m in made]
        print_json({"manifest": str(manifest.path), **manifest.about, "files": files})
        return
    columns = ("file", "runs", "size", "frames", "kB", "")
    print_table("", columns, [_row(m) for m in made], right=columns[1:5])
    count = f"{len(made)} file{'s' * (len(made) > 1)}"
    print(f"{count} in {manifest.path.parent}, described in {manifest.path.name}")


def _row(made: Made) -> tuple[str, ...]:
    entry: dict[str, Any] = made.entry
    numbers = (entry["count"], entry["size"], entry["frames"], -(-entry["bytes"] // 1000))
    return (made.file.name, *map(str, numbers), "was there" if made.reused else "")
