"""Line-ups: tables for the terminal, figures, and one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..lab.lineup import GAP, NORM
from ..lab.store import write_json, write_text
from ..measures.claims import claim
from .lineup_figure import COLOURS, lineup_figure
from .lineup_words import findings, limits, number, spread
from .table import GATES
from .template import rendered

if TYPE_CHECKING:
    from ..lab.lineup import Column, Lineup
    from ..measures.score import Score

TEMPLATE = "lineup.html.jinja"
DATA, PAGE = "lineup.json", "report.html"
NORMED = {
    NORM: "legacy norm, all rows",
    "routing/jsd/active": "divergence, active rows",
    GAP: "gap: class-aware, active rows",
}
"""The panels of the first figure."""


@dataclass(frozen=True)
class Cell:
    """A figure as it stands in a table.

    Attributes:
        value, interval, n: as texts; without a figure a dash and nothing.
    """

    value: str
    interval: str
    n: str


@dataclass(frozen=True)
class LineupRow:
    """A measure of all suspects.

    Attributes:
        key: gate and measure.
        name: without the gate.
        ideal: of exact realisations, as a text.
        legacy: whether it is kept for comparison with older work only.
        fault: why it is not to be reported; empty if it may be.
        cells: one for each column.
    """

    key: str
    name: str
    ideal: str
    legacy: bool
    fault: str
    cells: tuple[Cell, ...]


def lineup_rows(found: Lineup, *, strict: bool) -> dict[str, list[LineupRow]]:
    """The class-aware rows, or the strict ones, by the question of their gate."""
    gates: dict[str, list[LineupRow]] = {}
    for gate, question in GATES.items():
        keys = [key for key in found.ideals if key.split("/")[0] == gate and claim(key).strict == strict]
        if keys:
            gates[question] = [_row(found, key) for key in keys]
    return gates


def terminal_rows(rows: Sequence[LineupRow], shown: Sequence[Column]) -> list[tuple[str, ...]]:
    """Rows of a table of some columns: measure, ideal, least and largest n, and their figures."""
    texts = []
    for row in rows:
        scores = [column.scores.get(row.key) for column in shown]
        counts = [s.n for s in scores if s is not None and s.known]
        n = "–".join(f"{count}" for count in dict.fromkeys((min(counts), max(counts)))) if counts else "–"
        mark = " (legacy)" if row.legacy else " (*)" if row.fault else ""
        texts.append((f"{row.name}{mark}", row.ideal, n, *(_two_lines(s) for s in scores)))
    return texts


def pair_rows(found: Lineup) -> list[tuple[str, ...]]:
    """Trained networks beside each other: a row for each pair and what was compared."""
    rows: list[tuple[str, ...]] = []
    for pair in found.pairs:
        names = " and ".join(pair.names)
        figures = [("accuracy, difference", pair.accuracy)]
        figures += [(f"routing/{key}, one to the other", s) for key, s in pair.routing.items()]
        figures += [(f"routing/{key}, excess to compiled", s) for key, s in pair.excess.items()]
        rows += [(names, what, number(s.value), spread(s), f"{s.n}", s.unit) for what, s in figures]
        if pair.weights is not None:
            floor = ", ".join(number(value) for value in pair.weights.floor)
            what = "distance of weights, matched"
            rows.append((names, what, number(pair.weights.whole), f"untrained: {floor}", "1", "network"))
        if pair.hill is not None:
            ends = " and ".join(f"{pair.hill.losses[k]:.2g}" for k in (-1, 0))
            rows.append(
                (
                    names,
                    "hill of the loss between",
                    f"{pair.hill.height:.2g}",
                    f"at the ends: {ends}",
                    "1",
                    "",
                )
            )
        if pair.refusal:
            rows.append((names, "weights", "–", pair.refusal, "", ""))
    return rows


PAIR_COLUMNS = ("networks", "what", "figure", "95 % interval", "n", "unit of n")
"""The columns of ``pair_rows``."""


def lineup_figures(found: Lineup) -> dict[str, str]:
    """The figures as SVG: "inversion", where attention was measured, and "causes"."""
    drawn = {}
    known = {key for column in found.columns for key, s in column.scores.items() if s.known}
    if NORM in known and GAP in known:
        shown = [column for column in found.columns if NORM in column.scores]
        panels = [(key, title) for key, title in NORMED.items() if key in known]
        label = "distance of attention to the compiled network's by the legacy norm, and class-aware"
        drawn["inversion"] = lineup_figure("inversion", label, shown, panels)
    own, *others = found.programs
    causes = [(f"intervention/changed/{own}", f"changed as by {own}")]
    causes += [(f"intervention/delta/{own}/{other}", f"{own} less {other}") for other in others]
    causes = [(key, title) for key, title in causes if key in known]
    if causes:
        label = "what exchanged states cause, by the program and its rivals"
        drawn["causes"] = lineup_figure("causes", label, found.columns, causes)
    return drawn


def write_lineup(found: Lineup, folder: Path) -> Path:
    """Write lineup.json, figures/NAME.svg and report.html into a folder; the path of the page."""
    drawn = lineup_figures(found)
    write_json(folder / DATA, found.to_json())
    for name, svg in drawn.items():
        write_text(folder / "figures" / f"{name}.svg", svg)
    write_text(folder / PAGE, lineup_page(found, drawn))
    return folder / PAGE


def lineup_page(found: Lineup, drawn: Mapping[str, str]) -> str:
    """The page as HTML that needs no other file.

    Args:
        found: the line-up.
        drawn: name of a figure -> SVG.
    """
    figures = [{"name": name, "svg": svg, **_ABOUT[name]} for name, svg in drawn.items()]
    parts = [
        {**about, "gates": list(lineup_rows(found, strict=about["name"] == "strict").items())}
        for about in _PARTS
    ]
    tables = [_suspects(found)] + ([_pairs(found)] if found.pairs else [])
    sections: list[dict[str, Any]] = [*figures, *parts, *tables]
    return rendered(
        TEMPLATE,
        {
            "title": f"{found.task}: a line-up",
            "count": sum(column.members for column in found.columns),
            "lineup": found,
            "found": findings(found),
            "contents": [(part["name"], part["title"]) for part in sections],
            "figures": figures,
            "roles": list(COLOURS.items()),
            "colours": COLOURS,
            "parts": parts,
            "tables": tables,
            "limits": limits(found),
            "conditions": _conditions(found),
        },
    )


_ABOUT: dict[str, dict[str, str]] = {
    "inversion": {
        "title": "What the legacy norm says",
        "text": "All figures are distances: 0 is the compiled network, and the dashed line is at untrained "
        "ones. The norm counts every row of attention, also of nodes whose choice decides nothing, and "
        "knows one reference only: exact realisations with other ties can be farther than untrained "
        "networks. The gap counts active rows, and all choices that an exact realisation may make.",
    },
    "causes": {
        "title": "What exchanged states cause",
        "text": "The share of answers that change as the program says, and where the program and a rival say "
        "different things, the share that follows the program less the share that follows the rival.",
    },
}
_PARTS: tuple[dict[str, str], ...] = (
    {
        "name": "class-aware",
        "title": "Class-aware measures",
        "text": "Every exact realisation must have the ideal figure. Each cell: figure, 95 % interval and n. "
        "A rival is exact for another program, so its causes are not ideal here.",
    },
    {
        "name": "strict",
        "title": "Strict measures",
        "text": "These move with what an algorithm leaves free: exact realisations differ in them too. They "
        "say something only beside the distance from one trained network to another.",
    },
)


def _row(found: Lineup, key: str) -> LineupRow:
    scores = [column.scores.get(key) for column in found.columns]
    legacy = any(s.legacy for s in scores if s is not None)
    name, ideal = key.partition("/")[2], number(found.ideals[key])
    return LineupRow(key, name, ideal, legacy, found.faults.get(key, ""), tuple(_cell(s) for s in scores))


def _cell(score: Score | None) -> Cell:
    if score is None or not score.known:
        return Cell("–", "", "")
    return Cell(number(score.value), spread(score), f"{score.n}")


def _two_lines(score: Score | None) -> str:
    """A figure, and its interval with two digits behind the point."""
    if score is None or not score.known:
        return "–"
    ends = (f"{end:.2f}".replace("-0.00", "0.00") for end in (score.low, score.high))
    return f"{number(score.value)}\n[{', '.join(ends)}]"


def _suspects(found: Lineup) -> dict[str, Any]:
    rows = [
        (c.name, c.role, c.what, f"{c.members}", c.verdict.summary if c.verdict else "–")
        for c in found.columns
    ]
    rows += [(name, "missing", why, "0", "–") for name, why in found.missing.items()]
    return {
        "name": "suspects",
        "title": "Who stands in the line-up",
        "text": "The verdict says which of the algorithms the exchanges reject.",
        "columns": ("name", "role", "what", "networks", "verdict"),
        "rows": rows,
    }


def _pairs(found: Lineup) -> dict[str, Any]:
    return {
        "name": "pairs",
        "title": "One trained network beside another",
        "text": "Strict distances mean something only where they exceed those from seed to seed: the excess "
        "is the distance of the first network to the compiled one less that to the second. Weights are "
        "compared after their units were matched, so that both figures are upper bounds.",
        "columns": PAIR_COLUMNS,
        "rows": pair_rows(found),
    }


def _conditions(found: Lineup) -> list[tuple[str, str]]:
    facts = found.conditions
    low, high = facts["nodes"]
    return [
        ("programs", ", ".join(f"{name} ({digest[:12]})" for name, digest in facts["programs"].items())),
        ("graphs", f"{facts['graphs']} of {low if low == high else f'{low} to {high}'} nodes"),
        ("frames", f"up to {facts['frames']}"),
        ("exchanges of states", f"{facts['exchanges']}"),
        ("networks", ", ".join(f"{count} {role}" for role, count in facts["networks"].items())),
        ("intervals", facts["interval"]),
        ("seed", f"{facts['seed']}"),
    ]
