"""The section of a study about basins: is an exact solution kept, from how far away is it found again?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...measures.bootstrap import RESAMPLES, SEED, interval
from ...measures.statistics.proportion import proportion
from .groups import mean_score, shown
from .measuring import DRIFT
from .plan import Arm
from .results import Moment, Results
from .sections import Chart, Section, Series, Table, spread

CAUSAL = "gap:intervention/changed/{task}"


def basin(results: Results) -> Section:
    """For each start and amount of noise: how many trainings come back, and how far the weights move."""
    study = results.study
    rows, series, sentences = [], [], []
    for task, start, rate in dict.fromkeys((t, a.start, _rate(results, a)) for t, a in study.groups()):
        arms = [a for t, a in study.groups() if (t, a.start, _rate(results, a)) == (task, start, rate)]
        if start == "random":
            continue
        points = []
        for arm in sorted(arms, key=lambda arm: arm.noise):
            known = [m for m in results.group(task, arm.name) if m.score(CAUSAL) is not None]
            back = [_returned(results, moment) for moment in known]
            share = proportion("return", sum(back), len(back))
            points.append((arm, back, share))
            ends = (_gap(results, task, arm, step) for step in (study.moments[0], study.moments[-1]))
            drift = mean_score(results, task, arm.name, DRIFT) if start == "natural" else None
            moved = "–" if drift is None else spread(drift.value, drift.low, drift.high)
            share_text = spread(share.value, share.low, share.high)
            rows.append(
                (task, arm.name, f"{rate:g}", f"{arm.noise:g}", f"{len(back)}", *ends, share_text, moved)
            )
        label = f"{task}, {start} start, rate {rate:g}"
        shares = [(arm.noise, share) for arm, back, share in points if back and arm.noise]
        if len(shares) > 1:
            figures = zip(*((s.value, s.low, s.high) for _, s in shares), strict=True)
            series.append(Series(label, tuple(noise for noise, _ in shares), *map(tuple, figures)))
            sentences.append(f"{label}: {_half(points)}")
    chart = Chart(
        "basin",
        "lines",
        "Trainings that come back",
        "relative noise",
        "share",
        tuple(series),
        (("half", 0.5),),
        True,
    )
    texts = (
        "Training starts from a network that runs the algorithm, compiled or in natural weights, with noise "
        "relative to each weight. A training has come back (or stayed) if its causal gap "
        f"({shown(CAUSAL)}) is below {study.returned:g} at the last moment. Shares have exact binomial "
        "intervals over seeds. The distance is that of the weights from natural ones before the noise, "
        "relative to the size of these, after matching units.",
        *sentences,
    )
    columns = (
        "task",
        "arm",
        "rate",
        "noise",
        "seeds",
        "causal gap at first",
        "at last",
        "come back",
        "distance",
    )
    table = Table("basin", "Basins", columns, tuple(rows))
    return Section("basin", "Basins", texts, (table,), (chart,) if series else ())


def _rate(results: Results, arm: Arm) -> float:
    """The learning rate of an arm."""
    return float(arm.training.get("learning_rate", results.study.training.learning_rate))


def _gap(results: Results, task: str, arm: Arm, step: int) -> str:
    found = mean_score(results, task, arm.name, CAUSAL, step)
    return "–" if found is None else spread(found.value, found.low, found.high)


def _returned(results: Results, moment: Moment) -> bool:
    gap = moment.score(CAUSAL)
    return gap is not None and gap.value < results.study.returned


def _half(points: Sequence[tuple[Arm, Sequence[bool], object]]) -> str:
    """The noise at which half of the trainings come back, with an interval over seeds."""
    tried = [(math.log(arm.noise), np.asarray(back, float)) for arm, back, _ in points if arm.noise and back]
    if len(tried) < 2:
        return "too few amounts of noise to say where half of the trainings come back."
    places = np.array([place for place, _ in tried])
    shares = np.array([back.mean() for _, back in tried])
    value = _crossing(places, shares)
    if math.isnan(value):
        found = ", ".join(
            f"{share:.2f} at {math.exp(place):g}" for place, share in zip(places, shares, strict=True)
        )
        return f"the share that comes back does not fall below one half in between: {found}."
    generator = np.random.default_rng(SEED)
    drawn = np.array(
        [
            _crossing(places, np.array([generator.choice(back, len(back)).mean() for _, back in tried]))
            for _ in range(RESAMPLES)
        ]
    )
    low, high = interval(drawn, value)
    seeds = min(len(back) for _, back in tried)
    crossing = float(np.isfinite(drawn).mean())
    return (
        f"half of the trainings come back at noise {math.exp(value):.3g} "
        f"[{math.exp(low):.3g}, {math.exp(high):.3g}] ({seeds} seeds for each amount; the share crosses one "
        f"half in {crossing:.0%} of the resamples)."
    )


def _crossing(places: np.ndarray, shares: np.ndarray) -> float:
    """Where shares, joined by straight lines, fall below one half for the first time; NaN if nowhere."""
    for index in range(len(places) - 1):
        first, second = shares[index], shares[index + 1]
        if first >= 0.5 > second:
            return float(
                places[index] + (places[index + 1] - places[index]) * (first - 0.5) / (first - second)
            )
    return math.nan
