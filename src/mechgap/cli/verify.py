"""`mechgap verify`: a compiled network against the interpreter, at every step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Device, Family, Seed, numbers
from .subject import OwnProgram, SubjectName, subject

if TYPE_CHECKING:
    from ..lab.counterexample import Counterexample, Suspect
    from ..lab.divergence import Divergence
    from ..lab.verification import Verification, VerificationPlan
    from ..semantics.batch import Batch
    from ..tasks.task import Task
    from .subject import Network


def verify(
    name: SubjectName,
    n: Annotated[str, typer.Option("--n", help="Numbers of nodes, separated by commas.")] = "4,16,64",
    count: Annotated[int, typer.Option(min=1, help="Graphs of each family and size.")] = 8,
    family: Annotated[
        list[str] | None, typer.Option(help="Family of graphs, again for more; by default all that fit.")
    ] = None,
    graph: Annotated[
        str | None, typer.Option(help="Instead: a file (.npz, .csv, .tsv), or karate, les_miserables …")
    ] = None,
    program: OwnProgram = None,
    target: Family = "gatv2",
    failing: Annotated[
        Path | None, typer.Option(help="Where the smallest failing graph goes; PROGRAM-failing.npz.")
    ] = None,
    shrink: Annotated[bool, typer.Option(help="Make the first failing graph smaller, and write it.")] = True,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare a compiled network with the interpreter at every step, on families of graphs.

    If they differ, say where first: step, node, variable and operation of the program; and write the
    smallest graph on which they do.
    """
    from ..lab.counterexample import Suspect, find_counterexample, write_counterexample
    from ..lab.verification import VerificationPlan
    from ..nets.device import device_of
    from .output import print_json

    task, found = subject(name, program, target)
    found.network.to(device_of(device))
    plan = VerificationPlan(numbers(n, "--n"), count, seed, families=family or None)
    report, batch = _verified(task, found, plan, graph, as_json)
    if not as_json:
        _print_report(task, report)
    suspect, example, path = Suspect(task, found.network, found.layout), None, None
    if batch is not None and shrink:
        example = find_counterexample(suspect, batch)
        path = failing or Path(f"{task.name}-failing.npz")
        write_counterexample(path, suspect, example)
    if as_json:
        told = None if example is None else {**example.to_json(), "file": str(path)}
        print_json({**report.to_json(), "failing": told})
    elif example is not None:
        _print_example(suspect, example, f"{path}", name)
    if report.mismatches:
        raise typer.Exit(1)


def _verified(
    task: Task, found: Network, plan: VerificationPlan, graph: str | None, as_json: bool
) -> tuple[Verification, Batch | None]:
    """The report, and the smallest graph that fails."""
    import torch

    from ..lab.inspection import Choice, choose
    from ..lab.verification import failing_inputs, verify, verify_on
    from .output import progress

    if graph is not None:
        batch = choose(task, Choice(graph)).batch
        report = verify_on(task, found.network, found.certificate, batch, Path(graph).name)
        wrong = report.checks[0].divergence
        return report, None if wrong is None else batch.take(torch.tensor([wrong.graph]))
    with progress("verifying", as_json) as watch:
        report = verify(task, found.network, found.certificate, plan, watch)
    failed = [check for check in report.checks if check.divergence is not None]
    smallest = min(failed, key=lambda check: check.n, default=None)
    return report, None if smallest is None else failing_inputs(task, smallest, plan.count)


def _print_report(task: Task, report: Verification) -> None:
    from ..report.table import verification_rows
    from .output import print_table

    names, rows = verification_rows(report.to_json())
    columns = ("n", "family", "graphs", "steps", *names, "largest error")
    title = f"{task.name}: mismatches of the compiled network against the interpreter"
    print_table(title, columns, rows, right=tuple(c for c in columns if c != "family"))
    for check in report.checks:
        if check.divergence is not None:
            print(f"n = {check.n}, {check.family}: {_words(check.divergence)}")
    print(f"{report.mismatches} mismatches in {report.steps} steps of {report.graphs} graphs")


def _print_example(suspect: Suspect, example: Counterexample, path: str, name: str) -> None:
    from ..lab.counterexample import described
    from .output import print_table

    found, size = example.divergence, example.batch.width
    print(f"\nthe smallest failing graph found ({example.tried} tried): {size} node{'s' * (size != 1)}")
    print_table("", ("input", "is"), described(example.batch))
    rows = [
        ("step", f"{found.step}"),
        ("node" if len(found.nodes) < 2 else "edge", _place(found) or "of the graph"),
        ("variable", found.variable),
        ("operation", found.operation),
        *([("case that holds", _case(found))] if found.case != found.operation else []),
        ("network", f"{found.network:g}"),
        ("interpreter", f"{found.interpreter:g}"),
    ]
    if example.readout is not None:
        held = "holds the right value: its readout is wrong" if example.readout else "holds the wrong value"
        rows.append(("the hidden vector", held))
    print("where it first differs")
    print_table("", ("", ""), rows)
    print(f"written to {path}: try `mechgap trace {suspect.task.name} --graph {path}`,")
    print(f"or `mechgap verify {name} --graph {path}`")


def _words(found: Divergence) -> str:
    place = f", node {_place(found)}" if found.nodes else ""
    return (
        f"first differs in graph {found.graph}, step {found.step}{place}, {found.variable}: "
        f"network {found.network:g}, interpreter {found.interpreter:g}; computed by {_case(found)}"
    )


def _case(found: Divergence) -> str:
    kept = found.case == found.variable
    return f"{found.case} (which keeps its value)" if kept else found.case


def _place(found: Divergence) -> str:
    return " -> ".join(map(str, found.nodes))
