"""How long compiling takes: every task in every family, and generated programs of many operations.

python -m benchmarks.compiling                            prints the tables
python -m benchmarks.compiling --write docs/benchmarks.md puts them into the page, between two marks

Processor time of one thread, all passes, checks and emission; for tasks the median of some runs.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import Refusal
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import any_of, edge, graph, maximum, min_of, minimum, node, sender, where
from mechgap.tasks.catalogue import NAMES, load

from .reporting import put_between

SIZES = (125, 250, 500, 1000, 2000)
RECENT, VARIABLES, HIGHEST, REPEATS = 3, 8, 100, 3


def generated(operations: int, seed: int = 0) -> Program:
    """A program whose step is a chain of operations, each of them on some of the last results.

    About one in ten of them reads neighbours; nothing is left out, since all lead to the last.
    """
    rng = random.Random(seed)
    adjacent, source = edge.mask("adj"), node.mask_one("s")
    numbers: list[Expression] = [
        node.scalar(f"x{k}", low=0, high=HIGHEST, whole=True) for k in range(VARIABLES)
    ]
    masks: list[Expression] = [node.mask(f"m{k}") for k in range(VARIABLES)]
    counters, marks = tuple(numbers), tuple(masks)
    for _ in range(operations):
        a, b = (rng.choice(numbers[-RECENT:]) for _ in range(2))
        c, d = (rng.choice(masks[-RECENT:]) for _ in range(2))
        far = rng.random() < 0.1
        choice = rng.randrange(8)
        if choice < 4:
            masks.append(
                (a < b, c & d, ~c | d, any_of(sender(c) & adjacent) if far else c != d)[choice],
            )
        else:
            near = (minimum(a, b), where(c, a, b), minimum(a + 1, HIGHEST))
            last = min_of(sender(a), adjacent) if far else maximum(a, b)
            numbers.append((*near, last)[choice - 4])
    tick = graph.scalar("tick", low=0, high=4, whole=True)
    start = {**dict.fromkeys(counters, 0), **dict.fromkeys(marks, source), tick: 0}
    step = dict(zip((*counters, *marks), (*numbers[-VARIABLES:], *masks[-VARIABLES:]), strict=True))
    return Program(
        f"generated_{operations}",
        (adjacent, source),
        start,  # type: ignore[arg-type]
        {**step, tick: tick + 1},  # type: ignore[dict-item]
        tick >= 3,
        {"last": numbers[-1]},
        limit=5,
    )


def main() -> None:
    """Measure, print, and write where the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiling", description="Compile times.")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into a page")
    options = parser.parse_args()
    text = tables()
    print(text)
    if options.write:
        put_between(options.write, "compiling", text)


def tables() -> str:
    """Both tables in Markdown."""
    lines = [
        "| family | tasks | median s | 90 % below s | slowest s | which |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for target in TARGETS:
        times = sorted(_times(target))
        seconds = [taken for taken, _ in times]
        most, name = times[-1]
        tail = seconds[int(0.9 * (len(seconds) - 1))]
        middle = statistics.median(seconds)
        lines.append(f"| {target} | {len(times)} | {middle:.3f} | {tail:.2f} | {most:.2f} | {name} |")
    lines += ["", "| operations | " + " | ".join(f"{target} s" for target in TARGETS) + " |"]
    lines.append("|---:|" + "---:|" * len(TARGETS))
    for size in SIZES:
        cells = [f"{_seconds(generated(size), CompileSettings(n=64, target=t), 1):.2f}" for t in TARGETS]
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _times(target: str) -> list[tuple[float, str]]:
    found = []
    for name in NAMES:
        try:
            found.append((_seconds(load(name).program, CompileSettings(target=target), REPEATS), name))
        except Refusal:
            continue
    return found


def _seconds(program: Program, settings: CompileSettings, repeats: int) -> float:
    """The median processor time of compiling a program."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        compile_program(program, settings)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
