"""Figures of line-ups as SVG: panels of one measure each, in which every suspect has a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .figure import STYLE, finished
from .palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..lab.lineup import Column
    from ..measures.score import Score

COLOURS = {
    "trained": "trained",
    "exact": "compiled",
    "rival": "state",
    "untrained": "untrained",
    "cheat": "ink",
}
"""Role of a suspect -> its colour."""
PANEL, NAMES, LINE = 2.5, 1.2, 0.24
"""Inches: the width of a panel, that of the names beside the first, and the height of a suspect."""


def lineup_figure(name: str, label: str, columns: Sequence[Column], panels: Sequence[tuple[str, str]]) -> str:
    """Some rows of a line-up, a panel for each, with intervals; a dashed line is at the untrained networks.

    Args:
        name: of the figure, unique in its page.
        label: what it shows, for those who cannot see it.
        columns: the suspects, from above.
        panels: gate and measure, and what stands above its panel; at least one.
    """
    import matplotlib
    from matplotlib.figure import Figure

    size = (NAMES + PANEL * len(panels), 0.75 + LINE * len(columns))
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name, "font.size": 9.0, "axes.grid.axis": "x"}):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_facecolor(LIGHT["card"])
        row = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axes, (key, title) in zip(row, panels, strict=True):
            axes.patch.set_alpha(0.0)
            axes.set_title(title, fontsize=9, color=LIGHT["ink"], loc="left")
            _panel(axes, columns, key)
        row[0].set_yticks(range(len(columns)), [column.name for column in columns])
        row[0].set_ylim(len(columns) - 0.4, -0.6)
    return finished(figure, name, label)


def _panel(axes: Axes, columns: Sequence[Column], key: str) -> None:
    lowest = 0.0
    for place, column in enumerate(columns):
        found = column.scores.get(key)
        if found is None or not found.known:
            axes.text(0.0, place, "–", fontsize=8, va="center", color=LIGHT["muted"])
            continue
        lowest = min(lowest, found.low)
        colour = LIGHT[COLOURS[column.role]]
        if column.role == "untrained":
            axes.axvline(found.value, color=colour, linewidth=1.0, linestyle=(0, (3, 2)))
        _dot(axes, place, found, colour)
    axes.set_xlim((-1.08 if lowest < 0 else -0.04), 1.16)
    axes.set_xticks([-1.0, 0.0, 1.0] if lowest < 0 else [0.0, 0.5, 1.0])


def _dot(axes: Axes, place: int, found: Score, colour: str) -> None:
    """The figure, with its interval and its number."""
    axes.hlines(place, found.low, found.high, color=colour, linewidth=1.6)
    axes.plot([found.value], [place], "o", color=colour, markersize=4.5)
    text = f"{found.value:.2f}".replace("-0.00", "0.00")
    spot = (max(found.high, found.value), place)
    axes.annotate(
        text, spot, fontsize=7, va="center", color=LIGHT["muted"], xytext=(5, 0), textcoords="offset points"
    )
