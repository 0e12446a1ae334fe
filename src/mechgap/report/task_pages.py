"""Writes docs/tasks: a page and a picture for every task, and an index. `make docs` runs this.

The files are the same byte for byte each time, so that a test can tell whether they are up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..lab.store import write_text
from ..tasks.catalogue import NAMES, load
from ..tasks.task import Task
from .task_page import TaskPage, index_page, task_page

INDEX = "README.md"


def page_files(page: TaskPage) -> dict[str, str]:
    """The files of one task: name -> content."""
    return {f"{page.name}.md": page.text, f"{page.name}.svg": page.figure}


def write_page(path: Path, task: Task) -> Path:
    """Write the page of any task, and its picture into the same folder.

    Args:
        path: the Markdown file to write.
        task: what it is about.

    Returns:
        The path of the picture.

    Raises:
        MechgapError: if the task cannot be run.
        FileFormatError: if a file cannot be written.
    """
    page = task_page(task, index=False)
    write_text(path, page.text)
    write_text(path.parent / f"{page.name}.svg", page.figure)
    return path.parent / f"{page.name}.svg"


def task_files(tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    """Every file about some tasks, name and content; the index is the last one.

    Raises:
        MechgapError: if a task cannot be run.
    """
    rows = []
    for task in tasks:
        page = task_page(task)
        rows.append(page.row)
        yield from page_files(page).items()
    yield INDEX, index_page(rows)


def write_pages(folder: Path, tasks: Sequence[Task]) -> None:
    """Write all pages into a folder, and remove pages of tasks that are no more.

    Args:
        folder: where to; made if it is missing.
        tasks: in the order of the index.

    Raises:
        MechgapError: if a task cannot be run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = set()
    for name, content in task_files(tasks):
        write_text(folder / name, content)
        written.add(name)
        sys.stderr.write(f"{folder / name}\n")
    for path in sorted(folder.iterdir()):
        if path.suffix in (".md", ".svg") and path.name not in written:
            path.unlink()


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]), [load(name) for name in NAMES])
