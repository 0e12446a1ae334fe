"""Parts of a study's page as plain data: words, tables and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Series:
    """Points of a chart.

    Attributes:
        name: of what.
        x, y: where; the x of dots are names.
        low, high: ends of the intervals of y; empty without.
    """

    name: str
    x: tuple[Any, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        name: of its file.
        form: "lines" over numbers, "dots" with names on the vertical axis, or "cloud" of points.
        title: what it shows.
        x, y: what is on the axes.
        series: the points.
        marks: values that a line marks across the chart, by name: of dots on x, else on y.
        logarithmic: whether the horizontal axis is.
    """

    name: str
    form: str
    title: str
    x: str
    y: str
    series: tuple[Series, ...]
    marks: tuple[tuple[str, float], ...] = ()
    logarithmic: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: of its file.
        title: what it says.
        columns: heads.
        rows: texts.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        name: of the part, as a study names it.
        title: for the reader.
        texts: paragraphs.
        tables, charts: what is shown.
    """

    name: str
    title: str
    texts: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The part as plain data."""
        return asdict(self)


def number(value: float | None) -> str:
    """A figure with three digits behind the point, or a dash."""
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"


def spread(value: float, low: float, high: float) -> str:
    """A figure with its interval."""
    return f"{number(value)} [{number(low)}, {number(high)}]"


def listed(names: Sequence[str]) -> str:
    """Names with commas, or "none"."""
    return ", ".join(names) or "none"
