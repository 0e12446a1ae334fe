"""Verifies programs at large sizes, one weight set each, in every family of networks; takes hours.

python -m benchmarks.verification FILE                          all that is not in the file yet
python -m benchmarks.verification FILE --task bfs --target mpnn --size 256 --device cuda
python -m benchmarks.verification FILE --write docs/verification.md   the table into the page, nothing else

Every variable at every frame is compared with the interpreter. A line is added to FILE after each network and
size. Of the families of graphs the one with the fewest frames runs, and others with few frames.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import MechgapError, Refusal
from mechgap.lab.families import FAMILIES
from mechgap.lab.verification import VerificationPlan, verify
from mechgap.nets.device import device_of
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.task import Task

from .reporting import put_between

PLACE = "verification"
SIZES = {256: NAMES, 1024: ("bfs", "bellman_ford", "dijkstra", "mst_prim", "dfs", "components")}
"""Which programs are verified at a size, unless others are asked for."""
FRAMES = 1500
"""Families run while all together have no more frames."""
FEW = {"matrix_chain_order": 100}
"""Likewise where frames are dear: 87 layers at n^3 triples, a minute for a frame at n = 256."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A network and a size.

    Attributes:
        task, target, n: what is verified.
        device: on which the network runs.
    """

    task: str
    target: str
    n: int
    device: str = "cpu"

    def row(self) -> Row:
        """What came out, or why it is refused."""
        task, start = load(self.task), time.process_time()
        told: Row = {"task": self.task, "target": self.target, "n": self.n}
        try:
            made = compile_program(task.program, CompileSettings(target=self.target))
            names = families(task, self.n)
            plan = VerificationPlan(sizes=(self.n,), count=1, families=names)
            report = verify(task, made.network.to(device_of(self.device)), made.certificate, plan)
        except Refusal as refusal:
            return {**told, "refused": refusal.faults[0].given}
        checks = [check for check in report.checks if check.n == self.n]
        return {
            **told,
            "graphs": sum(check.graphs for check in checks),
            "frames": sum(check.steps for check in checks),
            "values": sum(c.compared for check in checks for c in check.comparisons),
            "mismatches": sum(check.mismatches for check in checks),
            "largest": max(check.largest for check in checks),
            "families": names,
            "device": self.device,
            "seconds": round(time.process_time() - start),
        }


def families(task: Task, n: int) -> list[str]:
    """The families of graphs that run: the shortest run first, others while there are few frames."""
    frames: dict[str, int] = {}
    for family in FAMILIES:
        if family.fits(task):
            frames[family.name] = interpret(task.program, family.build(task, 0, n, 1)).frames
    order, chosen, total = sorted(frames, key=frames.__getitem__), [], 0
    for name in order:
        if not chosen or total + frames[name] <= FEW.get(task.name, FRAMES):
            chosen.append(name)
            total += frames[name]
    return chosen


def cases(options: argparse.Namespace, done: Sequence[Row]) -> Iterator[Case]:
    """What is left to do."""
    known = {(row["task"], row["target"], row["n"]) for row in done}
    for n in options.size or SIZES:
        names = options.task or SIZES.get(n, NAMES)
        for name, target in product(names, options.target or TARGETS):
            if (name, target, n) not in known:
                yield Case(name, target, n, options.device)


def read(path: Path) -> list[Row]:
    """The rows of a file; none if there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown: graphs and frames of each network and size, and what differed."""
    heads = [(n, target) for n in SIZES for target in TARGETS]
    titles = ["program", *(f"{target}, n = {n}" for n, target in heads)]
    lines = ["| " + " | ".join(titles) + " |", "| --- |" + " --- |" * len(heads)]
    found = {(row["task"], row["n"], row["target"]): row for row in rows}
    for name in NAMES:
        cells = [_cell(found.get((name, *head))) for head in heads]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    compared = [row for row in rows if "mismatches" in row]
    values, wrong = (sum(row[name] for row in compared) for name in ("values", "mismatches"))
    frames = sum(row["frames"] for row in compared)
    total = f"{len(compared)} networks and sizes, {frames:,} frames, {values:,} values: {wrong:,} mismatches."
    return "\n".join([*lines, "", total, ""])


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    if "refused" in row:
        return f"refused: {row['refused']}"
    wrong = f", **{row['mismatches']:,} wrong**" if row["mismatches"] else ""
    return f"{row['frames']:,} ({row['graphs']}){wrong}"


def main() -> None:
    """Verify what is left, or write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.verification", description="Compiled networks at large sizes."
    )
    parser.add_argument("file", type=Path, help="one line of JSON for each network and size")
    parser.add_argument("--task", action="append", choices=NAMES, help="this one; may be repeated")
    parser.add_argument("--target", action="append", choices=tuple(TARGETS), help="likewise")
    parser.add_argument("--size", action="append", type=int, help="likewise (default 256 and 1024)")
    parser.add_argument("--device", default="cpu", help="where networks run (default cpu)")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="put the table into a page, verify nothing"
    )
    options = parser.parse_args()
    if options.write:
        put_between(options.write, PLACE, table(read(options.file)))
        return
    for case in cases(options, read(options.file)):
        try:
            row = case.row()
        except MechgapError as error:
            raise SystemExit(f"{case}: {error}") from error
        with options.file.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{case.task}, {case.target}, n = {case.n}: {_cell(row)}", flush=True)


if __name__ == "__main__":
    main()
