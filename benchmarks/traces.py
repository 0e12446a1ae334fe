"""Compares the speed of inputs and traces with that of dm-clrs, task by task, on the same machine.

python -m benchmarks.traces --clrs-python PATH             all 30 tasks, n = 16, 64, 256; two hours
python -m benchmarks.traces --quick --only dfs             small budgets, one task, mechgap alone
python -m benchmarks.traces … --json FILE                  the figures as JSON as well
python -m benchmarks.traces … --write docs/benchmarks.md   the page with them
python -m benchmarks.traces --figures FILE --write PAGE    a page from figures measured before

What a batch costs is all that a user waits for. dm-clrs: `next(k)` of a sampler that draws on demand, that
is inputs, algorithm, probes, padding and stacking. mechgap: drawing, the checks of inputs and ranges, the
run, outputs, and all frames of all hints, in packed form.

Imports, the first batch and the making of kernels are not timed (how long that took is told). All run
in processes of their own, the others waiting while one works, in turns; the ratio is taken turn by turn.
Batch sizes are found beforehand.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .processes import Failed, clrs_process, mechgap_process
from .trace_tables import Figures, page, print_figures

SIZES = (16, 64, 256)
NODES_BEYOND = {"optimal_bst": 1}
"""By how much the number of nodes exceeds n, which counts keys in this task."""
LEAST_PATIENCE = 1.0
"""Seconds that a batch may take at least, before larger ones are no longer tried."""
ROLLOUTS = "\n## Rollouts of compiled networks"
"""The head of what `benchmarks.rollout` writes below on the same page."""
LARGEST_COMPARED = 64
"""Largest n at which dm-clrs is run: above, some of its tasks take minutes for one sample."""


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        seconds: time for each side of a comparison, for all turns together.
        turns: how often the two sides are timed.
        memory: MiB that one of our batches may add to a process.
        threads: of arithmetic, on both sides.
        clock: "wall", or "cpu", which is less disturbed by other processes.
        clrs: an interpreter that can import clrs, or None.
    """

    seconds: float
    turns: int
    memory: float
    threads: int
    clock: str
    clrs: str | None


def main() -> None:
    """Measure, print, and write what the command line asks for."""
    options = _options()
    figures: Figures
    if options.figures:
        figures = json.loads(options.figures.read_text())
    else:
        settings = _settings(options)
        figures = {"about": _about(settings), "rows": []}
        for row in _measured(options.only or _tasks(), options.size or SIZES, settings):
            figures["about"]["versions"] = row.pop("versions")
            figures["rows"].append(row)
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1) + "\n")
    print_figures(figures)
    if options.write:
        options.write.write_text(page(figures) + _beside(options.write))


def _beside(path: Path) -> str:
    """What a page shows of another benchmark, below."""
    _, mark, rest = path.read_text().partition(ROLLOUTS) if path.exists() else ("", "", "")
    return mark + rest


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.traces", description="Traces per second of mechgap and of dm-clrs."
    )
    parser.add_argument("--clrs-python", metavar="PATH", help="an interpreter that can import clrs")
    parser.add_argument("--only", action="append", metavar="TASK", help="this task; may be repeated")
    parser.add_argument("--size", action="append", type=int, metavar="N", help="this n; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small budgets: for a look, not for figures")
    parser.add_argument("--seconds", type=float, help="for each side, task and n (default 6, quick 1)")
    parser.add_argument("--turns", type=int, help="of the two sides (default 3, quick 1)")
    parser.add_argument("--memory", type=float, metavar="MIB", help="of a batch (default 1024, quick 128)")
    parser.add_argument("--threads", type=int, default=1, help="of arithmetic, both sides (default 1)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="the time that counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the page of figures")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="show these instead of measuring")
    return parser.parse_args()


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        options.seconds or (1.0 if options.quick else 6.0),
        options.turns or (1 if options.quick else 3),
        options.memory or (128.0 if options.quick else 1024.0),
        options.threads,
        options.clock,
        options.clrs_python,
    )


def _about(settings: Settings) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "threads": settings.threads,
        "clock": settings.clock,
        "seconds": settings.seconds,
        "turns": settings.turns,
        "memory": settings.memory,
        "versions": [],
    }


def _tasks() -> list[str]:
    from mechgap.tasks.samplers.clrs.recipes import RECIPES

    return sorted(RECIPES)


def _measured(
    tasks: list[str], sizes: tuple[int, ...] | list[int], settings: Settings
) -> Iterator[dict[str, Any]]:
    """A row for each task and size; what fails is told and left out."""
    cases = [(task, n) for n in sizes for task in tasks]
    for number, (task, n) in enumerate(cases, 1):
        print(f"{number}/{len(cases)} {task}, n = {n}", file=sys.stderr, flush=True)
        try:
            yield measure(task, n, settings)
        except Failed as error:
            print(error, file=sys.stderr)


def measure(task: str, n: int, settings: Settings) -> dict[str, Any]:
    """The figures of one task and size.

    Returns:
        task, n, nodes; for each side ("mechgap", and "clrs", which is None where it was not run) the
        batch, the rates of all turns, mean frames, peak MiB and MiB before the first batch; "wide", the
        rate when all hints are widened as well; "compile_s", the seconds that the kernel took; the versions.

    Raises:
        Failed: if either side cannot do it.
    """
    turn, threads, clock = settings.seconds / settings.turns, settings.threads, settings.clock
    width = n + NODES_BEYOND.get(task, 0)
    with mechgap_process(task, width, threads) as trial:
        job = {"job": "tune", "memory": settings.memory, "clock": clock}
        batches = {"mechgap": trial.ask(**job, patience=max(settings.seconds / 3, LEAST_PATIENCE))["batch"]}
    with ExitStack() as stack:  # all start at once, and are ready before anything is timed
        sides = {"mechgap": stack.enter_context(mechgap_process(task, width, threads))}
        jobs: dict[str, dict[str, Any]] = {
            "mechgap": {"job": "run", "batch": batches["mechgap"], "seconds": turn}
        }
        if settings.clrs is not None and n <= LARGEST_COMPARED:
            sides["clrs"] = stack.enter_context(clrs_process(settings.clrs, task, n, threads))
            batches["clrs"] = sides["clrs"].ask(seconds=turn)["count"]
            jobs["clrs"] = {"count": batches["clrs"]}
        about = [side.about for side in sides.values()]
        turns = [
            {name: side.ask(**jobs[name]) for name, side in sides.items()} for _ in range(settings.turns)
        ]
        widening = sides["mechgap"].ask(job="widen", batch=batches["mechgap"], seconds=turn / 4)
    found = {
        name: _side(batches[name], [answers[name] for answers in turns], told, clock)
        for (name, told) in zip(sides, about, strict=True)
    }
    seconds = 1 / statistics.median(found["mechgap"]["rates"]) + widening[clock] / widening["count"]
    return {
        "task": task,
        "n": n,
        "nodes": _same_size(task, found),
        "clrs": None,
        **found,
        "wide": 1 / seconds,
        "compile_s": about[0]["compile_s"],
        "versions": [side["versions"] for side in about],
    }


def _side(batch: int, answers: list[dict[str, Any]], about: dict[str, Any], clock: str) -> dict[str, Any]:
    return {
        "batch": batch,
        "rates": [answer["count"] / answer[clock] for answer in answers],
        "frames": statistics.mean(answer["frames"] for answer in answers),
        "nodes": answers[-1]["nodes"],
        "peak_mib": answers[-1]["peak_mib"],
        "base_mib": about["base_mib"],
    }


def _same_size(task: str, found: dict[str, dict[str, Any]]) -> int:
    """The number of nodes, which must be that of both sides."""
    nodes = {side: figures["nodes"] for side, figures in found.items()}
    if len(set(nodes.values())) > 1:
        raise Failed(f"{task}: numbers of nodes differ, {nodes}")
    return int(nodes["mechgap"])


if __name__ == "__main__":
    main()
