"""`mechgap export`: a data set of a task, drawn by its own sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Seed, TaskName

SUFFIXES = (".npz", ".parquet")


def export(
    name: TaskName,
    out: Annotated[
        Path, typer.Option(help="A file, .npz or .parquet, or a folder for files of --shard runs each.")
    ],
    format: Annotated[
        str | None, typer.Option(help="npz or parquet; by default as --out says, else npz.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Runs of each size.")] = 1000,
    size: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of nodes, again for more; by default 16.")
    ] = None,
    p: Annotated[
        list[float] | None, typer.Option("-p", help="Connectivity, again for several, of which graphs draw.")
    ] = None,
    random_pos: Annotated[
        bool, typer.Option("--random-pos", help="Positions are sorted random numbers, not i / N.")
    ] = False,
    traces: Annotated[
        bool, typer.Option("--traces/--no-traces", help="With hints, or inputs, outputs and lengths only.")
    ] = True,
    dtype: Annotated[str, typer.Option(help="Of numbers: float64 or float32.")] = "float64",
    shard: Annotated[
        int | None, typer.Option(min=1, help="Most runs in a file of a folder; by default up to 1024.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, in the place of going on.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Write runs on fresh inputs as a data set. Files that are there are not made again."""
    from ..lab.dataset import Form
    from ..lab.exports import Order, file_job, folder_jobs
    from ..lab.manifest import MANIFEST, Manifest
    from ..lab.streams import Distribution
    from ..tasks.catalogue import load
    from .data import make_and_tell

    single = out.suffix in SUFFIXES
    if single and format is not None and out.suffix != f".{format}":
        raise typer.BadParameter(f"{out.name} is no name of a {format} file", param_hint="--out, --format")
    if single and len(set(size or ())) > 1:
        raise typer.BadParameter("a file has graphs of one size; give a folder", param_hint="--out, --size")
    form = Form(format or (out.suffix[1:] if single else "npz"), traces, dtype)
    order = Order(Distribution(load(name), p or None, random_pos), seed, count, tuple(size or (16,)), shard)
    if single:
        jobs, path = [file_job(order, out.name)], out.with_name(f"{out.name}.{MANIFEST}")
    else:
        jobs, path = folder_jobs(order, form.format), out / MANIFEST
    about = {"made": "mechgap export", **order.to_json(), **form.to_json()}
    make_and_tell(jobs, form, Manifest.open(path, about, fresh=fresh), as_json)
