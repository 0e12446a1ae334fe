"""`mechgap compile`: a program into the weights of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Family, ProgramName


def compile(
    name: ProgramName,
    out: Annotated[Path | None, typer.Option(help="File to write; by default PROGRAM.safetensors.")] = None,
    n: Annotated[
        int | None, typer.Option("--n", help="Largest number of nodes; by default the largest possible.")
    ] = None,
    distinct_keys: Annotated[
        bool, typer.Option("--distinct-keys", help="Promise that no two real keys are equal at a receiver.")
    ] = False,
    target: Family = "gatv2",
    as_json: AsJson = False,
) -> None:
    """Compile a program and print the certificate: for which inputs it is exact."""
    from ..compiler.passes import CompileSettings, compile_program
    from ..interop.compiled import save_compiled
    from ..report.table import certificate_rows
    from ..tasks.catalogue import load
    from .output import print_json, print_table

    program = load(name).program
    compiled = compile_program(program, CompileSettings(n=n, distinct_keys=distinct_keys, target=target))
    path = out or Path(f"{program.name}.safetensors")
    save_compiled(compiled, path)
    if as_json:
        layout = compiled.layout.to_json()
        print_json({"file": str(path), "certificate": compiled.certificate.to_json(), "layout": layout})
        return
    print_table(f"certificate of {program.name}", ("", ""), certificate_rows(compiled.certificate.to_json()))
    print(f"written to {path}")
