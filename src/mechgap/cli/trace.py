"""`mechgap trace`: a run of a program, frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, ProgramName, Seed, Target

if TYPE_CHECKING:
    from ..lab.inspection import Subject
    from ..lab.parity import Comparison
    from ..semantics.trace import Trace
    from ..tasks.task import Task

SHOWN = 12
"""Names of nodes in a line before the rest is counted."""


def trace(
    name: ProgramName,
    graph: Annotated[
        str | None,
        typer.Option(help="karate, les_miserables, florentine or davis; or a file: .csv, .tsv or .npz."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Name or number of the source; by default the first.")
    ] = None,
    directed: Annotated[bool, typer.Option("--directed", help="Edges of a file lead one way only.")] = False,
    n: Annotated[int, typer.Option("--n", min=1, help="Nodes of a drawn graph, without --graph.")] = 8,
    target: Target = "interpreter",
    out: Annotated[Path | None, typer.Option(help="Write the run to an .npz file as well.")] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Run a program on a graph and print what changes."""
    from ..interop.golden import write_trace
    from ..lab.inspection import Choice, choose
    from ..semantics.interpreter import interpret
    from ..tasks.catalogue import load

    task = load(name)
    subject = choose(task, Choice(graph, source, directed, n, seed))
    exact = interpret(task.program, subject.batch)
    found = _compared(task, subject, exact, target) if target != "interpreter" else None
    if out is not None:
        write_trace(out, exact, task.program)
    if as_json:
        _print_json(task, subject, exact, found)
    else:
        _print_tables(task, subject, exact, found)
        if out is not None:
            print(f"written to {out}")
    if found and any(c.mismatches for c in found):
        raise typer.Exit(1)


def _compared(task: Task, subject: Subject, exact: Trace, target: str) -> tuple[Comparison, ...]:
    from ..lab.inspection import differences, run_compiled

    return differences(task, run_compiled(task, subject.batch, target)[0], exact)


def _print_tables(task: Task, subject: Subject, exact: Trace, found: tuple[Comparison, ...] | None) -> None:
    from ..lab.inspection import answers, changes
    from .output import print_table

    rows, frame = [], -1
    for change in changes(task, exact, subject.names):
        first = change.frame != frame
        frame = change.frame
        rows.append((f"{frame}" if first else "", change.variable, change.value, _listed(change.nodes)))
    print_table(f"{task.name} on {subject.words}", ("frame", "variable", "becomes", "at"), rows)
    ends = [(a.variable, a.value, _listed(a.nodes)) for a in answers(task, exact, subject.names)]
    print_table(f"outputs after frame {frame}", ("output", "is", "at"), ends)
    if found is not None:
        wrong, total = sum(c.mismatches for c in found), sum(c.compared for c in found)
        frames = int(exact.lengths.sum())
        agree = f"agrees with the interpreter at every step: {total} values in {frames} frames"
        print(f"the compiled network {agree if not wrong else f'differs in {wrong} of {total} values'}")


def _print_json(task: Task, subject: Subject, exact: Trace, found: tuple[Comparison, ...] | None) -> None:
    from dataclasses import asdict

    from .output import print_json

    length, size = int(exact.lengths[0]), len(subject.names)

    def cut(name: str, value: Any) -> Any:
        defined = exact.defined.get(name)
        for axis in range(value.dim()):
            value = value.narrow(axis, 0, size)
            defined = None if defined is None else defined.narrow(axis + 1, 0, size)
        return value.tolist() if defined is None else _masked(value.tolist(), defined[0].tolist())

    hints = [port.name for port in task.program.interface.hints]
    print_json(
        {
            "program": task.name,
            "digest": task.program.digest,
            "inputs": subject.words,
            "nodes": subject.names,
            "frames": length,
            "values": {
                name: [cut(name, frame[0]) for frame in exact.values[name][:length]] for name in hints
            },
            "outputs": {name: cut(name, value[0]) for name, value in exact.outputs.items()},
            "compiled": None
            if found is None
            else {
                "agrees": not any(c.mismatches for c in found),
                "comparisons": [asdict(c) for c in found],
            },
        }
    )


def _masked(value: Any, defined: Any) -> Any:
    """Nested lists of values, None where they are not defined."""
    if isinstance(value, list):
        return [_masked(one, known) for one, known in zip(value, defined, strict=True)]
    return value if defined else None


def _listed(nodes: tuple[str, ...]) -> str:
    rest = len(nodes) - SHOWN
    return ", ".join(nodes[:SHOWN]) + (f" … and {rest} more" if rest > 0 else "")
