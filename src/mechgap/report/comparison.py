"""Several runs beside each other: tables for the terminal, and one self-contained page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..lab.store import finite
from . import figure
from .drawing import gap_drawing
from .table import GATES, interval
from .template import rendered

if TYPE_CHECKING:
    from ..lab.comparison import Comparison, Group, Relation, SeedRow
    from ..measures.score import Score

TEMPLATE = "comparison.html.jinja"
COLUMNS = (
    "measure",
    "IQM over seeds",
    "95 % interval",
    "seeds",
    "n",
    "ideal",
    "exact",
    "untrained",
    "sd",
    "least to most",
)
"""The columns of a table of measures over seeds; IQM is the interquartile mean, sd that of the seeds."""
SHOWN = ("behaviour/valid", "trace/error", "routing/gap")
LEAST = 1e-9


@dataclass(frozen=True)
class SeedCells:
    """One measure over seeds as it stands in a table.

    Attributes:
        key: gate and measure.
        cells: the texts, as in ``COLUMNS``.
        floors: exact and untrained with their intervals.
        note: what a reader must know.
        legacy: whether it is kept for comparison with older work only.
        gap: a drawing of where the figure lies between exact and untrained; empty if it lies nowhere.
    """

    key: str
    cells: tuple[str, ...]
    floors: tuple[str, str]
    note: str
    legacy: bool
    gap: str


def seed_rows(group: Group) -> dict[str, list[SeedCells]]:
    """The rows of a group, by the question of their gate."""
    found: dict[str, list[SeedCells]] = {}
    for gate, question in GATES.items():
        rows = [_cells(key, row) for key, row in group.rows.items() if key.split("/")[0] == gate]
        if rows:
            found[question] = rows
    return found


def title(group: Group) -> str:
    """What a group is called, with its number of seeds."""
    count = len(group.folders)
    return f"{group.task} ({group.label}), {count} seed{'s' * (count != 1)}"


def comparison_page(found: Comparison) -> str:
    """The page as HTML that needs no other file."""
    groups = [
        {
            "title": title(group),
            "digest": group.digest[:16],
            "standings": [group.standing(program) for program in group.kept],
            "verdicts": [f"{words}: {_seeds(count)}" for words, count in group.verdicts.items()],
            "chart": _chart(group, number),
            "gates": list(seed_rows(group).items()),
            "folders": list(group.folders.items()),
        }
        for number, group in enumerate(found.groups)
    ]
    context = {
        "groups": groups,
        "relations": [_relation(relation, k) for k, relation in enumerate(found.relations)],
        "columns": COLUMNS,
        "runs": sum(len(group.folders) for group in found.groups),
    }
    return rendered(TEMPLATE, context)


def _cells(key: str, row: SeedRow) -> SeedCells:
    score, name = row.score, key.partition("/")[2]
    cells = (
        f"{name} (legacy)" if score.legacy else name,
        _number(score.value),
        interval(score.to_json()),
        f"{score.replicates}",
        f"{score.n}",
        _number(score.ideal),
        *(_number(floor.value) if floor else "–" for floor in (row.exact, row.untrained)),
        _number(row.spread),
        f"{_number(row.ends[0])} to {_number(row.ends[1])}" if score.known else "–",
    )
    floors = (_with_interval(row.exact), _with_interval(row.untrained))
    return SeedCells(key, cells, floors, score.note, score.legacy, gap_drawing(_gap(row), {}))


def _gap(row: SeedRow) -> dict[str, Any] | None:
    """Where the figure lies between exact (0) and untrained (1); the references are taken as they are."""
    score = row.score
    if row.untrained is None or not row.untrained.known or not score.known or math.isnan(score.ideal):
        return None
    anchor = row.exact.value if row.exact is not None and row.exact.known else score.ideal
    scale = row.untrained.value - anchor
    if abs(scale) < LEAST:
        return None
    low, high = sorted((end - anchor) / scale for end in (score.low, score.high))
    return {"value": (score.value - anchor) / scale, "low": low, "high": high}


def _chart(group: Group, number: int) -> str:
    """The measures at the head of a group, drawn seed by seed."""
    wanted = [
        *SHOWN,
        *(key for key in group.rows if key.startswith(("intervention/changed", "intervention/dis/"))),
    ]
    own = [key for key in wanted if key in group.rows and _judges(key, group)]
    rows = {key.partition("/")[2]: finite(group.rows[key].to_json()) for key in own}
    shown = {name: row for name, row in rows.items() if row["value"] is not None}
    return figure.seed_chart(f"seeds-{number}", shown) if shown else ""


def _judges(key: str, group: Group) -> bool:
    """Whether a measure is one of the program itself: of rivals only the other tables tell."""
    return not key.startswith("intervention/") or not math.isnan(group.rows[key].score.ideal)


def _relation(relation: Relation, number: int) -> dict[str, Any]:
    points = [finite(point.to_json()) for point in relation.points]
    found = relation.found
    drawn = figure.scatter_chart(f"scatter-{number}", points, relation.keys) if points else ""
    return {
        "task": relation.task,
        "words": f"{relation}",
        "note": found.note if found is not None else "",
        "tried": found.arrangements if found is not None else 0,
        "exact": found is not None and found.exact,
        "labels": list(dict.fromkeys(point.label for point in relation.points)),
        "chart": drawn,
    }


def relation_lines(relations: Sequence[Relation]) -> list[str]:
    """What is said about accuracy and faithfulness, a line for each task."""
    notes = [relation.found.note if relation.found is not None else "" for relation in relations]
    return [
        f"{r}" + (f"; {note}" if note and r.found and r.found.known else "")
        for r, note in zip(relations, notes, strict=True)
    ]


def _seeds(count: int) -> str:
    return f"{count} seed{'s' * (count != 1)}"


def _with_interval(score: Score | None) -> str:
    if score is None or not score.known:
        return "–"
    if score.low == score.high:
        return _number(score.value)
    return f"{_number(score.value)} [{_number(score.low)}, {_number(score.high)}]"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}".replace("-0.000", "0.000")
