"""Figures of benchmarks.traces: ratios, growth with n, tables for a terminal and for the documents."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

Row = dict[str, Any]

AIMS = (50, 10)
LARGE = 256
PLAIN_WIDTH = 150
"""Width of tables that are written to files and pipes."""
UNMEASURED = "–"
PAGE_WIDTH = 105
INTRODUCTION = """\
# Benchmarks

Made by `python -m benchmarks.traces --clrs-python PATH --write docs/benchmarks.md`; do not edit.

## Inputs and traces, beside dm-clrs

Samples per second of one process: random inputs, the run of the algorithm with every hint at every step,
and the outputs, in batches. dm-clrs: `next(k)` of a sampler that draws on demand; *batch* is k. mechgap:
the task's own sampler and `interpret`, with its checks of inputs and ranges, and all frames of all hints in
packed form (`trace.values.packed`: masks bool, pointers int16, categories uint8, scalars float32). *Wide* is
the rate when all hints are, beyond that, widened to the types that `Trace` shows (int64 pointers, one-hot
masks). *Kernel* is how many seconds it took, once for a process, to make the machine code of the task, or to
load it, and to make a first trace; it is not in the rates.

All are timed in turns, in processes of their own that have run before; a ratio (×) is the median over the
turns, with the smallest and the largest where there were several. Batches are the fastest of those that fit
the memory allowed. *MiB* is the peak memory of the process, libraries included.
"""


class Figures(TypedDict):
    """What a run of the benchmark found.

    Attributes:
        about: when, on what, and how it was measured.
        rows: one for each task and n, as `traces.measure` describes them.
    """

    about: dict[str, Any]
    rows: list[Row]


Cell = Callable[[Row], str]
Column = tuple[str, Cell]


def ratios(row: Row) -> list[float]:
    """How many times faster mechgap is, for every turn; empty if dm-clrs was not run."""
    if row["clrs"] is None:
        return []
    return [mine / theirs for mine, theirs in zip(row["mechgap"]["rates"], row["clrs"]["rates"], strict=True)]


def ratio(row: Row) -> float:
    """The median of the turns."""
    return statistics.median(ratios(row))


def summary(rows: Sequence[Row]) -> str:
    """Median, smallest and shares above the aims, in a line; empty if nothing was compared."""
    compared = {row["task"]: ratio(row) for row in rows if row["clrs"] is not None}
    if not compared:
        return ""
    slowest = min(compared, key=lambda task: compared[task])
    shares = [
        f"{sum(value >= aim for value in compared.values())} of {len(compared)} at {aim}× or more"
        for aim in AIMS
    ]
    middle, least = _short(statistics.median(compared.values())), _short(compared[slowest])
    return f"median {middle}×; smallest {least}× ({slowest}); {'; '.join(shares)}"


def growth(rows: Sequence[Row]) -> float | None:
    """The exponent of the time for a trace as a power of the number of nodes, fitted over all sizes.

    Returns:
        The slope of a least-squares line through the logarithms; None if there is but one size.
    """
    points = [(math.log(row["nodes"]), -math.log(statistics.median(row["mechgap"]["rates"]))) for row in rows]
    if len({nodes for nodes, _ in points}) < 2:
        return None
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def print_figures(figures: Figures) -> None:
    """Print a table for each size, and one of the growth with n."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console = console if console.is_terminal else Console(width=PLAIN_WIDTH)
    for title, columns, rows, below in _sections(figures):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for name, _ in columns:
            table.add_column(name, justify="left" if name == "task" else "right")
        for row in rows:
            table.add_row(*(cell(row) for _, cell in columns))
        console.print(table)
        for line in below:
            console.print(line, highlight=False)
    console.print(f"\n{described(figures['about'])}", highlight=False)


def page(figures: Figures) -> str:
    """The page of the documents that shows the figures."""
    parts = [INTRODUCTION, f"{textwrap.fill(described(figures['about']), PAGE_WIDTH)}\n"]
    for title, columns, rows, below in _sections(figures):
        marks = ["---" if name == "task" else "---:" for name, _ in columns]
        lines = [[name for name, _ in columns], marks]
        lines += [[cell(row) for _, cell in columns] for row in rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(
            "\n".join([f"### {title}", "", *(f"- {line}" for line in below), *[""][: len(below)], table, ""])
        )
    return "\n".join(parts)


def described(about: dict[str, Any]) -> str:
    """When, with what and how the figures were measured."""
    sides = [", ".join(f"{name} {number}" for name, number in side.items()) for side in about["versions"]]
    clock = "wall-clock time" if about["clock"] == "wall" else "processor time"
    cores = f"{about['cores']} core{'s' * (about['cores'] != 1)}"
    threads = f"{about['threads']} thread{'s' * (about['threads'] != 1)} of arithmetic"
    turns = f"{about['turns']} turn{'s' * (about['turns'] != 1)}"
    return (
        f"{about['date']}; a machine with {cores}, {threads} on each side, {clock}, {turns} of about "
        f"{about['seconds'] / about['turns']:.2g} s, batches of at most {about['memory']:.4g} MiB. "
        f"Versions: {'; '.join(sides)}."
    )


def _sections(figures: Figures) -> list[tuple[str, list[Column], list[Row], list[str]]]:
    """Title, columns, rows and lines below, for each table."""
    sizes = sorted({row["n"] for row in figures["rows"]})
    found: list[tuple[str, list[Column], list[Row], list[str]]] = []
    for n in sizes:
        rows = [row for row in figures["rows"] if row["n"] == n]
        if n != LARGE:
            line = summary(rows)
            columns = [TASK, *(CLRS if line else []), *OURS]
            found.append((f"n = {n}", columns, rows, [line] if line else []))
    if LARGE in sizes:
        rows = []
        for row in figures["rows"]:
            if row["n"] == LARGE:
                same = [other for other in figures["rows"] if other["task"] == row["task"]]
                rows.append({**row, "growth": growth(same)})
        columns = [TASK, *(column for column in OURS if column[0] != "×"), GROWTH]
        title = f"n = {LARGE}, and the exponent e of the time n^e of a trace"
        found.append((title, columns, rows, []))
    return found


def _short(value: float) -> str:
    """Three digits, without an exponent."""
    if value <= 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{min(digits, 4)}f}"


def _rate(side: str) -> Cell:
    return lambda row: _short(statistics.median(row[side]["rates"])) if row[side] else UNMEASURED


def _of(side: str, name: str, form: str = "{}") -> Cell:
    return lambda row: form.format(row[side][name]) if row[side] else UNMEASURED


def _times(values: list[float]) -> str:
    """The median, with the smallest and the largest of several."""
    if not values:
        return UNMEASURED
    spread = f" ({_short(min(values))}–{_short(max(values))})" if len(values) > 1 else ""
    return f"{_short(statistics.median(values))}{spread}"


def _exponent(row: Row) -> str:
    return UNMEASURED if row["growth"] is None else f"{row['growth']:.2f}"


TASK: Column = ("task", lambda row: row["task"])
CLRS: list[Column] = [
    ("dm-clrs/s", _rate("clrs")),
    ("batch", _of("clrs", "batch")),
    ("MiB", _of("clrs", "peak_mib")),
]
OURS: list[Column] = [
    ("mechgap/s", _rate("mechgap")),
    ("×", lambda row: _times(ratios(row))),
    ("batch", _of("mechgap", "batch")),
    ("MiB", _of("mechgap", "peak_mib")),
    ("wide/s", lambda row: _short(row["wide"])),
    ("kernel", lambda row: _short(row["compile_s"])),
]
GROWTH: Column = ("e", _exponent)
