"""`mechgap lineup`: trained networks beside exact, rival, untrained and cheating ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Seed, TaskName

if TYPE_CHECKING:
    from ..lab.lineup import Lineup
    from ..nets.network import Network
    from ..tasks.task import Task


def lineup(
    name: TaskName,
    network: Annotated[
        list[Path] | None,
        typer.Option(help="File of a trained network, again for more; none is trained then."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Networks that are trained, from --seed on.")] = 3,
    preset: Annotated[str, typer.Option(help="Of their training: quick, or clrs.")] = "quick",
    steps: Annotated[int | None, typer.Option(min=0, help="In the place of the preset's.")] = None,
    rival: Annotated[
        list[str] | None, typer.Option(help="Rival program, again for more; by default those that suit.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=2, help="Nodes of the graphs of all gates.")] = 16,
    graphs: Annotated[int, typer.Option(min=1, help="How many of them.")] = 64,
    probes: Annotated[
        bool, typer.Option(help="Whether variables are read off hidden vectors by probes as well.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.html, lineup.json, figures, and what is trained.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Line up trained networks with exact, rival, untrained and cheating ones: all gates side by side."""
    from ..lab.lineup import lineup as put
    from ..lab.measurement import MeasurePlan
    from ..lab.rivals import read_network, rivals
    from ..tasks.catalogue import load
    from .output import print_json, progress

    task = load(name)
    suits = rivals(task, rival or None)
    if network:
        trained = {f"network {k}": read_network(path, task.program) for k, path in enumerate(network, 1)}
    else:
        trained = _trained(task, (preset, steps), range(seed, seed + seeds), out, as_json)
    plan = MeasurePlan(n=n, graphs=graphs, probes=probes, seed=seed)
    with progress(f"line-up of {task.name}", as_json) as watch:
        found = put(task, trained, suits, plan, watch)
    if out is not None:
        from ..report.lineup import write_lineup

        write_lineup(found, out)
    if as_json:
        print_json(found.to_json())
        return
    _print(found)
    if out is not None:
        print(f"written to {out}")


def _trained(
    task: Task, how: tuple[str, int | None], seeds: range, out: Path | None, as_json: bool
) -> dict[str, Network]:
    """Networks of several seeds; those that are in the folder already are not trained again."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from ..lab.suspects import train_suspects
    from ..training.settings import preset
    from .output import progress

    name, steps = how
    settings = preset(name)
    if steps is not None:
        settings = replace(settings, steps=steps)
    with TemporaryDirectory() as passing, progress(f"training {task.name}", as_json) as watch:
        folder = Path(passing) if out is None else out / "networks"
        return train_suspects(task, settings, seeds, folder, watch)


def _print(found: Lineup) -> None:
    from ..report.lineup import PAIR_COLUMNS, lineup_rows, pair_rows, terminal_rows
    from ..report.lineup_words import findings, limits
    from .output import print_table

    first = [c for c in found.columns if c.role in ("trained", "untrained") or c.name in ("exact", "orbit")]
    others = [column for column in found.columns if column not in first]
    for strict, words in ((False, "class-aware"), (True, "strict")):
        for question, rows in lineup_rows(found, strict=strict).items():
            for shown in (first, others):
                heads = ("measure", "ideal", "n", *(column.name for column in shown))
                title = f"{question} ({words})"
                print_table(title, heads, terminal_rows(rows, shown), right=heads[1:])
    if found.pairs:
        print_table("one trained network beside another", PAIR_COLUMNS, pair_rows(found))
    for key, fault in found.faults.items():
        print(f"(*) not to be reported: {key}: {fault}")
    for sentence in (*findings(found), *limits(found)):
        print(f"- {sentence}")
