"""Graphs as lists of edges in CSV and TSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ..errors import FileFormatError, GraphError
from ..graphs import Graph

_HEADERS = {"source", "target", "from", "to", "src", "dst", "sender", "receiver", "u", "v", "node", "weight"}
_NUMBERS = {"nan", "inf", "infinity"}
_REMEDY = "write one edge a line, as source,target or source,target,weight"


def read_edges(path: str | Path, *, directed: bool = False) -> Graph:
    """Read ``source,target[,weight]`` lines, separated by commas or tabs.

    A first line is a header if its first two cells are words like ``source,target``, or its third
    one is a word. Empty lines and
    lines that begin with # are skipped; a line with one cell is a node that may have no edge.
    A repeated edge counts once if its weight is the same, and is an error otherwise.

    Args:
        path: the file.
        directed: whether an edge leads from its source to its target only.

    Raises:
        FileFormatError: if the file cannot be read; the error names the line.
        GraphError: if the edges make no graph.
    """
    path = Path(path)
    edges: list[tuple[str, str, float]] = []
    nodes: list[str] = []
    for number, cells in _rows(path):
        nodes.extend(cells[:2])
        if len(cells) > 1:
            edges.append((cells[0], cells[1], _weight(path, number, cells)))
    if not nodes:
        raise FileFormatError(str(path), "no edge", "at least one line that is no header or comment", _REMEDY)
    try:
        return Graph.from_edges(edges, directed=directed, nodes=nodes)
    except GraphError as error:
        fault = error.faults[0]
        raise GraphError(f"{path}, {fault.where}", fault.given, fault.expected, fault.remedy) from error


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold a node or an edge, with their numbers, in cells."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise FileFormatError(str(path), "no such file", "a file of edges", "correct the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(
            str(path), str(error), "a readable text file in UTF-8", "convert the file"
        ) from error
    filled = [
        (n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    comma = not any("\t" in line for _, line in filled)
    for place, (number, line) in enumerate(filled):
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter="," if comma else "\t"))]
        while cells and not cells[-1]:
            cells.pop()
        if place == 0 and _is_header(cells, alone=len(filled) == 1):
            continue
        if not 1 <= len(cells) <= 3 or not all(cells[:2]):
            raise FileFormatError(
                f"{path}, line {number}",
                repr(line[:80]),
                "two or three cells separated by commas or tabs",
                _REMEDY,
            )
        yield number, cells


def _is_header(cells: list[str], alone: bool) -> bool:
    if (
        not alone
        and len(cells) > 2
        and cells[2].replace("_", "").isalpha()
        and cells[2].lower() not in _NUMBERS
    ):
        return True
    return len(cells) > 1 and all(cell.lower() in _HEADERS for cell in cells[:2])


def _weight(path: Path, number: int, cells: list[str]) -> float:
    if len(cells) < 3:
        return 1.0
    try:
        return float(cells[2])
    except ValueError as error:
        raise FileFormatError(
            f"{path}, line {number}",
            f"the weight {cells[2]!r}",
            "a number, with a point for the decimals",
            "correct the weight",
        ) from error
