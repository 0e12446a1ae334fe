"""Shows how an experiment goes: a line for each stage that is done, a bar for the one that is not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..lab.experiment import AbstractObserver, Outcome

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def observer(hidden: bool) -> Iterator[AbstractObserver]:
    """Someone who prints to the terminal; nothing if ``hidden``, and no bar where there is no terminal."""
    if hidden:
        yield Silent()
        return
    if not sys.stdout.isatty():
        yield Printing(None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("  {task.description:<8}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("[dim]left[/]"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, transient=True) as progress:
        yield Printing(progress)


class Silent(AbstractObserver):
    """Says nothing."""

    def begin(self, stage: str, number: int, total: int) -> None:
        pass

    def at(self, done: int, total: int, note: str) -> None:
        pass

    def end(self, outcome: Outcome) -> None:
        pass


class Printing(AbstractObserver):
    """Prints a line for every stage.

    Args:
        progress: the bar of the stage that is going on, if there is a terminal.
    """

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._bar: TaskID | None = None

    def begin(self, stage: str, number: int, total: int) -> None:
        if self._progress is not None:
            self._bar = self._progress.add_task(f"{number}/{total} {stage}", total=None, note="")

    def at(self, done: int, total: int, note: str) -> None:
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, completed=done, total=total, note=note)

    def end(self, outcome: Outcome) -> None:
        took = "reused" if outcome.reused else f"{outcome.seconds:.1f} s"
        line = f"  {outcome.stage:<8} {took:>8}  {outcome.note}"
        if self._progress is None:
            print(line, flush=True)
            return
        if self._bar is not None:
            self._progress.remove_task(self._bar)
        self._progress.console.print(line, highlight=False, markup=False)
