"""Rows of tables: certificates, verifications and gates, out of plain data."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Plain = Mapping[str, Any]

GATES = {
    "behaviour": "Gate 0, behaviour: are the answers right?",
    "trace": "Gate 1, trace: are the variables right at every step?",
    "probe": "Gate 1, trace: what can a linear probe read off the hidden vectors?",
    "routing": "Gate 2, routing: does attention go where it must?",
    "ablation": "Gate 2, removal: does a node need to hear whom it must, and nobody else?",
    "intervention": "Gate 3, causes: do exchanged states cause what the program says?",
}
"""The questions of the gates, in order."""
GATE_COLUMNS = (
    "measure",
    "network",
    "95 % interval",
    "n",
    "ideal",
    "exact",
    "ties",
    "untrained",
    "inert",
    "gap",
)
"""The columns of a gate table; exact, ties, untrained and inert are the references beside the figure."""


UNFIT = "†"
"""Stands in the place of the gap of a measure that is not calibrated."""


@dataclass(frozen=True)
class GateRow:
    """One measure as it stands in a table.

    Attributes:
        key: gate and measure.
        cells: the texts, as in ``GATE_COLUMNS``.
        note: what a reader must know.
        fault: which control the measure fails here; empty if none.
        legacy: whether it is kept for comparison with older work only.
        low, value, high: the figure with its interval; None if there was nothing to count.
        ideal, untrained: of the scale that the figure is drawn on.
    """

    key: str
    cells: tuple[str, ...]
    note: str
    fault: str
    legacy: bool
    low: float | None
    value: float | None
    high: float | None
    ideal: float | None
    untrained: float | None


def gate_rows(panel: Plain) -> dict[str, list[GateRow]]:
    """The rows of a panel, by the question of their gate."""
    found: dict[str, list[GateRow]] = {}
    for gate, question in GATES.items():
        rows = [_gate_row(key, row) for key, row in panel["rows"].items() if key.split("/")[0] == gate]
        if rows:
            found[question] = rows
    return found


def _gate_row(key: str, row: Plain) -> GateRow:
    name, fault = key.partition("/")[2], row.get("fault", "")
    ties = ", ".join(_figure(score) for score in row["ties"].values())
    cells = (
        f"{name} (legacy)" if row["legacy"] else name,
        _number(row["value"]),
        interval(row),
        f"{row['n']}",
        _number(row["ideal"]),
        _figure(row["exact"]),
        ties or "–",
        _figure(row["random"]),
        _figure(row["inert"]),
        UNFIT if fault else _figure(row["gap"]),
    )
    untrained = row["random"]["value"] if row["random"] else None
    return GateRow(
        key,
        cells,
        row["note"],
        fault,
        row["legacy"],
        row["low"],
        row["value"],
        row["high"],
        row["ideal"],
        untrained,
    )


def fault_lines(rows: Sequence[GateRow]) -> list[str]:
    """Which measures are not calibrated and why, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.fault:
            reasons.setdefault(row.fault, []).append(row.cells[0])
    return [f"{UNFIT} not calibrated, {fault}: {', '.join(names)}" for fault, names in reasons.items()]


def scale_marks(row: Plain) -> dict[str, list[float]]:
    """Where references stand on the scale of the gap, from 0 (exact) to 1 (untrained).

    Args:
        row: of a panel.

    Returns:
        "exact" (other exact networks: ties and orbit), "inert", and the two ends "untrained" of the
        interval of untrained networks. Empty where the row has no gap.
    """
    if not row["gap"] or row["gap"]["value"] is None:
        return {}
    orbit = [s["value"] for s in row.get("orbit", {}).values()]
    exact = [row["exact"]["value"]] if row["exact"] else []
    known = [value for value in (*exact, *orbit) if value is not None]
    anchor = statistics.median(known) if known else row["ideal"]
    scale = row["random"]["value"] - anchor
    found = {
        "exact": [*orbit, *(s["value"] for s in row["ties"].values())],
        "inert": [row["inert"]["value"]] if row["inert"] else [],
        "untrained": [row["random"]["low"], row["random"]["high"]],
    }
    return {
        name: [(value - anchor) / scale for value in values if value is not None]
        for name, values in found.items()
    }


def interval(score: Plain) -> str:
    """The interval of a score in brackets."""
    if score["value"] is None:
        return "–"
    return f"[{_number(score['low'])}, {_number(score['high'])}]"


def certificate_rows(certificate: Plain) -> list[tuple[str, str]]:
    """A certificate as pairs of what and how much."""
    ranges = [
        f"{name} in [{_short(b['low'])}, {_short(b['high'])}]" for name, b in certificate["ranges"].items()
    ]
    rows = [
        ("exact for graphs of up to", f"{certificate['n']:,} nodes"),
        ("with values", ", ".join(ranges) or "of any kind that the program reads"),
        ("on condition that", "; ".join(certificate["conditions"]) or "nothing else"),
        ("network", f"{certificate['target']}, width {certificate['hidden']}"),
        ("a step takes", _rounds(certificate)),
        ("parameters that are not zero", f"{certificate['nonzero']:,} of {certificate['parameters']:,}"),
        ("largest whole number in a sum", f"{certificate['largest_whole']:,.0f} of {2**24:,} (float32)"),
        ("tightest margin of a selection", _margin(certificate["margin"])),
    ]
    if certificate["resolution"]:
        rows.append(("real keys are told apart from", f"{certificate['resolution']:.2g}"))
    for found in certificate.get("approximations", ()):
        margin = found["decision_margin"]
        decides = f"; compared numbers must differ by more than {margin:.2g}" if margin else ""
        rows.append((found["operation"], f"is within {found['error']:.2g} of the interpreter's{decides}"))
    if certificate["target"] == "gatv2":
        rows.append(("leaky slope", f"{certificate['negative_slope']:g}"))
    return [*rows, ("program", certificate["digest"][:16])]


def _margin(margin: float) -> str:
    return f"{margin:.2f} × what float32 needs" if margin else "nothing is attended: maxima are exact"


FORMAT_COLUMNS = ("format", "exact", "whole numbers", "margin", "resolution", "because", "what would do")


def format_rows(verdicts: Sequence[Plain]) -> list[tuple[str, ...]]:
    """What holds in each format of numbers; a row for each reason why it is not exact."""
    rows: list[tuple[str, ...]] = []
    for verdict in verdicts:
        reasons = [
            (f"{f['what']}: {f['found']}, not {f['allowed']}", f["suffices"]) for f in verdict["findings"]
        ]
        if verdict["smaller"]:
            reasons.append(("", f"as it is for n up to {verdict['smaller']}"))
        facts = (
            verdict["format"],
            "yes" if verdict["exact"] else "no",
            f"{verdict['largest_whole']:,.0f} of 2^{math.log2(verdict['exact_whole']):.0f}",
            f"{verdict['margin']:.2f}" if verdict["margin"] else "–",
            f"{verdict['resolution']:.2g}" if verdict["resolution"] else "–",
        )
        first, *others = reasons or [("", "")]
        rows.append((*facts, *first))
        rows += [("", "", "", "", "", *reason) for reason in others]
    return rows


def _rounds(certificate: Plain) -> str:
    rounds, prologue = certificate["rounds"], certificate["prologue"]
    words = f"{rounds} round{'s' * (rounds != 1)} of attention with {certificate['heads']} head"
    words += f"{'s' * (certificate['heads'] != 1)}, {certificate['depth']} layers"
    return words + (f"; the first frame takes {prologue}" if prologue else "")


def verification_rows(report: Plain) -> tuple[list[str], list[tuple[str, ...]]]:
    """The names of what was compared, and a row of mismatches for each size and family."""
    checks = report["checks"]
    names = [_compared(c) for c in checks[0]["comparisons"]] if checks else []
    rows = [
        (
            f"{check['n']}",
            check["family"],
            f"{check['graphs']}",
            f"{check['steps']}",
            *(f"{c['mismatches']}" for c in check["comparisons"]),
            f"{check['largest']:.1e}" if check["largest"] else "0",
        )
        for check in checks
    ]
    return names, rows


def _compared(comparison: Plain) -> str:
    output = comparison["stage"] == "output"
    return f"output {comparison['name']}" if output else str(comparison["name"])


def _figure(score: Plain | None) -> str:
    return "–" if score is None else _number(score["value"])


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}".replace("-0.000", "0.000")


def _short(value: float | None) -> str:
    return "∞" if value is None else f"{value:g}"
