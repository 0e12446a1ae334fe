"""What a line-up found, in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..lab.lineup import ACCURACY, GAP, NORM

if TYPE_CHECKING:
    from ..lab.lineup import Lineup
    from ..measures.score import Score

FEW = 10
"""Networks below which nothing is said about training, and graphs below which nothing about differences."""


def findings(found: Lineup) -> list[str]:
    """Whether trained networks are equally right, how they differ, and what exact ones and the norm say."""
    said = [_accuracies(found), _equal(found), *_verdicts(found), _mechanism(found), _exact(found)]
    return [sentence for sentence in [*said, *inversion(found)] if sentence]


def inversion(found: Lineup) -> list[str]:
    """Whether the legacy norm ranks untrained networks, or exact ones, otherwise than the gap does."""
    norms, gaps = found.floor.get(NORM, {}), found.floor.get(GAP, {})
    if not norms or not gaps:
        return []
    parts = [
        f"{name} by {norms[name].value:+.3f} {spread(norms[name])}, by the gap {gaps[name].value:+.3f} "
        f"{spread(gaps[name])}"
        for name in norms
        if name in gaps
    ]
    count = len(found.inverted)
    said = [
        f"The legacy norm ranks {count} of {len(norms)} trained networks as less faithful than untrained "
        "ones (lower end above 0) which the routing gap puts nearer (upper end below 0). Trained less "
        f"untrained: {'; '.join(parts)}."
    ]
    said += _rows(found)
    untrained = [column.scores[NORM] for column in found.of("untrained") if NORM in column.scores]
    worse = [
        f"{column.name} {figure(column.scores[NORM])}"
        for column in found.of("exact")
        if NORM in column.scores and untrained and column.scores[NORM].low > untrained[0].high
    ]
    if worse:
        said.append(
            f"The norm ranks exact realisations behind untrained networks ({figure(untrained[0])}) too: "
            f"{'; '.join(worse)}."
        )
    return said


def limits(found: Lineup) -> list[str]:
    """What the line-up does not show."""
    count = len(found.of("trained"))
    said = [
        "Intervals are over graphs: they say how a network would do on other graphs of the kind, not how "
        "other networks would do.",
        "Intervals of differences are not adjusted for how many rows there are.",
    ]
    if count < FEW:
        said.append(
            f"{count} trained network{'s are' if count != 1 else ' is'} too few to say that training leads "
            "to equal accuracy, or how often it leads to an algorithm: a study of many seeds does that."
        )
    said += [f"{name} is missing: {why}." for name, why in found.missing.items()]
    return said


def number(value: float) -> str:
    """A figure with three digits behind the point, or a dash."""
    return "–" if math.isnan(value) else f"{value:.3f}".replace("-0.000", "0.000")


def spread(score: Score) -> str:
    """The interval of a figure."""
    return f"[{number(score.low)}, {number(score.high)}]" if score.known else ""


def figure(score: Score) -> str:
    """A figure with its interval and n."""
    return f"{number(score.value)} {spread(score)} (n={score.n})"


def _rows(found: Lineup) -> list[str]:
    """Which rows make the norm what it is."""
    names = [column.name for role in ("trained", "untrained") for column in found.of(role)]
    shown = {name: found.inside[name] for name in names if name in found.inside}
    said = []
    for kind in ("idle", "active"):
        known = {n: parts for n, parts in shown.items() if f"square/{kind}" in parts}
        parts = [
            f"{n} {number(p[f'square/{kind}'].value)} {spread(p[f'square/{kind}'])} (sharpness "
            f"{number(p[f'sharpness/{kind}'].value)}, overlap {number(p[f'overlap/{kind}'].value)})"
            for n, p in known.items()
        ]
        if parts:
            count = min(p[f"square/{kind}"].n for p in known.values())
            said.append(f"Squares under the norm in {count} {kind} rows: {'; '.join(parts)}.")
    return said


def _accuracies(found: Lineup) -> str:
    parts = [f"{c.name} {figure(c.scores[ACCURACY])}" for c in found.of("trained")]
    return f"Share of valid answers: {'; '.join(parts)}."


def _equal(found: Lineup) -> str:
    if not found.pairs:
        return ""
    differing = [pair for pair in found.pairs if pair.accuracy.low > 0 or pair.accuracy.high < 0]
    widest = max(max(abs(pair.accuracy.low), abs(pair.accuracy.high)) for pair in found.pairs)
    if not differing and not widest:
        graphs = min(pair.accuracy.replicates for pair in found.pairs)
        unseen = 1.0 - 0.05 ** (1.0 / graphs)
        return (
            f"Trained networks are equally right in all {graphs} graphs (n={found.pairs[0].accuracy.n} "
            f"answers each); up to {unseen:.1%} of graphs may still differ (95 %)."
        )
    if not differing:
        return (
            "No pair of trained networks is found to differ in accuracy: every interval of a difference "
            f"contains 0 and stays within {widest:.3f} of it, for {len(found.pairs)} pairs "
            f"(n={found.pairs[0].accuracy.n} answers each)."
        )
    parts = [f"{pair.names[0]} less {pair.names[1]} {figure(pair.accuracy)}" for pair in differing]
    return f"Trained networks differ in accuracy: {'; '.join(parts)}."


def _verdicts(found: Lineup) -> list[str]:
    parts = [f"{c.name} {c.verdict.summary}" for c in found.of("trained") if c.verdict is not None]
    return [f"Verdict of the exchanges: {'; '.join(parts)}."] if parts else []


def _mechanism(found: Lineup) -> str:
    """The row in which two trained networks differ most for certain."""
    certain = [
        (min(abs(s.low), abs(s.high)), pair, key, s)
        for pair in found.pairs
        for key, s in pair.apart.items()
        if key not in found.faults and (s.low > 0 or s.high < 0) and s.replicates >= FEW
    ]
    if not found.pairs:
        return ""
    if not certain:
        return "No pair of trained networks is found to differ in mechanism on these graphs."
    _, pair, key, score = max(certain, key=lambda each: each[0])
    counted = len({(each[1].names, each[2]) for each in certain})
    tested = sum(key not in found.faults for pair in found.pairs for key in pair.apart)
    return (
        f"Trained networks differ in mechanism in {counted} of {tested} comparisons of class-aware rows "
        f"(interval without 0), most in {key}: {pair.names[0]} less {pair.names[1]} {figure(score)}."
    )


def _exact(found: Lineup) -> str:
    row, most = found.off
    members, failed = sum(column.members for column in found.of("exact")), len(found.faults)
    where = "ideal" if most == 0 else f"within {most:.1e} of the ideal (farthest in {row})"
    said = f"{members} exact realisations are {where} in every class-aware row that is reported."
    if failed:
        said += f" Rows that fail a control and are not to be reported: {', '.join(found.faults)}."
    return said
