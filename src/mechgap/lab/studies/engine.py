"""Does a study: its cells side by side in processes, those that are done already left as they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import FileFormatError
from ...nets.device import device_of
from ..store import finite, read_json, write_json
from .cell import is_done, run_cell
from .plan import Cell, Study

if TYPE_CHECKING:
    from ..verification import Watch

PLAN, CELLS = "study.json", "cells"


def default_folder(study: Study) -> Path:
    """Where a study's files go if nothing else is said."""
    form = "quick" if study.quick else "full"
    return Path("runs") / f"study-{study.name}-{form}-{study.training.seed}"


def run_study(study: Study, folder: Path, workers: int | None = None, watch: Watch | None = None) -> bool:
    """Do the cells of a study that are not done yet.

    Args:
        study: what to do.
        folder: for its files.
        workers: processes; by default one for each processor. With one, everything is done here.
        watch: told how many cells are done.

    Returns:
        Whether all cells are done; False if it was interrupted.

    Raises:
        FileFormatError: if the folder holds another study.
        NotFoundError: if a device is not there.
        MechgapError: if a task cannot be measured.
    """
    for device in {study.settings(cell).device for cell in study.cells}:
        device_of(device)
    _claim(study, folder)
    cells = folder / CELLS
    left = [cell for cell in study.cells if not is_done(study, cell, cells)]
    count = min(len(left), workers or _processors())
    done = len(study.cells) - len(left)
    do = partial(run_cell, study, folder=cells)
    for cell, finished in (_alone if count <= 1 else partial(_together, count))(do, left):
        if not finished:
            return False
        done += 1
        if watch:
            watch(done, len(study.cells), f"{cell.task}, {cell.arm}, seed {cell.seed}")
    return True


def _processors() -> int:
    """How many processors this process may use; not every system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


Do = Callable[[Cell], bool]


def _alone(do: Do, cells: Sequence[Cell]) -> Iterator[tuple[Cell, bool]]:
    for cell in cells:
        yield cell, do(cell)


def _together(count: int, do: Do, cells: Sequence[Cell]) -> Iterator[tuple[Cell, bool]]:
    """In several processes; Ctrl-C reaches each of them, and each writes its checkpoint.

    A process stays with a task and an arm while it can, because what they are measured beside is made
    once in a process.
    """
    line = Line(cells, count)
    pools = [ProcessPoolExecutor(1, get_context("spawn")) for _ in range(count)]
    busy: dict[Future[bool], tuple[int, Cell]] = {}

    def give(worker: int) -> None:
        cell = line.next(worker)
        if cell is not None:
            busy[pools[worker].submit(do, cell)] = worker, cell

    try:
        for worker in range(count):
            give(worker)
        while busy:
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                worker, cell = busy.pop(future)
                finished = future.result()
                give(worker)
                yield cell, finished
    finally:
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)


class Line:
    """Cells in groups of one task and arm, handed to workers.

    Args:
        cells: all of them, in order.
        workers: how many there are.
    """

    def __init__(self, cells: Sequence[Cell], workers: int) -> None:
        groups: dict[tuple[str, str], list[Cell]] = {}
        for cell in cells:
            groups.setdefault((cell.task, cell.arm), []).append(cell)
        self._groups = list(groups.values())
        self._own: list[list[Cell]] = [[] for _ in range(workers)]

    def next(self, worker: int) -> Cell | None:
        """The next cell of a worker: of its own group, of a new one, or of the group with most cells left."""
        if not self._own[worker] and self._groups:
            self._own[worker] = self._groups.pop(0)
        if not self._own[worker]:
            most = max(self._own, key=len)
            self._own[worker] = [most.pop()] if most else []
        return self._own[worker].pop(0) if self._own[worker] else None


def _claim(study: Study, folder: Path) -> None:
    """Make the folder that of a study."""
    path, wanted = folder / PLAN, finite(asdict(study))
    if not path.exists():
        write_json(path, wanted)
        return
    found = read_json(path)
    for name in _DECIDING:
        if wanted[name] != found.get(name):
            raise FileFormatError(
                f"{path}, {name}",
                f"{found.get(name)}"[:160],
                f"{wanted[name]}"[:160],
                "choose another folder with --out, or remove the folder to start anew",
            )
    write_json(path, wanted)


_DECIDING = ("arms", "moments", "training", "measuring", "quick")
"""What all cells depend on: a folder keeps its cells if other entries change, such as the number of seeds."""
