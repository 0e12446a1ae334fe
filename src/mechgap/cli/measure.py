"""`mechgap measure`: how far a network is from the algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Device, Seed, TaskName, numbers


def measure(
    name: TaskName,
    network: Annotated[Path, typer.Option(help="File of a network: trained, a checkpoint, or compiled.")],
    rival: Annotated[
        list[str] | None, typer.Option(help="Rival program, again for more; by default those that suit.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=2, help="Nodes of the graphs of all gates.")] = 16,
    graphs: Annotated[int, typer.Option(min=1, help="How many of them.")] = 96,
    sizes: Annotated[str, typer.Option(help="Further numbers of nodes, for behaviour; none for no.")] = "64",
    probes: Annotated[
        bool, typer.Option(help="Whether variables are read off hidden vectors by probes as well.")
    ] = True,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure a network: behaviour, trace, probes, routing and causes, with intervals and floors."""
    from ..lab.measurement import MeasurePlan, references, setting
    from ..lab.rivals import read_network, rivals
    from ..measures.panel import measure as gauge
    from ..nets.device import device_of
    from ..report.table import GATE_COLUMNS, fault_lines, gate_rows
    from ..tasks.catalogue import load
    from .output import print_json, print_table, progress

    task = load(name)
    subject = read_network(network, task.program).to(device_of(device))
    further = () if sizes == "none" else numbers(sizes, "--sizes")
    plan = MeasurePlan(n=n, graphs=graphs, sizes=further, probes=probes, seed=seed)
    with progress("measuring", as_json) as watch:
        watch(0, 1, "all gates")
        made = setting(task, rivals(task, rival or None), plan)
        panel = gauge(subject, made, references(task, plan, subject))
    data = panel.to_json()
    if as_json:
        print_json(data)
        return
    for gate, rows in gate_rows(data).items():
        print_table(gate, GATE_COLUMNS, [row.cells for row in rows], right=GATE_COLUMNS[1:])
        print("".join(f"{line}\n" for line in fault_lines(rows)), end="")
    print(f"verdict: {panel.verdict.summary}")
    for standing in panel.verdict.standings:
        print(f"  {standing.program}: {'kept' if standing.kept else 'rejected'}")
        print("".join(f"    {reason}\n" for reason in standing.reasons), end="")
