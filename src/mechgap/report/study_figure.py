"""Charts of a study as SVG: lines over steps or sizes, dots with intervals, clouds of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .figure import chart, finished
from .palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..lab.studies.sections import Chart, Series

COLOURS = ("#1f6aa5", "#b8500f", "#2b7a6b", "#8a4f9e", "#9a7d0a", "#777d85", "#b0305c", "#4a5fb5")
MARKERS = "osD^vPX*"
WIDTH, HEIGHT, LINE = 6.4, 3.0, 0.24
"""Inches: of a chart, and what every name takes on the vertical axis of dots."""


def study_chart(drawn: Chart) -> str:
    """A chart as SVG."""
    names = list(dict.fromkeys(x for series in drawn.series for x in series.x))
    dots = drawn.form == "dots"
    height = 1.0 + LINE * max(3, len(names)) * max(1.0, len(drawn.series) / 2) if dots else HEIGHT
    with chart(drawn.name, (WIDTH, height)) as (figure, axes):
        for number, series in enumerate(drawn.series):
            looks = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            if dots:
                _dots(axes, series, names, (number, len(drawn.series)), looks)
            elif drawn.form == "lines":
                _line(axes, series, looks)
            else:
                axes.scatter(
                    series.x, series.y, s=16, color=looks[0], marker=looks[1], alpha=0.75, label=series.name
                )
        _axes(axes, drawn, names if dots else [])
        if len(drawn.series) > 1:
            figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return finished(figure, drawn.name, drawn.title)


def _line(axes: Axes, series: Series, looks: tuple[str, str]) -> None:
    colour, marker = looks
    axes.plot(series.x, series.y, color=colour, marker=marker, markersize=4, linewidth=1.4, label=series.name)
    if series.low:
        axes.fill_between(series.x, series.low, series.high, color=colour, alpha=0.13, linewidth=0)


def _dots(
    axes: Axes, series: Series, names: list[str], place: tuple[int, int], looks: tuple[str, str]
) -> None:
    number, count = place
    shift = 0.6 * (number - (count - 1) / 2) / count
    at = [names.index(x) + shift for x in series.x]
    colour, marker = looks
    ends = [
        [y - e for y, e in zip(series.y, series.low, strict=True)],
        [e - y for y, e in zip(series.y, series.high, strict=True)],
    ]
    axes.errorbar(
        series.y, at, xerr=ends, fmt=marker, color=colour, markersize=4, elinewidth=1.4, label=series.name
    )


def _axes(axes: Axes, drawn: Chart, names: list[str]) -> None:
    axes.set_xlabel(drawn.x)
    axes.set_ylabel(drawn.y)
    if names:
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
    for name, value in drawn.marks:
        line = axes.axvline if names else axes.axhline
        line(value, color=LIGHT["muted"], linewidth=1.0, linestyle=(0, (3, 2)))
        spot = (value, -0.55) if names else (axes.get_xlim()[0], value)
        axes.annotate(name, spot, fontsize=7, color=LIGHT["muted"], xytext=(3, 2), textcoords="offset points")
    if drawn.logarithmic:
        axes.set_xscale("log")
