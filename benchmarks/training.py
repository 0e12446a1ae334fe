"""Compares training with that of dm-clrs: steps per second, what is learned, and many seeds at once.

python -m benchmarks.training --clrs-python PATH             all parts; hours, most of them for the curves
python -m benchmarks.training --part speed                   one part: speed, curves, seeds; may be repeated
python -m benchmarks.training --part accelerator             many seeds on a GPU, beside the processor there
python -m benchmarks.training --quick                        small budgets: for a look, not for figures
python -m benchmarks.training … --json FILE                  the figures as JSON; parts in the file stay
python -m benchmarks.training … --write docs/benchmarks.md   their tables into the page
python -m benchmarks.training --figures FILE --write PAGE    from figures measured before

Networks, optimiser and losses are those of the benchmark on both sides, with the same graphs; all sides run
in processes of their own, in turns, with the same number of threads. Processor time counts, and the clock on
the wall for an accelerator and what stands beside it. Imports, compilation, first steps and (but for many
seeds) the drawing of data are not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import groupby, product
from operator import itemgetter
from pathlib import Path
from typing import Any

from .processes import Partner
from .reporting import put_between

TASKS = ("bfs", "bellman_ford")
PROCESSORS = ("gatv2", "mpnn")
NODES, BATCH, HIDDEN = 16, 32, 128
CLRS = Path(__file__).parent / "clrs_training.py"
PARTS = ("speed", "curves", "seeds", "accelerator")
WAYS = ("stacked", "in turns")
PLACE = "training"
"""Between which marks of a page the tables are."""
WIDTHS = (16, 128)
"""Hidden dimensions of the networks of many seeds; the first with small graphs and batches."""
SMALL = (8, 8)
"""Nodes and batch of the smallest of them."""

Row = dict[str, Any]


def main() -> None:
    """Measure, print, and write what the command line asks for."""
    options = _parser().parse_args()
    figures: dict[str, Any] = {}
    for path in (options.json, options.figures):
        if path and path.exists():
            figures |= json.loads(path.read_text())
    if not options.figures:
        for part in options.part or PARTS[:-1]:
            about = _about(options) | (_named(options.device) if part == PARTS[-1] else {})
            figures[part] = {"about": about, "rows": []}
            for row in _MEASURED[part](options):
                figures[part]["rows"].append(row)
                if options.json:  # after every row, so that what was measured outlives an interruption
                    options.json.write_text(json.dumps(figures, indent=1) + "\n")
    print(text(figures))
    if options.write:
        put_between(options.write, PLACE, text(figures))


def speed(options: argparse.Namespace) -> Iterator[Row]:
    """For each task and processor the rates of all turns of both sides."""
    turns, steps = options.turns or (1 if options.quick else 5), 2 if options.quick else 8
    for task in options.only or TASKS:
        for processor in options.processor or PROCESSORS:
            print(f"speed of {task}, {processor}", file=sys.stderr, flush=True)
            with ExitStack() as stack:
                sides = {
                    name: stack.enter_context(side) for name, side in _sides(task, processor, options).items()
                }
                told = {name: side.about for name, side in sides.items()}
                answers = [
                    {name: side.ask(job="time", steps=steps) for name, side in sides.items()}
                    for _ in range(turns)
                ]
            found = {
                name: {
                    **told[name],
                    "rates": [answer[name]["count"] / answer[name]["cpu"] for answer in answers],
                }
                for name in sides
            }
            yield {"task": task, "processor": processor, **found}


def curves(options: argparse.Namespace) -> Iterator[Row]:
    """For each seed of each side the scores on held-out graphs on the way."""
    steps = options.steps or (20 if options.quick else 1000)
    job = {"job": "learn", "steps": steps, "every": max(1, steps // 4)}
    for task, processor in product(options.only or TASKS, options.processor or PROCESSORS):
        with ExitStack() as stack:
            sides = {
                name: stack.enter_context(side) for name, side in _sides(task, processor, options).items()
            }
            for seed in range(options.seeds or (1 if options.quick else 5)):
                for name, side in sides.items():
                    print(f"curve of {task}, {processor}, {name}, seed {seed}", file=sys.stderr, flush=True)
                    scores = side.ask(**job, seed=seed)["scores"]
                    yield {"task": task, "processor": processor, "side": name, "seed": seed, "scores": scores}


def seeds(options: argparse.Namespace) -> Iterator[Row]:
    """Seed-steps per second of stacked seeds, of seeds in turns, and of processes of their own."""
    for row, command in _crowds(options, "cpu"):
        count, steps = row["seeds"], row.pop("steps")
        for name in WAYS:
            with Partner(command, options.threads) as side:
                found = side.ask(job="seeds", seeds=count, steps=steps, stacked=name == "stacked")
            row[name] = found["count"] / found["cpu"]
            row[f"{name} MiB"] = found["peak_mib"]
        if count <= 8:
            row["processes"] = _processes(command, count, steps, options.threads)
        yield row


def accelerator(options: argparse.Namespace) -> Iterator[Row]:
    """The same on an accelerator, and on the processor beside it, by the clock on the wall."""
    for device in (options.device, "cpu"):
        for command, crowds in groupby(_crowds(options, device), itemgetter(1)):
            with Partner(command, options.threads) as side:
                for row, _ in crowds:
                    count, steps = row["seeds"], row.pop("steps")
                    for name in WAYS:
                        found = side.ask(job="seeds", seeds=count, steps=steps, stacked=name == "stacked")
                        row[name] = found["count"] / found["wall"]
                    yield row


def _crowds(options: argparse.Namespace, device: str) -> Iterator[tuple[Row, list[str]]]:
    """Seeds at once that are timed: a row that says which, and the command that trains them."""
    counts = options.count or ((1, 2) if options.quick else (1, 8, 32))
    for processor, hidden, count in product(options.processor or PROCESSORS, WIDTHS, counts):
        print(f"{count} seeds, {processor}, width {hidden}, {device}", file=sys.stderr, flush=True)
        n, batch = SMALL if hidden == WIDTHS[0] else (NODES, BATCH)
        if device == "cpu" and count > 8 and hidden > WIDTHS[0] and processor == "mpnn":
            continue  # all pairs of all seeds would not fit into the memory of a small machine
        row = {"device": device, "processor": processor, "hidden": hidden, "n": n, "batch": batch}
        steps = 1 if options.quick else max(2, 16 // count)
        command = _command("bfs", processor, (n, batch, options.threads, hidden))
        yield {**row, "seeds": count, "steps": steps}, [*command, device]


def _processes(command: list[str], count: int, steps: int, threads: int) -> float:
    """Seed-steps per second of processor time of as many processes at once, start-up not counted."""
    with ExitStack() as stack:
        sides = [
            stack.enter_context(Partner(command, threads)) for _ in range(min(count, os.cpu_count() or 1))
        ]
        for side in sides:
            assert side.about
        answers = [side.ask(job="seeds", seeds=1, steps=steps, stacked=False) for side in sides]
    return sum(answer["count"] for answer in answers) / sum(answer["cpu"] for answer in answers)


_MEASURED = {"speed": speed, "curves": curves, "seeds": seeds, "accelerator": accelerator}


def _sides(task: str, processor: str, options: argparse.Namespace) -> dict[str, Partner]:
    numbers = (NODES, BATCH, options.threads)
    sides = {"mechgap": Partner(_command(task, processor, (*numbers, HIDDEN)), options.threads)}
    if options.clrs_python:
        command = [options.clrs_python, str(CLRS), task, processor, *map(str, numbers)]
        sides["clrs"] = Partner(command, options.threads)
    return sides


def _command(task: str, processor: str, numbers: tuple[int, ...]) -> list[str]:
    return [sys.executable, "-m", "benchmarks.training_worker", task, processor, *map(str, numbers)]


def text(figures: dict[str, Any]) -> str:
    """The tables in Markdown, each with when it was measured."""
    shown = {"speed": speed_lines, "curves": curve_lines, "seeds": seed_lines, "accelerator": device_lines}
    parts = []
    for part in PARTS:
        if part in figures:
            parts += [*shown[part](figures[part]["rows"]), "", _when(figures[part]), ""]
    return "\n".join(parts)


def speed_lines(rows: list[Row]) -> list[str]:
    """The table of the speed; a floor is what the products alone would take at the speed of sgemm."""
    heads = ["task", "processor", "mechgap steps/s", "dm-clrs steps/s", "ratio", "processor steps"]
    heads += ["GFLOP", "floor ms", "mechgap ms", "of the floor"]
    found = _head(heads, 2)
    for row in rows:
        ours, theirs = row["mechgap"], row.get("clrs")
        rate = statistics.median(ours["rates"])
        floor = ours["operations"] / ours["sgemm"]
        cells = [row["task"], row["processor"], f"{rate:.3g}"]
        cells += [f"{statistics.median(theirs['rates']):.3g}" if theirs else "–", ratio(row)]
        passed = f"{ours['processor_steps']:.1f}"
        cells += [f"{passed} / {theirs['processor_steps']}" if theirs else passed]
        cells += [f"{ours['operations'] / 1e9:.2f}", f"{1000 * floor:.1f}", f"{1000 / rate:.0f}"]
        found.append(_line([*cells, f"{1 / rate / floor:.1f}×"]))
    return found


def ratio(row: Row) -> str:
    """How many times as many steps as dm-clrs: the median of the turns, smallest and largest."""
    if "clrs" not in row:
        return "–"
    values = [a / b for a, b in zip(row["mechgap"]["rates"], row["clrs"]["rates"], strict=True)]
    spread = f" ({min(values):.2g}–{max(values):.2g})" if len(values) > 1 else ""
    return f"{statistics.median(values):.2g}×{spread}"


def curve_lines(rows: list[Row]) -> list[str]:
    """The table of the curves: mean over the seeds at each step, smallest and largest."""
    steps = list(dict.fromkeys(step for row in rows for step in row["scores"]))
    found = _head(["task", "processor", "side", "seeds", *(f"step {step}" for step in steps)], 3)
    for key in dict.fromkeys((row["task"], row["processor"], row["side"]) for row in rows):
        some = [row["scores"] for row in rows if (row["task"], row["processor"], row["side"]) == key]
        cells = [*key[:2], {"clrs": "dm-clrs"}.get(key[2], key[2]), str(len(some))]
        for step in steps:
            values = [scores[step] for scores in some if step in scores]
            spread = f" ({min(values):.3f}–{max(values):.3f})" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.3f}{spread}" if values else "–")
        found.append(_line(cells))
    return found


def seed_lines(rows: list[Row]) -> list[str]:
    """The table of many seeds: steps of one seed per second of processor time, and peak memory."""
    heads = ["processor", "width", "n", "batch", "seeds", "stacked/s", "in turns/s", "stacked ÷ in turns"]
    found = _head([*heads, "processes/s", "stacked MiB", "in turns MiB"], 1)
    for row in rows:
        cells = [row["processor"], *(str(row[name]) for name in ("hidden", "n", "batch", "seeds"))]
        cells += [
            f"{row['stacked']:.3g}",
            f"{row['in turns']:.3g}",
            f"{row['stacked'] / row['in turns']:.2f}×",
        ]
        cells += [f"{row['processes']:.3g}" if "processes" in row else "–"]
        found.append(_line([*cells, str(row["stacked MiB"]), str(row["in turns MiB"])]))
    return found


def device_lines(rows: list[Row]) -> list[str]:
    """The table of an accelerator: steps of one seed per second on the wall, and against the processor."""
    heads = ["device", "processor", "width", "n", "batch", "seeds", "stacked/s", "in turns/s"]
    found = _head([*heads, "stacked ÷ in turns", "best ÷ best of the cpu"], 2)
    names = ("processor", "hidden", "n", "batch", "seeds")

    def best(row: Row) -> float:
        return max(row["stacked"], row["in turns"])

    beside = {tuple(row[name] for name in names): best(row) for row in rows if row["device"] == "cpu"}
    for row in rows:
        key = tuple(row[name] for name in names)
        cells = [row["device"], *map(str, key), f"{row['stacked']:.3g}", f"{row['in turns']:.3g}"]
        cells += [f"{row['stacked'] / row['in turns']:.2f}×"]
        found.append(_line([*cells, f"{best(row) / beside[key]:.2g}×" if key in beside else "–"]))
    return found


def _head(heads: list[str], words: int) -> list[str]:
    return [_line(heads), "|" + " --- |" * words + " ---: |" * (len(heads) - words)]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _when(part: dict[str, Any]) -> str:
    about = part["about"]
    sides = part["rows"][0] if part["rows"] else {}
    versions = [
        ", ".join(f"{name} {number}" for name, number in side["versions"].items())
        for side in sides.values()
        if isinstance(side, dict) and "versions" in side
    ]
    told = f" Versions: {'; '.join(versions)}." if versions else ""
    return (
        f"{about['date']}; {about['cores']} cores, load {about['load']} before, "
        f"{about['threads']} thread(s) on each side, {about.get('clock', 'processor time')}.{told}"
    )


def _about(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "threads": options.threads,
    }


def _named(device: str) -> dict[str, Any]:
    """What runs on an accelerator."""
    import torch

    cuda = torch.device(device).type == "cuda" and torch.cuda.is_available()
    name = torch.cuda.get_device_name(device) if cuda else device
    return {"clock": f"time on the wall; {name}, torch {torch.__version__}"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description="Training, beside that of dm-clrs."
    )
    parser.add_argument("--clrs-python", metavar="PATH", help="an interpreter that can import clrs")
    parser.add_argument("--part", action="append", choices=PARTS, help="this part; may be repeated")
    parser.add_argument("--only", action="append", metavar="TASK", help="this task; may be repeated")
    parser.add_argument(
        "--processor", action="append", choices=PROCESSORS, help="this processor; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="small budgets: for a look, not for figures")
    parser.add_argument("--turns", type=int, help="of the two sides (default 5, quick 1)")
    parser.add_argument("--steps", type=int, help="of a learning curve (default 1000, quick 20)")
    parser.add_argument("--seeds", type=int, help="of learning curves (default 5, quick 1)")
    parser.add_argument("--count", action="append", type=int, help="seeds at once (default 1, 8, 32)")
    parser.add_argument("--threads", type=int, default=1, help="of arithmetic, all sides (default 1)")
    parser.add_argument("--device", default="cuda", help="the accelerator (default cuda)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the tables into a page")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="show these instead of measuring")
    return parser


if __name__ == "__main__":
    main()
