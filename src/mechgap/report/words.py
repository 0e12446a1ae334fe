"""What the figures say, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .table import interval

Plain = Mapping[str, Any]
SOLVED = 0.9
"""Share of right answers below which a network has not learned the task."""


@dataclass(frozen=True)
class Tile:
    """One figure at the head of the page.

    Attributes:
        question: what it answers.
        value, interval: the figure.
        n: how many outcomes were counted, and in what.
        scale: what exact and untrained networks get.
    """

    question: str
    value: str
    interval: str
    n: str
    scale: str


def headline(panel: Plain) -> str:
    """The verdict in a sentence."""
    program = panel["program"]
    standings = panel["verdict"]["standings"]
    valid = panel["rows"]["behaviour/valid"]["value"]
    kept = [s["program"] for s in standings if s["kept"]]
    if valid < SOLVED:
        return f"The trained network has not learned {program}: {valid:.1%} of its answers are right."
    start = f"The trained network answers like {program}"
    if all(s["kept"] is None for s in standings):
        return f"{start}. No exchange of states changes an answer, so nothing can be said of how."
    if kept == [program]:
        return f"{start}, and it computes like {program}."
    if program in kept:
        return f"{start}. It may compute like {listed(kept, 'or')}: nothing tells them apart."
    if kept:
        return f"{start}, but it computes like {listed(kept, 'or')}."
    if len(standings) == 1:
        return f"{start}, but it does not compute like it."
    return f"{start}, but it computes like none of the {len(standings)} algorithms tried."


def findings(panel: Plain, verification: Plain, certificate: Plain) -> list[str]:
    """What was found, gate by gate, in a sentence each."""
    rows, program = panel["rows"], panel["program"]
    largest = max(check["n"] for check in verification["checks"])
    sizes = [key for key in rows if key.startswith("behaviour/n=") and key.endswith("/valid")]
    found = [
        f"The compiled network is the ruler: {certificate['nonzero']:,} weights that are not zero, "
        f"equal to the program in all {verification['steps']:,} steps of {verification['graphs']:,} graphs "
        f"of up to {largest} nodes.",
        f"The trained network gives a right answer at {_percent(rows['behaviour/valid'])} of nodes"
        + (
            f", and at {_percent(rows[sizes[-1]])} of those of graphs of {sizes[-1][12:-6]}."
            if sizes
            else "."
        ),
    ]
    if "trace/error" in rows:
        found.append(f"Of the values on the way, {_percent(rows['trace/error'])} are wrong.")
    if "routing/gap" in rows:
        astray = _percent(rows["routing/gap"])
        found.append(f"Where a choice counts, {astray} of its attention goes where no exact run looks.")
    changed = rows.get(f"intervention/changed/{program}")
    if changed is not None and changed["value"] is not None:
        found.append(
            f"When the state of one node is replaced so that answers must change, "
            f"{_percent(changed)} of them change as {program} says."
        )
    found += [
        _separation(row, key) for key, row in rows.items() if key.startswith(f"intervention/dis/{program}/")
    ]
    return found


def _separation(row: Plain, key: str) -> str:
    rival = key.rpartition("/")[2]
    if row["value"] is None:
        return f"No exchange tells it apart from {rival}."
    return f"Where {rival} excludes that answer, {_percent(row)} still follow the program."


def tiles(panel: Plain) -> list[Tile]:
    """The figures at the head of the page."""
    wanted = {
        "behaviour/valid": "right answers",
        "trace/error": "wrong on the way",
        "routing/gap": "attention astray",
        f"intervention/changed/{panel['program']}": "causes as they must",
    }
    return [_tile(words, panel["rows"][key]) for key, words in wanted.items() if key in panel["rows"]]


def _tile(question: str, row: Plain) -> Tile:
    ends = f"[{row['low']:.1%}, {row['high']:.1%}]" if row["value"] is not None else interval(row)
    exact, untrained = (
        f"{_percent(row[part])} {word}" for part, word in (("exact", "exact"), ("random", "untrained"))
    )
    unit = f"{row['unit']}s" if row["replicates"] != 1 else row["unit"]
    return Tile(
        question,
        _percent(row),
        ends,
        f"n = {row['n']:,} in {row['replicates']} {unit}",
        f"{exact}, {untrained}",
    )


def _percent(score: Plain | None) -> str:
    return "–" if score is None or score["value"] is None else f"{score['value']:.1%}"


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a list in a sentence."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "none"
