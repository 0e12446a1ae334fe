"""Sections of a study that compare: arms with each other, and right answers with faithfulness."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...measures.statistics.arms import ArmDifference, difference_of_arms
from ...measures.statistics.correlation import Correlation, correlation
from ...measures.statistics.equivalence import ALPHA, Equivalence, equivalence
from ...measures.statistics.findings import probability
from ...measures.statistics.multiplicity import holm
from ...measures.statistics.power import detectable_correlation, detectable_difference
from .groups import labelled, shown
from .plan import Contrast
from .results import Moment, Results
from .sections import Chart, Section, Series, Table, number, spread

FEWEST = 3
"""Seeds below which two arms are not compared."""


def contrasts(results: Results) -> Section:
    """The differences of pairs of groups in every measure, adjusted for their number, and equivalence."""
    study = results.study
    found = {
        (contrast.name, measure): compared
        for contrast in study.contrasts
        for measure in study.measures
        if (compared := _compared(results, contrast, measure)) is not None
    }
    adjusted = holm({f"{name}: {shown(measure)}": d.p for (name, measure), (d, _, _) in found.items()})
    rows = []
    for (name, measure), (d, e, smallest) in found.items():
        among = adjusted[f"{name}: {shown(measure)}"].adjusted
        count = f"{d.n} pairs" if d.paired else f"{d.n} and {d.others}"
        cells = (spread(d.value, d.low, d.high), count, probability(d.p), probability(among))
        rows.append((name, shown(measure), *cells, e.verdict, number(smallest)))
    columns = ("comparison", "measure", "difference", "seeds", "p", "p (Holm)", "in words", "detectable")
    charts = []
    for index, measure in enumerate(study.measures):
        own = [(name, d) for (name, of), (d, _, _) in found.items() if of == measure]
        if own:
            series = Series(
                measure,
                tuple(name for name, _ in own),
                tuple(d.value for _, d in own),
                tuple(d.low for _, d in own),
                tuple(d.high for _, d in own),
            )
            title = f"difference in {shown(measure)}"
            charts.append(Chart(f"contrasts-{index}", "dots", title, title, "", (series,), (("none", 0.0),)))
    texts = (
        "Differences of interquartile means over seeds with 95 % bootstrap intervals; p by permutation of "
        f"seeds, adjusted by Holm's step-down over all {len(found)} comparisons. In words: two one-sided "
        f"tests with the margin ±{study.margin:g} that the study's file fixes. The last column is the "
        "smallest true difference that a t test on so many seeds finds with power 0.8.",
        *_excluding(found),
    )
    table = Table("contrasts", "Comparisons", columns, tuple(rows))
    return Section("contrasts", "Comparisons", texts, (table,), tuple(charts))


Compared = tuple[ArmDifference, Equivalence, float]


def _excluding(found: dict[tuple[str, str], Compared]) -> tuple[str, ...]:
    """Which intervals exclude 0, a sentence for each measure; one without a width says nothing."""
    if not found:
        return ("No two groups have enough seeds to be compared.",)
    sentences = []
    for measure in dict.fromkeys(measure for _, measure in found):
        own = {name: d for (name, of), (d, _, _) in found.items() if of == measure and d.low < d.high}
        lower = [f"{name} ({spread(d.value, d.low, d.high)})" for name, d in own.items() if d.high < 0]
        higher = [f"{name} ({spread(d.value, d.low, d.high)})" for name, d in own.items() if d.low > 0]
        parts = [
            f"{word}: {'; '.join(names)}" for word, names in (("lower", lower), ("higher", higher)) if names
        ]
        sentences.append(
            f"{shown(measure)}, intervals that exclude 0 — {'. '.join(parts) or 'none'} "
            f"(of {len(own)} comparisons)."
        )
    fewest = min((2 / d.arrangements for d, _, _ in found.values() if d.arrangements), default=0.0)
    if fewest > ALPHA:
        sentences.append(
            f"With so few seeds no permutation p can be below {fewest:.3f}: intervals say more here."
        )
    return tuple(sentences)


def _compared(results: Results, contrast: Contrast, measure: str) -> Compared | None:
    left, right = (_values(results, group, measure) for group in (contrast.left, contrast.right))
    paired = contrast.left[0] == contrast.right[0]
    seeds = sorted(left.keys() & right.keys())
    if paired:
        first, second = ([side[seed] for seed in seeds] for side in (left, right))
    else:
        first, second = list(left.values()), list(right.values())
    if min(len(first), len(second)) < FEWEST:
        return None
    name = f"{contrast.name}: {shown(measure)}"
    difference = difference_of_arms(name, first, second, paired=paired)
    same = equivalence(name, first, second, results.study.margin, paired=paired)
    return difference, same, _detectable((first, second), paired)


def _detectable(sides: Sequence[Sequence[float]], paired: bool) -> float:
    """The smallest true difference that is found with power 0.8; NaN if seeds do not differ at all."""
    left, right = (np.asarray(side) for side in sides)
    if paired:
        sd = float((left - right).std(ddof=1))
    else:
        sd = math.sqrt((float(left.var(ddof=1)) + float(right.var(ddof=1))) / 2)
    return detectable_difference(min(map(len, sides)), sd, paired=paired).detectable if sd > 0 else math.nan


def _values(results: Results, group: tuple[str, str], measure: str) -> dict[int, float]:
    """A measure of every seed of a group that has it."""
    scores = ((m.cell.seed, m.score(measure)) for m in results.group(*group))
    return {seed: score.value for seed, score in scores if score is not None}


def correlations(results: Results) -> Section:
    """Right answers against every other measure: over trainings, and over all moments of them."""
    study = results.study
    last = [m for m in results.moments if m.step == study.moments[-1]]
    made = [m for m in results.moments if m.step > 0]
    found: list[tuple[str, Correlation]] = []
    charts = []
    for index, (accuracy, measure) in enumerate(
        (a, m) for a in study.accuracy for m in study.measures if m not in study.accuracy
    ):
        name = f"{shown(accuracy)} and {shown(measure)}"
        found += [(name, each) for each in _correlated(name, accuracy, measure, last, made, study.tasks)]
        charts.append(_cloud(results, f"correlation-{index}", accuracy, measure, last))
    adjusted = holm({f"{name}, {c.name}": c.p for name, c in found})
    rows = tuple(
        (
            name,
            c.name,
            c.kind,
            spread(c.value, c.low, c.high),
            f"{c.n}",
            f"{c.replicates}",
            probability(c.p),
            probability(adjusted[f"{name}, {c.name}"].adjusted),
        )
        for name, c in found
    )
    smallest = detectable_correlation(max(4, len(last)))
    texts = (
        "Spearman's coefficient with a 95 % interval and p by permutation, adjusted by Holm's step-down. At "
        "the last moment every training is one point. Over all moments the points of one training hang "
        "together: trainings are resampled and permuted as wholes.",
        f"With {len(last)} independent trainings, a correlation of ±{smallest.significant:.2f} is "
        f"significant at 0.05, and a true one of ±{smallest.detectable:.2f} is found with power 0.8.",
    )
    columns = ("figures", "over", "kind", "coefficient", "points", "trainings", "p", "p (Holm)")
    table = Table("correlation", "Right answers and faithfulness", columns, rows)
    return Section("correlation", "Right answers against faithfulness", texts, (table,), tuple(charts))


def _correlated(
    name: str,
    accuracy: str,
    measure: str,
    last: Sequence[Moment],
    made: Sequence[Moment],
    tasks: Sequence[str],
) -> list[Correlation]:
    chosen = [("all trainings, last moment", last)]
    if len(tasks) > 1:
        chosen += [(f"{task}, last moment", [m for m in last if m.cell.task == task]) for task in tasks]
    if len(made) > len(last):
        chosen.append(("all trainings, all moments", made))
    found = []
    for over, moments in chosen:
        pairs = [(m, m.score(accuracy), m.score(measure)) for m in moments]
        known = [(m, a.value, b.value) for m, a, b in pairs if a is not None and b is not None]
        if len(known) >= FEWEST:
            points, x, y = zip(*known, strict=True)
            labels = [(m.cell.task, m.cell.arm, m.cell.seed) for m in points]
            found.append(correlation(over, x, y, clusters=labels, unit="training"))
    return [each for each in found if each.known]


def _cloud(results: Results, name: str, accuracy: str, measure: str, last: Sequence[Moment]) -> Chart:
    """Every training as a point."""
    series = []
    for label, (task, arm) in labelled(results).items():
        own = [m for m in last if (m.cell.task, m.cell.arm) == (task, arm)]
        pairs = [(m.score(accuracy), m.score(measure)) for m in own]
        known = [(a.value, b.value) for a, b in pairs if a is not None and b is not None]
        if known:
            x, y = zip(*known, strict=True)
            series.append(Series(label, x, y))
    title = f"{shown(accuracy)} against {shown(measure)}"
    return Chart(name, "cloud", title, shown(accuracy), shown(measure), tuple(series))
