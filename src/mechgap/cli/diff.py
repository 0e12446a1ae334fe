"""`mechgap diff`: two files of networks, compared up to what changes no run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson

if TYPE_CHECKING:
    from ..measures.difference import Difference


def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A file of a network, compiled or trained.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="Relative difference of weights that counts as none.")
    ] = 1e-5,
    as_json: AsJson = False,
) -> None:
    """Compare two networks up to their symmetries: the order and the scale of units, shifts of logits.

    Exit code 0 if they are equal up to these, 1 if weights differ.
    """
    from ..measures.difference import difference
    from ..nets.storage import load
    from .output import print_json

    found = difference(load(first)[0], load(second)[0], tolerance)
    if as_json:
        print_json({"first": f"{first}", "second": f"{second}", **found.to_json()})
    else:
        _print(found, f"{first}", f"{second}")
    if not found.equal:
        raise typer.Exit(1)


def _print(found: Difference, first: str, second: str) -> None:
    from .output import print_table

    moved = f"{found.moved} units in another place, {found.scaled} of another size"
    if found.equal:
        print(f"{first} and {second} are equal up to symmetries: {moved}")
        return
    columns = (
        "module",
        "weights",
        "different",
        "largest difference",
        "relative",
        f"in {first}",
        f"in {second}",
    )
    rows = [
        (
            module.module,
            f"{module.weights}",
            f"{module.different}",
            f"{module.largest:.3g}",
            f"{module.relative:.2g}",
            f"{module.first:g} at {_place(module.place)}",
            f"{module.second:g} at {_place(module.other)}",
        )
        for module in found.modules
        if module.different
    ]
    print_table("weights that differ", columns, rows, right=columns[1:5])
    total = sum(module.different for module in found.modules)
    print(f"{total} weights differ after matching ({moved}); values are in the scale of {first}")


def _place(place: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, place))}]"
