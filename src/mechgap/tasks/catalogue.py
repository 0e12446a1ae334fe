"""Finds tasks: those of the package by name, a user's own by file."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ..errors import FileFormatError, MechgapError, NotFoundError
from ..lang.program import Program
from .defaults import default_task
from .task import Task

CLRS = (
    *("sorting.insertion_sort", "sorting.bubble_sort", "sorting.heapsort", "sorting.quicksort"),
    *("searching.minimum", "searching.binary_search", "searching.quickselect"),
    "dynamic.find_maximum_subarray_kadane",
    *("greedy.activity_selector", "greedy.task_scheduling"),
    *("dynamic.matrix_chain_order", "dynamic.lcs_length", "dynamic.optimal_bst"),
    *("graphs.dfs", "graphs.bfs", "graphs.topological_sort"),
    *("graphs.articulation_points", "graphs.bridges", "graphs.strongly_connected_components"),
    *("graphs.mst_kruskal", "graphs.mst_prim"),
    *("graphs.bellman_ford", "graphs.dijkstra", "graphs.dag_shortest_paths", "graphs.floyd_warshall"),
    *("strings.naive_string_matcher", "strings.kmp_matcher"),
    *("geometry.segments_intersect", "geometry.graham_scan", "geometry.jarvis_march"),
)
"""The thirty algorithms of the CLRS benchmark."""

MORE = (
    *("graphs.components", "graphs.widest_path", "graphs.transitive_closure"),
    *("graphs.independent_set", "graphs.eccentricity", "graphs.boruvka"),
    *("graphs.bfs_frontier", "graphs.bfs_distance", "graphs.bfs_seq", "graphs.bellman_ford_seq"),
    *("graphs.dfs_light", "graphs.dfs_reverse"),
    *("graphs.components_seq", "graphs.transitive_closure_seq", "graphs.independent_set_seq"),
    "graphs.mst_kruskal_light",
    *("sorting.odd_even_sort", "sorting.bubble_sort_light", "sorting.insertion_sort_light"),
)
"""Further algorithms, and other ways to compute what one of the others computes."""

MODULES = (*CLRS, *MORE)
"""Where the tasks of the package are: each is the ``task`` of a module, and has the module's name."""

NAMES = tuple(module.rpartition(".")[2] for module in MODULES)
"""The names of the tasks of the package."""

CLRS_NAMES = NAMES[: len(CLRS)]
"""The names of the thirty algorithms of the CLRS benchmark."""


def load(name: str) -> Task:
    """The task of that name, imported when it is asked for.

    Args:
        name: one of ``NAMES``; or ``path/to/file.py:name`` for a Task or a Program in a user's file
            (a Program gets inputs by their names and kinds); or ``path/to/file.py`` if there is but one.

    Raises:
        NotFoundError: if there is no such task, file, or name in the file.
        FileFormatError: if the file cannot be run.
        ProgramError: if the program in it is malformed.
    """
    if name in NAMES:
        task = importlib.import_module(f".{MODULES[NAMES.index(name)]}", __package__).task
        assert isinstance(task, Task)
        return task
    path, _, attribute = name.rpartition(":") if not name.endswith(".py") else (name, "", "")
    if not path.endswith(".py"):
        raise NotFoundError(
            "the catalogue of tasks",
            repr(name),
            f"one of {', '.join(NAMES)}, or path/to/file.py:name",
            "correct the name",
        )
    return _from_file(Path(path), attribute)


def _from_file(path: Path, attribute: str) -> Task:
    if not path.is_file():
        raise NotFoundError(
            str(path), "no such file", "a Python file that defines a program", "correct the path"
        )
    found = {
        name: value
        for name, value in vars(_run(path)).items()
        if isinstance(value, (Task, Program)) and not name.startswith("_")
    }
    if not attribute and len({id(value) for value in found.values()}) == 1:
        attribute = next(iter(found))
    if attribute not in found:
        raise NotFoundError(
            str(path),
            f"no program or task {attribute!r}" if attribute else f"{len(found)} programs and tasks",
            f"one of {', '.join(found)}" if found else "a module variable that is a Program or a Task",
            f"write {path}:NAME",
        )
    value = found[attribute]
    return value if isinstance(value, Task) else default_task(value)


def _run(path: Path) -> ModuleType:
    """Import a user's file as a module of its own; it may import its neighbours."""
    name = f"mechgap_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _beside(path):
            spec.loader.exec_module(module)
    except MechgapError:
        raise
    except Exception as error:
        line = getattr(error, "lineno", None) or _last_line(error, path)
        raise FileFormatError(
            f"{path}, line {line}" if line else str(path),
            f"{type(error).__name__}: {error}",
            "a Python file that runs",
            "correct the file",
        ) from error
    return module


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _last_line(error: BaseException, path: Path) -> int | None:
    """The line of the file in which an error arose."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
