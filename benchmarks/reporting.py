"""Prints the figures of a benchmark as a table, and puts tables into pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

PLAIN_WIDTH = 110
"""Width of tables that are written to files and pipes."""

TITLES = {
    "interpreter": "Interpreter: traces per second (inputs drawn before, p = 0.5)",
    "network": "Compiled networks: rollouts per second",
    "rollout": "Compiled networks beside the interpreter and dm-clrs: runs per second of processor time",
    "compile": "Compiler: seconds for a program (median of 5)",
    "training": "Training: steps per second (quick preset, batch 32, n = 16, fresh traces)",
    "startup": "Start-up: seconds in a fresh process (best of 5)",
}


class Benchmark(TypedDict):
    """The figures of a benchmark: rows of a table, and the peak memory of its process."""

    threads: int
    peak_mib: int
    rows: list[dict[str, Any]]


def print_benchmark(name: str, benchmark: Benchmark) -> None:
    """Print a table; a row may leave columns out."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    memory = f"{benchmark['threads']} thread(s), peak memory {benchmark['peak_mib']} MiB"
    table = Table(title=f"{TITLES[name]}\n{memory}", title_justify="left", box=box.SIMPLE_HEAD)
    columns = list(dict.fromkeys(column for row in benchmark["rows"] for column in row))
    for column in columns:
        words = all(isinstance(row.get(column, ""), str) for row in benchmark["rows"])
        table.add_column(column, justify="left" if words else "right")
    for row in benchmark["rows"]:
        table.add_row(*(_cell(row.get(column, "")) for column in columns))
    console = Console()
    (console if console.is_terminal else Console(width=PLAIN_WIDTH)).print(table)


def marks(name: str) -> tuple[str, str]:
    """The marks of a name in a page, before and after what is put there."""
    return f"<!-- {name} -->\n", f"<!-- /{name} -->"


def between(page: Path, name: str) -> str:
    """What a page shows between the marks of a name."""
    first, last = marks(name)
    return page.read_text().partition(first)[2].partition(last)[0]


def put_between(page: Path, name: str, text: str) -> None:
    """Put a text between the marks of a name into a page that has them."""
    first, last = marks(name)
    before, mark, rest = page.read_text().partition(first)
    if not mark:
        raise SystemExit(f"{page} has no line {first.strip()}")
    page.write_text(before + first + text + last + rest.partition(last)[2])


def _cell(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
