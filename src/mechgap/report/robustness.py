"""Robustness of compiled networks: one figure, and a table of where each breaks."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .figure import STYLE
from .palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from ..lab.robustness import Condition, Robustness

ROW_HEIGHT, WIDTH = 1.35, 8.4
SERIES = (
    ("noise", "decisions", "compiled", "-"),
    ("noise", "everything", "trained", "-"),
    ("noise_small", "decisions", "compiled", (0, (2, 2))),
    ("noise_small", "everything", "trained", (0, (2, 2))),
)
COLUMNS = ("program", "n", "", "noise", "noise, for few nodes", "rounded activations", "cast", "nodes")


def breaking_rows(reports: Sequence[Robustness]) -> list[tuple[str, ...]]:
    """The table of breaking points: two rows for each program, decisions and everything.

    Noise: the largest deviation with which every trace of every draw was exact, and the first with
    which one was not. Formats: those in which all traces were exact. Nodes: the first number that failed.
    """
    rows = []
    for report in reports:
        for part in ("decisions", "everything"):
            noise = [_interval(*report.breaking(kind, part)) for kind in ("noise", "noise_small")]
            formats = [_formats(report.of(kind), part) for kind in ("activations", "cast")]
            last, first = report.breaking("size", part)
            nodes = f"{first}" if first is not None else f"none up to {last}"
            rows.append((report.program, f"{report.n}", part, *noise, *formats, nodes))
    return rows


def breaking_table(reports: Sequence[Robustness]) -> str:
    """The table of breaking points in Markdown."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *breaking_rows(reports)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def condition_rows(report: Robustness) -> list[tuple[str, ...]]:
    """A row for each condition: shares of exact steps and traces with intervals, and what was resampled."""
    rows = []
    for found in report.conditions:
        shares = [
            f"{score.value:.1%} [{score.low:.1%}, {score.high:.1%}]"
            for scores in (found.steps, found.traces)
            for score in scores.values()
        ]
        setting = f"{found.setting:g}" if isinstance(found.setting, float) else f"{found.setting}"
        traces = found.traces["everything"]
        rows.append((found.kind, setting, *shares, f"{traces.n}", f"{traces.replicates} {traces.unit}s"))
    return rows


def robustness_figure(reports: Sequence[Robustness]) -> str:
    """Shares of exact steps over noise, formats and sizes, a row of panels for each program, as SVG."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "robustness", "font.size": 8.5}):
        figure = Figure(figsize=(WIDTH, ROW_HEIGHT * len(reports) + 0.7), layout="constrained")
        figure.patch.set_facecolor(LIGHT["card"])
        panels = figure.subplots(len(reports), 3, squeeze=False, width_ratios=(1.5, 1.0, 1.0))
        for report, (noise, formats, sizes) in zip(reports, panels, strict=True):
            _noise(noise, report)
            _formats_panel(formats, report)
            _sizes(sizes, report)
            noise.set_ylabel(report.program, color=LIGHT["ink"])
        heads = ("noise, relative to each weight", "format of numbers", "nodes, certified for few")
        for axes, head in zip(panels[0], heads, strict=True):
            axes.set_title(head, fontsize=9, color=LIGHT["ink"])
        figure.legend(*_legend(), loc="outside lower center", ncols=5, frameon=False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    short = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", buffer.getvalue())
    return "\n".join(line.rstrip() for line in short.splitlines()) + "\n"


def _noise(axes: Axes, report: Robustness) -> None:
    for kind, part, colour, style in SERIES:
        found = report.of(kind)
        settings = [float(condition.setting) for condition in found]
        scores = [condition.steps[part] for condition in found]
        values = [score.value for score in scores]
        axes.plot(settings, values, color=LIGHT[colour], linestyle=style, linewidth=1.5)
        if kind == "noise":
            low, high = [score.low for score in scores], [score.high for score in scores]
            axes.fill_between(settings, low, high, color=LIGHT[colour], alpha=0.15, linewidth=0)
    axes.set_xscale("log")
    axes.minorticks_off()
    _shares(axes)


def _formats_panel(axes: Axes, report: Robustness) -> None:
    names = [f"{condition.setting}" for condition in report.of("activations")]
    for shift, kind, marker in ((-0.1, "activations", "o"), (0.1, "cast", "x")):
        for part, colour in (("decisions", "compiled"), ("everything", "trained")):
            values = [condition.steps[part].value for condition in report.of(kind)]
            offset = shift + (0.04 if part == "everything" else -0.04)
            places = [number + offset for number in range(len(values))]
            axes.plot(places, values, marker, color=LIGHT[colour], markersize=4)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    _shares(axes)


def _sizes(axes: Axes, report: Robustness) -> None:
    found = report.of("size")
    labels = [f"{condition.setting}" for condition in found]
    for part, colour, style in (("everything", "trained", "-"), ("decisions", "compiled", (0, (4, 3)))):
        scores = [condition.steps[part] for condition in found]
        values = [score.value for score in scores]
        axes.plot(range(len(found)), values, color=LIGHT[colour], linestyle=style, linewidth=1.5)
        low, high = [score.low for score in scores], [score.high for score in scores]
        axes.fill_between(range(len(found)), low, high, color=LIGHT[colour], alpha=0.15, linewidth=0)
    axes.set_xticks(range(len(labels)), labels)
    _shares(axes)


def _shares(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.06, 1.06)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, 0))


def _legend() -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D

    handles: list[Artist] = [
        Line2D([], [], color=LIGHT["compiled"], linewidth=1.5),
        Line2D([], [], color=LIGHT["trained"], linewidth=1.5),
        Line2D([], [], color=LIGHT["muted"], linewidth=1.5, linestyle=(0, (2, 2))),
        Line2D([], [], color=LIGHT["muted"], marker="o", linestyle="", markersize=4),
        Line2D([], [], color=LIGHT["muted"], marker="x", linestyle="", markersize=4),
    ]
    return handles, ["decisions", "everything", "compiled for few nodes", "rounded activations", "cast"]


def _interval(last: float | str | None, first: float | str | None) -> str:
    if first is None:
        return f"{last:g}"
    return f"not {first:g}" if last is None else f"{last:g}, not {first:g}"


def _formats(found: Sequence[Condition], part: str) -> str:
    exact = [f"{condition.setting}" for condition in found if condition.traces[part].value == 1.0]
    return ", ".join(exact) or "none"
