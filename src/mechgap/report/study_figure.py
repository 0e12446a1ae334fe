"""Charts of a study as SVG: lines over steps or sizes, dots with intervals, clouds of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .figure import chart, finished
from .palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..lab.studies.sections import Chart, Series

COLOURS = ("#1f6aa5", "#b8500f", "#2b7a6b", "#8a4f9e", "#9a7d0a", "#777d85", "#b0305c", "#4a5fb5")
MARKERS = "osD^vPX*d"
DASHES = ("solid", (0, (4, 2)), (0, (1, 1.5)))
"""Colours, marks and dashes in turns of other lengths, so that no two of many series look alike."""
FEW = 4
"""Series up to which the bands of intervals are strong."""
WIDTH, HEIGHT, LINE = 6.4, 3.0, 0.24
"""Inches: of a chart, and what every name takes on the vertical axis of dots."""


def study_chart(drawn: Chart) -> str:
    """A chart as SVG."""
    names = list(dict.fromkeys(x for series in drawn.series for x in series.x))
    dots = drawn.form == "dots"
    height = 1.0 + LINE * max(3, len(names)) * max(1.0, len(drawn.series) / 2) if dots else HEIGHT
    with chart(drawn.name, (WIDTH, height)) as (figure, axes):
        for number, series in enumerate(drawn.series):
            looks = Looks.of(number, len(drawn.series))
            if dots:
                _dots(axes, series, names, (number, len(drawn.series)), looks)
            elif drawn.form == "lines":
                _line(axes, series, looks)
            else:
                _cloud(axes, series, looks)
        _axes(axes, drawn, names if dots else [])
        if len(drawn.series) > 1:
            figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return finished(figure, drawn.name, drawn.title)


@dataclass(frozen=True)
class Looks:
    """How the points of one series look.

    Attributes:
        colour, marker, dashes: no two of many series have all of them alike.
        band: opacity of intervals; paler where there are many.
    """

    colour: str
    marker: str
    dashes: Any
    band: float

    @classmethod
    def of(cls, number: int, count: int) -> Looks:
        """Those of one series of so many."""
        turn = number // len(COLOURS)
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        return cls(colour, marker, DASHES[turn % len(DASHES)], 0.13 if count <= FEW else 0.05)


def _cloud(axes: Axes, series: Series, looks: Looks) -> None:
    axes.scatter(
        series.x, series.y, s=16, color=looks.colour, marker=looks.marker, alpha=0.75, label=series.name
    )


def _line(axes: Axes, series: Series, looks: Looks) -> None:
    axes.plot(
        series.x,
        series.y,
        color=looks.colour,
        marker=looks.marker,
        linestyle=looks.dashes,
        markersize=4,
        linewidth=1.4,
        label=series.name,
    )
    if series.low:
        axes.fill_between(
            series.x, series.low, series.high, color=looks.colour, alpha=looks.band, linewidth=0
        )


def _dots(axes: Axes, series: Series, names: list[str], place: tuple[int, int], looks: Looks) -> None:
    number, count = place
    colour, marker = looks.colour, looks.marker
    shift = 0.6 * (number - (count - 1) / 2) / count
    at = [names.index(x) + shift for x in series.x]
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
        places = sorted({x for series in drawn.series for x in series.x})
        axes.set_xscale("log")
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.set_xticks([], minor=True)
