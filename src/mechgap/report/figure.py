"""Charts as SVG: traces over steps, answers over sizes, training, and several runs beside each other."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .palette import LIGHT, SERIES, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Plain = Mapping[str, Any]
WIDTH, HEIGHT = 4.2, 2.5
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 10.0,
    "axes.edgecolor": LIGHT["line"],
    "axes.labelcolor": LIGHT["muted"],
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": LIGHT["line"],
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
}
LOOKS = {"compiled": (6.5, 0.35), "trained": (1.8, 1.0), "untrained": (1.4, 1.0)}
"""Width and opacity of the lines: the compiled one lies broad and pale under the others."""
MARKS, MARK_COLOURS = ("o", "s", "^", "D", "v", "P"), ("trained", "compiled", "state")
"""Groups of runs are told apart by shape, and beyond these by colour."""


def trace_chart(courses: Plain, variable: str, numeric: bool) -> str:
    """One variable over the steps: its accuracy, or for a number the mean absolute error.

    Args:
        courses: name of a network -> its course, as ``mechgap.lab.measurement.courses`` gives them.
        variable: which.
        numeric: whether it is a number.
    """
    with chart(f"trace-{variable}") as (figure, axes):
        for name in SERIES:
            scores = courses[name]["trace"].get(variable, []) if name in courses else []
            points = [
                (step, *_ends(score, numeric))
                for step, score in enumerate(scores, 1)
                if score["value"] is not None
            ]
            if points:
                steps, low, value, high = zip(*points, strict=True)
                width, opacity = LOOKS[name]
                axes.fill_between(steps, low, high, color=LIGHT[name], alpha=0.15, linewidth=0)
                axes.plot(
                    steps, value, color=LIGHT[name], linewidth=width, alpha=opacity, solid_capstyle="round"
                )
        _whole_steps(axes)
        axes.set_xlabel("step")
        if not numeric:
            _percent(axes)
    return finished(figure, f"trace-{variable}", f"{variable} over the steps")


def size_chart(courses: Plain) -> str:
    """The share of right answers for each size of graphs, with intervals."""
    with chart("sizes") as (figure, axes):
        for shift, name in zip((-0.12, 0.0, 0.12), SERIES, strict=True):
            entries = [
                e for e in courses.get(name, {"valid": []})["valid"] if e["score"]["value"] is not None
            ]
            places = [i + shift for i in range(len(entries))]
            values = [e["score"]["value"] for e in entries]
            ends = [[abs(e["score"]["value"] - e["score"][end]) for e in entries] for end in ("low", "high")]
            axes.plot(places, values, color=LIGHT[name], linewidth=1.2, alpha=0.6)
            axes.errorbar(
                places, values, ends, fmt="o", color=LIGHT[name], markersize=5, elinewidth=1.6, capsize=0
            )
            axes.set_xticks(range(len(entries)), [f"{e['n']}" for e in entries])
        axes.set_xlabel("nodes")
        _percent(axes)
    return finished(figure, "sizes", "share of right answers by number of nodes")


def training_chart(history: Sequence[Plain], references: Mapping[str, Plain]) -> str:
    """The loss and the share of right answers on held-out graphs during training.

    Args:
        history: what training noted at its validations.
        references: name of a series -> its share of right answers, drawn as a level with its interval.
    """
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    with chart("training") as (figure, axes):
        steps = [entry["step"] for entry in history]
        loss = [sum(entry["losses"].values()) for entry in history]
        axes.plot(steps, loss, color=LIGHT["muted"], linewidth=1.4, linestyle=(0, (4, 2)))
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel("loss (dashed)")
        axes.set_xlabel("training step")
        axes.grid(False)
        other = axes.twinx()
        for name, score in references.items():
            other.axhspan(score["low"], score["high"], color=LIGHT[name], alpha=0.12, linewidth=0)
            width = LOOKS[name][0] / 2 if name == "compiled" else 1.0
            other.axhline(score["value"], color=LIGHT[name], linewidth=width, alpha=LOOKS[name][1])
        valid = [entry["scores"].get("valid") for entry in history]
        other.plot(steps, valid, color=LIGHT["trained"], linewidth=1.8, marker="o", markersize=4)
        other.spines["right"].set_visible(False)
        _percent(other)
    return finished(figure, "training", "loss and right answers during training")


def scatter_chart(name: str, points: Sequence[Plain], words: tuple[str, str]) -> str:
    """Accuracy and faithfulness of runs, with the interval of each run; one mark for each group of runs.

    Args:
        name: of the figure, unique in its page.
        points: with "label", "accuracy" and "faithfulness", the last two scores as plain data.
        words: what the two axes show.
    """
    labels = list(dict.fromkeys(point["label"] for point in points))
    with chart(name) as (figure, axes):
        for number, label in enumerate(labels):
            own = [point for point in points if point["label"] == label]
            scores = [[point[axis] for point in own] for axis in ("accuracy", "faithfulness")]
            x, y = ([score["value"] for score in column] for column in scores)
            across, along = (
                [[abs(s["value"] - s[end]) for s in column] for end in ("low", "high")] for column in scores
            )
            colour = LIGHT[MARK_COLOURS[number // len(MARKS) % len(MARK_COLOURS)]]
            axes.errorbar(x, y, along, across, fmt="none", ecolor=LIGHT["line"], elinewidth=1.2)
            axes.scatter(x, y, 30, color=colour, marker=MARKS[number % len(MARKS)], zorder=3)
        axes.set_xlabel(words[0])
        axes.set_ylabel(words[1])
    return finished(figure, name, f"{words[1]} over {words[0]}, one point for each run")


def seed_chart(name: str, rows: Mapping[str, Plain]) -> str:
    """Measures over seeds: a dot for each seed, the interquartile mean with its interval, and the floors.

    Args:
        name: of the figure, unique in its page.
        rows: what a measure is called -> its row, as ``SeedRow.to_json`` gives it; none is empty.
    """
    with chart(name, (WIDTH, 0.6 + 0.34 * len(rows))) as (figure, axes):
        for place, row in enumerate(rows.values()):
            values = [value for value in row["values"].values() if value is not None]
            for reference, colour in (("exact", "compiled"), ("untrained", "untrained")):
                score = row[reference]
                if score and score["value"] is not None:
                    axes.vlines(
                        score["value"], place - 0.32, place + 0.32, color=LIGHT[colour], linewidth=2.2
                    )
            axes.scatter(values, [place] * len(values), 16, color=LIGHT["trained"], alpha=0.35, linewidths=0)
            axes.hlines(place + 0.2, row["low"], row["high"], color=LIGHT["trained"], linewidth=1.8)
            axes.plot([row["value"]], [place + 0.2], "o", color=LIGHT["trained"], markersize=5)
        axes.set_yticks(range(len(rows)), [*rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(False)
    return finished(figure, name, "measures over seeds")


def _ends(score: Plain, numeric: bool) -> tuple[float, float, float]:
    """Lower end, value and upper end, as an error or as an accuracy."""
    low, value, high = score["low"], score["value"], score["high"]
    return (low, value, high) if numeric else (1 - high, 1 - value, 1 - low)


@contextmanager
def chart(name: str, size: tuple[float, float] = (WIDTH, HEIGHT)) -> Iterator[tuple[Figure, Axes]]:
    """A figure of that size in inches, and its axes, in the style of the page."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0.0)
        yield figure, axes


def finished(figure: Figure, name: str, label: str) -> str:
    """A figure as SVG that can stand in a page beside others.

    Args:
        figure: drawn with ``chart``.
        name: unique in the page.
        label: what it shows, for those who cannot see it.
    """
    import matplotlib

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    # Names inside one page must be unique, and the page's font is used.
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r"font: (?:[\w.]+ )?([\d.]+)px [^;\"]+", r"font: \1px var(--font, sans-serif)", text)
    view = re.search(r'viewBox="[^"]*"', text)
    assert view is not None
    start = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {view[0]}'
    text = f'{start} role="img" aria-label="{label}"' + text[text.index(">") :]
    return themed(text)


def _whole_steps(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _percent(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, 0))
