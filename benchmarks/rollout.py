"""Compares rollouts of compiled networks with the interpreter and with dm-clrs's forward pass, in one run.

python -m benchmarks.rollout --clrs-python PATH              four tasks, n = 16, 64, 256
python -m benchmarks.rollout --quick --only bfs              small budgets, n = 16 and 64
python -m benchmarks.rollout … --json FILE                   the figures as JSON as well
python -m benchmarks.rollout … --write docs/benchmarks.md    their table into the page
python -m benchmarks.rollout --figures FILE --write PAGE     from figures measured before

All sides have the same graphs, drawn as the benchmark draws them for a seed, and make the same number of
frames. They run in processes of their own, in turns, with the same number of threads; processor time
counts by default, and a ratio is taken turn by turn. Imports, compilation and a first run are not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .processes import Failed, Partner
from .reporting import Benchmark, put_between
from .rollout_worker import SIDES

TASKS = ("bfs", "bellman_ford", "dijkstra", "dfs")
SIZES = {16: 32, 64: 8, 256: 1}
"""Number of nodes -> graphs in a batch."""
QUICK_SIZES = (16, 64)
LARGEST = {"dfs": 64}
"""Largest n of tasks whose runs have many frames."""
SEED = 1
CLRS = Path(__file__).parent / "clrs_forward.py"
PLACE = "rollouts"
"""Between which marks of a page the table is."""

Row = dict[str, Any]


def main() -> None:
    """Measure, print, and write what the command line asks for."""
    options = _parser().parse_args()
    if options.figures:
        figures = json.loads(options.figures.read_text())
    else:
        settings = _settings(options)
        figures = measured(_cases(options), settings, options.clrs_python)
    for line in lines(figures):
        print(line)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.write:
        write(options.write, figures)


def measured(cases: list[tuple[str, int]], about: dict[str, Any], clrs: str | None) -> dict[str, Any]:
    """The figures of tasks and sizes, with what was told about them; what fails is told and left out."""
    rows = []
    for number, (task, n) in enumerate(cases, 1):
        print(f"{number}/{len(cases)} {task}, n = {n}", file=sys.stderr, flush=True)
        try:
            row = measure(task, n, about, clrs)
        except Failed as error:
            print(error, file=sys.stderr)
            continue
        about["versions"] = row.pop("versions")
        rows.append(row)
    return {"about": about, "rows": rows}


def benchmark(quick: bool, threads: int, clrs: str | None) -> Benchmark:
    """The figures in the form of the other benchmarks, with ratios of the medians.

    Args:
        quick: small sizes and budgets.
        threads: of arithmetic, on every side.
        clrs: an interpreter that can import clrs, or None.
    """
    options = _parser().parse_args(["--quick"] if quick else [])
    options.threads = threads
    rows = measured(_cases(options), _settings(options), clrs)["rows"]
    shown = []
    for row in rows:
        rates = {side: statistics.median(row[side]["rates"]) for side in (*SIDES, "clrs") if side in row}
        figures = {f"{side}/s": rate for side, rate in rates.items()}
        ratios = {f"÷ {side}": rates["network"] / rate for side, rate in rates.items() if side != "network"}
        shown.append({**{name: row[name] for name in ("task", "n", "batch", "frames")}, **figures, **ratios})
    peaks = [row["network"]["peak_mib"] for row in rows if "network" in row]
    return {"threads": threads, "peak_mib": max(peaks, default=0), "rows": shown}


def measure(task: str, n: int, about: dict[str, Any], clrs: str | None) -> Row:
    """The figures of one task and size: for every side that can do it, rates of all turns and memory.

    Args:
        task: name of the task.
        n: number of nodes.
        about: threads, clock, turns and seconds of a turn.
        clrs: an interpreter that can import clrs, or None.

    Raises:
        Failed: if a side ended before it had answered, or made another number of frames.
    """
    batch, threads = SIZES.get(n, 1), about["threads"]
    numbers = [str(number) for number in (n, batch, SEED, threads)]
    commands = {
        side: [sys.executable, "-m", "benchmarks.rollout_worker", side, task, *numbers] for side in SIDES
    }
    if clrs is not None:
        commands["clrs"] = [clrs, str(CLRS), task, *numbers]
    with ExitStack() as stack:
        sides = {name: stack.enter_context(Partner(command, threads)) for name, command in commands.items()}
        told = {name: side.about for name, side in sides.items()}
        able = {name: side for name, side in sides.items() if "refused" not in told[name]}
        turns = [
            {name: side.ask(seconds=about["seconds"]) for name, side in able.items()}
            for _ in range(about["turns"])
        ]
    frames = {told[name]["frames"] for name in able}
    if len(frames) > 1:
        raise Failed(f"{task}, n = {n}: numbers of frames differ, {sorted(frames)}")
    found = {
        name: {
            "rates": [turn[name]["count"] / turn[name][about["clock"]] for turn in turns],
            "peak_mib": turns[-1][name]["peak_mib"],
            "base_mib": told[name]["base_mib"],
        }
        for name in able
    }
    versions = [told[name]["versions"] for name in ("steps", "clrs") if name in able]
    return {"task": task, "n": n, "batch": batch, "frames": int(*frames), **found, "versions": versions}


def lines(figures: dict[str, Any]) -> list[str]:
    """A table in Markdown, and below it when and how it was measured."""
    heads = ["task", "n", "batch", "frames", "network/s", "MiB"]
    heads += ["kernel/s", "network ÷ kernel", "steps/s", "network ÷ steps"]
    heads += ["dm-clrs/s", "MiB", "network ÷ dm-clrs"]
    found = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for row in figures["rows"]:
        cells = [row["task"], *(str(row[name]) for name in ("n", "batch", "frames"))]
        cells += [_rate(row, "network"), _memory(row, "network")]
        for side in ("kernel", "steps"):
            cells += [_rate(row, side), ratio(row, side)]
        cells += [_rate(row, "clrs"), _memory(row, "clrs"), ratio(row, "clrs")]
        found.append("| " + " | ".join(cells) + " |")
    about = figures["about"]
    clock = "processor time" if about["clock"] == "cpu" else "wall-clock time"
    versions = "; ".join(
        ", ".join(f"{name} {number}" for name, number in side.items()) for side in about["versions"]
    )
    return [
        *found,
        "",
        f"{about['date']}; {about['cores']} cores, load {about['load']} before the run, "
        f"{about['threads']} thread(s) of arithmetic on each side,",
        f"{clock}, {about['turns']} turns of about {about['seconds']:g} s; medians of the turns.",
        f"Versions: {versions}.",
    ]


def ratio(row: Row, side: str) -> str:
    """How many times as fast as a side the network is: the median of the turns, smallest and largest."""
    if side not in row or "network" not in row:
        return "–"
    values = [a / b for a, b in zip(row["network"]["rates"], row[side]["rates"], strict=True)]
    spread = f" ({min(values):.2g}–{max(values):.2g})" if len(values) > 1 else ""
    return f"{statistics.median(values):.2g}×{spread}"


def write(page: Path, figures: dict[str, Any]) -> None:
    """Put the table into a page that has a place for it, between two marks."""
    put_between(page, PLACE, "\n".join([*lines(figures), ""]))


def _rate(row: Row, side: str) -> str:
    if side not in row:
        return "–"
    value = statistics.median(row[side]["rates"])
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _memory(row: Row, side: str) -> str:
    return f"{row[side]['peak_mib']}" if side in row else "–"


def _cases(options: argparse.Namespace) -> list[tuple[str, int]]:
    sizes = options.size or (QUICK_SIZES if options.quick else tuple(SIZES))
    return [(task, n) for task in options.only or TASKS for n in sizes if n <= LARGEST.get(task, n)]


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """When, on what, and how it is measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "threads": options.threads,
        "clock": options.clock,
        "seconds": options.seconds or (0.5 if options.quick else 2.0),
        "turns": options.turns or (1 if options.quick else 3),
        "versions": [],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rollout",
        description="Rollouts per second of compiled networks, the interpreter and dm-clrs.",
    )
    parser.add_argument("--clrs-python", metavar="PATH", help="an interpreter that can import clrs")
    parser.add_argument("--only", action="append", metavar="TASK", help="this task; may be repeated")
    parser.add_argument("--size", action="append", type=int, metavar="N", help="this n; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small budgets: for a look, not for figures")
    parser.add_argument("--seconds", type=float, help="of a turn of a side (default 2, quick 0.5)")
    parser.add_argument("--turns", type=int, help="of the sides (default 3, quick 1)")
    parser.add_argument("--threads", type=int, default=1, help="of arithmetic, all sides (default 1)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="cpu", help="the time that counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the table into a page")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="show these instead of measuring")
    return parser


if __name__ == "__main__":
    main()
