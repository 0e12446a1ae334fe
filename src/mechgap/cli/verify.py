"""`mechgap verify`: a compiled network against the interpreter, at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Seed, numbers

if TYPE_CHECKING:
    from ..compiler.certificate import Certificate
    from ..lab.verification import Divergence
    from ..nets.network import Network
    from ..tasks.task import Task


def verify(
    name: Annotated[
        str, typer.Argument(metavar="PROGRAM|FILE", help="A program, or a file that `mechgap compile` wrote.")
    ],
    n: Annotated[str, typer.Option("--n", help="Numbers of nodes, separated by commas.")] = "4,16,64",
    count: Annotated[int, typer.Option(min=1, help="Graphs of each family and size.")] = 8,
    family: Annotated[
        list[str] | None, typer.Option(help="Family of graphs, again for more; by default all that fit.")
    ] = None,
    program: Annotated[
        str | None, typer.Option(help="With a FILE: the program it was made from, if it is your own.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare a compiled network with the interpreter at every step, on families of graphs."""
    from ..lab.verification import VerificationPlan
    from ..lab.verification import verify as check
    from ..report.table import verification_rows
    from .output import print_json, print_table, progress

    task, network, certificate = _subject(name, program)
    plan = VerificationPlan(numbers(n, "--n"), count, seed, families=family or None)
    with progress("verifying", as_json) as watch:
        report = check(task, network, certificate, plan, watch)
    if as_json:
        print_json(report.to_json())
    else:
        names, rows = verification_rows(report.to_json())
        columns = ("n", "family", "graphs", "steps", *names, "largest error")
        title = f"{task.name}: mismatches of the compiled network against the interpreter"
        print_table(title, columns, rows, right=tuple(c for c in columns if c != "family"))
        for check_ in report.checks:
            if check_.divergence is not None:
                print(f"n = {check_.n}, {check_.family}: {_words(check_.divergence)}")
        print(f"{report.mismatches} mismatches in {report.steps} steps of {report.graphs} graphs")
    if report.mismatches:
        raise typer.Exit(1)


def _subject(name: str, program: str | None) -> tuple[Task, Network, Certificate]:
    """What is verified: a program is compiled, a file is read."""
    from ..compiler.passes import compile_program
    from ..interop.compiled import load_compiled
    from ..tasks.catalogue import load

    if not name.endswith(".safetensors"):
        task = load(name)
        compiled = compile_program(task.program)
        return task, compiled.network, compiled.certificate
    task = load(program or _program_of(name))
    file = load_compiled(name, task.program)
    return task, file.network, file.certificate


def _program_of(path: str) -> str:
    from ..errors import NotFoundError
    from ..interop.compiled import load_compiled
    from ..tasks.catalogue import NAMES

    found = load_compiled(path).program
    if found not in NAMES:
        raise NotFoundError(
            f"file {path}",
            f"the compiled program {found}, which is not in the package",
            "a program that the file can be compared with",
            "give it with --program path/to/file.py:name",
        )
    return found


def _words(found: Divergence) -> str:
    place = f", node {' -> '.join(map(str, found.nodes))}" if found.nodes else ""
    return (
        f"first differs in graph {found.graph}, step {found.step}{place}, {found.variable}: "
        f"network {found.network:g}, interpreter {found.interpreter:g}"
    )
