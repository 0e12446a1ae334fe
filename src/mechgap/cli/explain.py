"""`mechgap explain`: which operation of the program each weight comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson
from .subject import SubjectName, is_file

if TYPE_CHECKING:
    from ..compiler.provenance import Provenance, Weight
    from ..nets.network import Network

_WEIGHT = re.compile(r"([\w.]+)\[(\d+)(?:,\s*(\d+))?\]")


def explain(
    name: SubjectName,
    operation: Annotated[
        str | None, typer.Option(help="The weights of an operation: its number, or words of its text.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="What a weight is for, as rounds.0.skip.weight[2,3].")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw all weights in the colours of their operations: .png, .svg, .pdf."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say of every weight which operation of the program, and which line of its source, it comes from."""
    from ..report.explanation import explanation
    from ..report.weight_map import draw_weights, panels
    from .output import print_json

    program, network, provenance = _subject(name)
    found = list(provenance.weights(network))
    if operation is not None:
        found = _of_operation(provenance, found, operation)
    if weight is not None:
        found = [_at(found, weight)]
    if picture is not None:
        shapes = {key: tuple(value.shape) for key, value in network.named_parameters()}
        draw_weights(picture, f"weights of {program}", provenance, panels(shapes, found))
    if as_json:
        told = explanation(provenance, found)
        print_json({"program": program, **told, "picture": None if picture is None else f"{picture}"})
        return
    _print(program, provenance, found, operation is not None or weight is not None)
    if picture is not None:
        print(f"drawn to {picture}")


def _print(program: str, provenance: Provenance, found: Sequence[Weight], single: bool) -> None:
    from ..report.explanation import OPERATION_COLUMNS, WEIGHT_COLUMNS, operation_rows, weight_rows
    from .output import print_table

    rows = operation_rows(provenance, found)
    title = f"the operations of {program} and their weights"
    print_table(title, OPERATION_COLUMNS, rows, right=("#", "weights"))
    if single:
        print_table("", WEIGHT_COLUMNS, weight_rows(provenance, found), right=("value",))
    print(f"{len(found)} weights that are not zero, of {len(rows)} operations")


def _subject(name: str) -> tuple[str, Network, Provenance]:
    from ..compiler.attribution import attribute
    from ..compiler.passes import compile_program
    from ..errors import CheckpointError
    from ..interop.compiled import load_compiled
    from ..tasks.catalogue import load

    if not is_file(name):
        compiled = compile_program(load(name).program)
        return compiled.program.name, compiled.network, attribute(compiled.plan, compiled.network)
    file = load_compiled(name)
    if file.provenance is None:
        raise CheckpointError(
            f"file {name}",
            "a compiled program without provenance",
            "a file that says where its weights come from",
            "compile the program again with this version of mechgap",
        )
    return file.program, file.network, file.provenance


def _of_operation(provenance: Provenance, found: Sequence[Weight], wanted: str) -> list[Weight]:
    from ..errors import NotFoundError
    from ..report.explanation import named

    chosen = {
        k
        for k, source in enumerate(provenance.operations)
        if (wanted.isdecimal() and k == int(wanted)) or (not wanted.isdecimal() and wanted in named(source))
    }
    if not chosen:
        raise NotFoundError(
            "explaining weights",
            f"the operation {wanted!r}",
            "the number of an operation, or words of its text",
            "leave --operation out to see them all",
        )
    return [weight for weight in found if weight.row is not None and weight.row.operation in chosen]


def _at(found: Sequence[Weight], wanted: str) -> Weight:
    from ..errors import NotFoundError

    match = _WEIGHT.fullmatch(wanted.strip())
    place = tuple(int(part) for part in match.groups()[1:] if part is not None) if match else ()
    for weight in found:
        if match and (weight.parameter, weight.place) == (match[1], place):
            return weight
    raise NotFoundError(
        "explaining weights",
        f"the weight {wanted!r}",
        "a weight that is not zero, as rounds.0.skip.weight[2,3]",
        "leave --weight out to see them all with --json",
    )
