"""`mechgap zoo`: compiled networks as ground truth for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Seed

if TYPE_CHECKING:
    from ..lab.zoo import Entry, Zoo

zoo = typer.Typer(help="Compiled networks, as ground truth for interpretability tools.", no_args_is_help=True)


@zoo.callback()
def about() -> None:
    """Compiled networks, as ground truth for interpretability tools."""


@zoo.command("build")
def build(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the zoo.")],
    target: Annotated[
        list[str] | None, typer.Option(help="Family of networks, again for more; by default all.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="A name, or path/to/file.py:name, again for more; all by default."),
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Write networks, layouts, certificates, example runs and variants. What is there is not made again."""
    from ..compiler.targets.catalogue import TARGETS
    from ..lab.zoo import build_zoo
    from ..tasks.catalogue import NAMES, load
    from .output import print_json, progress

    tasks = [load(name) for name in task or NAMES]
    with progress("building", as_json) as watch:
        found = build_zoo(out, tasks, target or list(TARGETS), seed, watch)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)


def _print(found: Zoo) -> None:
    from .output import print_table

    columns = ("task", "target", "n", "networks", "noise", "left out")
    print_table("", columns, [_row(entry) for entry in found.entries], right=("n",))
    if found.refused:
        rows = [tuple(f"{entry[key]}" for key in ("task", "target", "given")) for entry in found.refused]
        print_table("refused", ("task", "target", "given"), rows)
    count = len(found.entries)
    words = "1 entry" if count == 1 else f"{count} entries"
    print(f"{words} in {found.folder} ({found.reused} were there), listed in index.json")


def _row(entry: Entry) -> tuple[str, ...]:
    names = ", ".join(network["name"] for network in entry["networks"])
    noise = [n["verified"]["noise"] for n in entry["networks"] if "noise" in n["verified"]]
    words = f"{noise[0]['deviation']:g} on {noise[0]['of']}" if noise else ""
    missing = ", ".join(left["name"] for left in entry["left out"])
    return entry["task"], entry["target"], f"{entry['n']}", names, words, missing
