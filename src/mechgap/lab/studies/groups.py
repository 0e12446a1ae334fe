"""Sections of a study about each group by itself: all gates, the course over steps, and over sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...measures.bootstrap import interquartile_mean
from ...measures.score import Score, over_seeds
from .results import GAP, Results
from .sections import Chart, Section, Series, Table, listed, spread


def gates(results: Results) -> Section:
    """Every measure of every group at the last moment."""
    groups = labelled(results)
    rows: list[tuple[str, ...]] = []
    points: dict[str, list[tuple[str, Score]]] = {}
    for label, (task, arm) in groups.items():
        cells = []
        for measure in results.study.measures:
            found = mean_score(results, task, arm, measure)
            cells.append("–" if found is None else spread(found.value, found.low, found.high))
            if found is not None:
                points.setdefault(measure, []).append((label, found))
        moments = results.group(task, arm)
        kept = [moment.kept for moment in moments]
        names = dict.fromkeys(name for each in kept for name in each)
        counts = [f"{name} in {sum(name in each for each in kept)}" for name in names]
        rows.append((label, f"{len(moments)}", *cells, listed(counts)))
    columns = ("group", "seeds", *map(shown, results.study.measures), "not rejected")
    charts = [
        _dots(f"gates-{index}", measure, found) for index, (measure, found) in enumerate(points.items())
    ]
    texts = (
        "Each figure is the interquartile mean over seeds at the last moment, with a 95 % interval in which "
        "seeds and graphs are drawn anew. A gap is 0 where exact realisations are and 1 where untrained "
        "networks are. The last column counts seeds in which interventions do not reject a program.",
    )
    table = Table("gates", "All groups", columns, tuple(rows))
    return Section("gates", "The gates", texts, (table,), tuple(charts))


def steps(results: Results) -> Section:
    """Every measure over the training steps."""
    charts = []
    for index, measure in enumerate(results.study.measures):
        places = {step: (measure, step) for step in results.study.moments}
        series = _courses(results, places)
        if series:
            charts.append(
                Chart(f"steps-{index}", "lines", shown(measure), "training step", shown(measure), series)
            )
    return Section("steps", "Over the training steps", ("Bands are 95 % intervals.",), (), tuple(charts))


def sizes(results: Results) -> Section:
    """The share of right answers over sizes of graphs, those of training and larger ones."""
    plan = results.study.measuring
    names = {plan.n: "behaviour/valid", **{n: f"behaviour/n={n}/valid" for n in plan.sizes}}
    last = results.study.moments[-1]
    series = _courses(results, {n: (names[n], last) for n in sorted(names)})
    chart = Chart("sizes", "lines", "Right answers over sizes", "nodes", "right answers", series, (), True)
    rows = [
        (each.name, f"{n}", spread(value, low, high))
        for each in series
        for n, value, low, high in zip(each.x, each.y, each.low, each.high, strict=True)
    ]
    text = (
        f"Networks were trained on graphs of up to {max(results.study.training.sizes)} nodes. What lies "
        "beyond is out of their distribution. Interquartile means over seeds with 95 % intervals.",
    )
    table = Table("sizes", "Right answers", ("group", "nodes", "right answers"), tuple(rows))
    return Section("sizes", "Over sizes", text, (table,), (chart,))


def labelled(results: Results) -> dict[str, tuple[str, str]]:
    """The groups of a study by the name that a reader sees."""
    groups = [(task, arm.name) for task, arm in results.study.groups()]
    tasks, arms = ({group[side] for group in groups} for side in (0, 1))

    def label(task: str, arm: str) -> str:
        if len(arms) == 1:
            return task
        return arm if len(tasks) == 1 else f"{task}, {arm}"

    return {label(*group): group for group in groups}


def mean_score(results: Results, task: str, arm: str, measure: str, step: int | None = None) -> Score | None:
    """A measure over the seeds of a group; None where there is none."""
    found = results.scores(task, arm, measure, step)
    return over_seeds(found, statistic=interquartile_mean) if found else None


def shown(measure: str) -> str:
    """The name of a measure for a reader."""
    name = measure.removeprefix(GAP).removesuffix("/{task}")
    return f"gap of {name}" if measure.startswith(GAP) else name


def _courses(results: Results, places: Mapping[int, tuple[str, int]]) -> tuple[Series, ...]:
    """For every group a figure at each place, given by its measure and moment, where there is one."""

    def points(task: str, arm: str) -> Iterator[tuple[int, Score]]:
        for place, (measure, step) in places.items():
            found = mean_score(results, task, arm, measure, step)
            if found is not None:
                yield place, found

    series = []
    for label, group in labelled(results).items():
        found = list(points(*group))
        if found:
            x, scores = zip(*found, strict=True)
            series.append(_series(label, x, scores))
    return tuple(series)


def _dots(name: str, measure: str, found: Sequence[tuple[str, Score]]) -> Chart:
    labels, scores = zip(*found, strict=True)
    marks = (("exact", 0.0), ("untrained", 1.0)) if measure.startswith(GAP) else ()
    return Chart(name, "dots", shown(measure), shown(measure), "", (_series(measure, labels, scores),), marks)


def _series(name: str, x: Sequence[object], scores: Sequence[Score]) -> Series:
    columns = zip(*((s.value, s.low, s.high) for s in scores), strict=True)
    return Series(name, tuple(x), *map(tuple, columns))
