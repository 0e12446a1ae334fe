"""The page of a study: what was found, with charts, tables, limits and conditions."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..lab.store import write_json, write_text
from .study_figure import study_chart
from .template import rendered

if TYPE_CHECKING:
    from ..lab.studies.sections import Section, Table

TEMPLATE = "study.html.jinja"
PAGE, SECTIONS = "report.html", "sections.json"


@dataclass(frozen=True)
class StudyPage:
    """What stands on the page of a study.

    Attributes:
        over: a line above the title.
        title, question: of the study.
        found: sentences that say what came out.
        sections: parts, in order.
        limits: sentences that say what the study does not show.
        conditions: how it was done, as pairs of what and how.
    """

    over: str
    title: str
    question: str
    found: Sequence[str]
    sections: Sequence[Section]
    limits: Sequence[str]
    conditions: Sequence[tuple[str, str]]


def write_study(shown: StudyPage, folder: Path) -> Path:
    """Write the page, its figures as SVG and its tables as CSV into a folder; the path of the page."""
    drawn = {c.name: study_chart(c) for section in shown.sections for c in section.charts}
    for name, svg in drawn.items():
        write_text(folder / "figures" / f"{name}.svg", svg)
    for section in shown.sections:
        for table in section.tables:
            write_text(folder / "tables" / f"{table.name}.csv", _csv(table))
    write_json(folder / SECTIONS, [section.to_json() for section in shown.sections])
    write_text(folder / PAGE, study_html(shown, drawn))
    return folder / PAGE


def study_html(shown: StudyPage, drawn: dict[str, str]) -> str:
    """The page as HTML that needs no other file.

    Args:
        shown: what stands on it.
        drawn: name of a chart -> SVG.
    """
    return rendered(TEMPLATE, {**vars(shown), "drawn": drawn})


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue()
