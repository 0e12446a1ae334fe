"""`mechgap certify`: for which inputs, and in which formats of numbers, a compiled program is exact."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Family, ProgramName


def certify(
    name: ProgramName,
    n: Annotated[
        int | None, typer.Option("--n", help="Largest number of nodes; by default the largest possible.")
    ] = None,
    distinct_keys: Annotated[
        bool, typer.Option("--distinct-keys", help="Promise that no two real keys are equal at a receiver.")
    ] = False,
    target: Family = "gatv2",
    as_json: AsJson = False,
) -> None:
    """Compile a program and say what is promised: sizes, ranges, margins; in float32 and other formats."""
    from ..compiler.certification import certify as examine
    from ..compiler.passes import CompileSettings
    from ..report.table import FORMAT_COLUMNS, certificate_rows, format_rows
    from ..tasks.catalogue import load
    from .output import print_json, print_table

    program = load(name).program
    found = examine(program, CompileSettings(n=n, distinct_keys=distinct_keys, target=target)).to_json()
    if as_json:
        print_json(found)
        return
    print_table(f"certificate of {program.name}, float32", ("", ""), certificate_rows(found["certificate"]))
    rows = format_rows(found["formats"])
    print_table("the same weights in other formats", FORMAT_COLUMNS, rows, right=("margin", "resolution"))
