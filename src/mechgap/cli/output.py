"""What commands print: JSON, tables, progress, and errors in four parts."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ..errors import Fault, MechgapError

if TYPE_CHECKING:
    from rich.console import Console

    from ..lab.verification import Watch

PLAIN_WIDTH = 140
"""Width of tables that are written to files and pipes."""


def print_json(data: Any) -> None:
    """Print plain data; numbers that are not finite become null."""
    from ..lab.store import finite

    print(json.dumps(finite(data), indent=1, allow_nan=False))


def console() -> Console:
    """Where tables are printed."""
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=max(PLAIN_WIDTH, found.width))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Print a table; the columns named in ``right`` are numbers."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        number = column in right
        table.add_column(column, justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


@contextmanager
def progress(title: str, hidden: bool) -> Iterator[Watch]:
    """A bar on standard error with the time left; nothing if it is hidden or there is no terminal."""
    if hidden or not sys.stderr.isatty():
        yield lambda done, total, note: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        "{task.description}",
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bar = shown.add_task(title, total=None, note="")
        yield lambda done, total, note: shown.update(bar, completed=done, total=total, note=note)


def tell_mistake(error: MechgapError, as_json: bool) -> None:
    """Print an error to standard error, every fault in its four parts."""
    if as_json:
        kind = type(error).__name__
        _print_error({"kind": kind, "faults": [vars(fault) for fault in error.faults]})
        return
    for fault in error.faults:
        _print_fault(fault)


def tell_usage(error: Any, as_json: bool) -> None:
    """Print what is wrong with how a command was called."""
    if as_json:
        _print_error({"kind": "UsageError", "message": error.format_message()})
    else:
        error.show(file=sys.stderr)


def tell_interruption(as_json: bool) -> None:
    """Say that Ctrl-C ended the command."""
    if as_json:
        _print_error({"kind": "Interrupted", "message": "interrupted; finished parts are kept"})
    else:
        print("\ninterrupted; finished parts are kept", file=sys.stderr)


def _print_error(data: dict[str, Any]) -> None:
    print(json.dumps({"error": data}, indent=1), file=sys.stderr)


def _print_fault(fault: Fault) -> None:
    width = min(shutil.get_terminal_size().columns, 110)
    typer.secho(f"error: {fault.where}", fg="red", bold=True, err=True)
    for label, text in (("given", fault.given), ("expected", fault.expected), ("do", fault.remedy)):
        lead = f"  {label + ':':<10}"
        for number, line in enumerate(text.splitlines() or [""]):
            start = lead if number == 0 else " " * len(lead)
            wrapped = textwrap.wrap(line, width, initial_indent=start, subsequent_indent=" " * len(lead))
            print("\n".join(wrapped) or start, file=sys.stderr)
