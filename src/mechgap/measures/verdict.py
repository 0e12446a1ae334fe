"""Which algorithms the interventions reject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .floors import Row
from .score import Plain

THRESHOLD = 0.5


@dataclass(frozen=True)
class Standing:
    """How one algorithm came out.

    Attributes:
        program: its name.
        kept: whether it is not rejected; None if nothing could be tested.
        reasons: the figures that decided.
    """

    program: str
    kept: bool | None
    reasons: tuple[str, ...]

    def to_json(self) -> Plain:
        """The standing as plain data."""
        return {"program": self.program, "kept": self.kept, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Verdict:
    """How all algorithms came out. That none is left, or that several are, is a legal answer.

    Attributes:
        standings: one for each algorithm.
        floors: whether untrained networks stood beside; without them agreement is held against 0.5 alone.
    """

    standings: tuple[Standing, ...]
    floors: bool = True

    @property
    def kept(self) -> tuple[str, ...]:
        """The algorithms that are not rejected."""
        return tuple(s.program for s in self.standings if s.kept)

    @property
    def rejected(self) -> tuple[str, ...]:
        """The algorithms that are rejected."""
        return tuple(s.program for s in self.standings if s.kept is False)

    @property
    def summary(self) -> str:
        """The verdict in a few words."""
        if all(s.kept is None for s in self.standings):
            return "tests nothing"
        beside = "" if self.floors else " (no untrained network stands beside)"
        if not self.rejected:
            return f"rejects none{beside}"
        if len(self.rejected) == len(self.standings):
            return f"rejects all{beside}"
        return f"rejects {', '.join(self.rejected)}{beside}"

    def to_json(self) -> Plain:
        """The verdict as plain data."""
        return {
            "summary": self.summary,
            "floors": self.floors,
            "standings": [s.to_json() for s in self.standings],
        }


def verdict(table: Mapping[str, Row], programs: Sequence[str]) -> Verdict:
    """Judge algorithms by the rows of a panel.

    An algorithm P is kept if the subject agrees with it in more than half of the outcomes, and more
    often than any untrained network, wherever P excludes another algorithm Q ("intervention/dis/P/Q",
    for every Q) and wherever P's answer must change ("intervention/changed/P"). The latter is the
    test against the inert rival, in which exchanges have no effect: without it a network that ignores
    its states passes wherever P happens to predict no change. The lower ends of the intervals count.
    """
    floors = any(row.random is not None for row in table.values())
    return Verdict(tuple(_standing(table, name, programs) for name in programs), floors)


def _standing(table: Mapping[str, Row], name: str, programs: Sequence[str]) -> Standing:
    keys = [f"intervention/dis/{name}/{other}" for other in programs if other != name]
    keys.append(f"intervention/changed/{name}")
    known = [key for key in keys if key in table and table[key].score.known]
    if not known:
        return Standing(name, None, ("no exchange changes an answer",))
    tests = [_passes(table[key]) for key in known]
    return Standing(name, all(tests), tuple(_reason(table[key]) for key in known))


def _bar(row: Row) -> float:
    return max(THRESHOLD, row.random_high) if row.random is not None else THRESHOLD


def _passes(row: Row) -> bool:
    return row.score.low > _bar(row)


def _reason(row: Row) -> str:
    relation = "above" if _passes(row) else "not above"
    floor = f", untrained up to {row.random_high:.2f}" if row.random is not None else ""
    return f"{row.score}: lower end {relation} {THRESHOLD}{floor}"
