"""A sheet on which small pictures are drawn as SVG, the same byte for byte each time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from .palette import LIGHT

Point = tuple[float, float]

_NAMES = "http://www.w3.org/2000/svg"
_STYLES = {
    "card": f"fill:{LIGHT['card']};stroke:{LIGHT['line']}",
    "title": f"font-size:11px;font-weight:600;fill:{LIGHT['ink']}",
    "name": f"text-anchor:end;fill:{LIGHT['muted']}",
    "head": f"text-anchor:middle;fill:{LIGHT['muted']}",
    "number": f"text-anchor:middle;fill:{LIGHT['ink']}",
    "word": f"fill:{LIGHT['ink']}",
    "mark": f"text-anchor:middle;font-weight:600;fill:{LIGHT['trained']}",
    "leftmark": f"text-anchor:end;font-weight:600;fill:{LIGHT['trained']}",
    "rightmark": f"font-weight:600;fill:{LIGHT['trained']}",
    "grid": f"fill:none;stroke:{LIGHT['line']}",
    "full": f"fill:{LIGHT['state']}",
    "changed": f"fill:none;stroke:{LIGHT['trained']};stroke-width:1.6",
    "node": f"fill:{LIGHT['card']};stroke:{LIGHT['muted']}",
    "edge": f"stroke:{LIGHT['untrained']};stroke-opacity:.55;fill:none",
    "edgetip": f"fill:{LIGHT['untrained']}",
    "strong": f"stroke:{LIGHT['state']};stroke-width:3;stroke-opacity:.6;fill:none",
    "strongtip": f"fill:{LIGHT['state']}",
    "pointer": f"stroke:{LIGHT['compiled']};stroke-width:1.8;fill:none",
    "pointertip": f"fill:{LIGHT['compiled']}",
}
"""What things look like; light colours, on a card of their own, so that any page can show the picture."""


class Canvas:
    """Collects the parts of a picture; coordinates are pixels from the top left."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._used: set[str] = set()
        self._origin: Point = (0.0, 0.0)

    @contextmanager
    def at(self, x: float, y: float) -> Iterator[None]:
        """Shift what is drawn inside."""
        old = self._origin
        self._origin = (old[0] + x, old[1] + y)
        yield
        self._origin = old

    def text(self, x: float, y: float, text: str, style: str) -> None:
        """A word; ``y`` is its base line."""
        if text:
            self._add(style, "text", f'x="{self._x(x)}" y="{self._y(y)}"', escape(text, quote=False))

    def box(self, x: float, y: float, width: float, height: float, style: str, shade: float = 1.0) -> None:
        """A rectangle; ``shade`` is its opacity."""
        shape = f'x="{self._x(x)}" y="{self._y(y)}" width="{_short(width)}" height="{_short(height)}"'
        self._add(style, "rect", shape + _opacity(shade))

    def grid(self, x: float, y: float, columns: int, rows: int, cell: Point) -> None:
        """The lines between cells and around them."""
        width, height = cell
        path = [f"M{self._x(x)} {self._y(y + k * height)}h{_short(columns * width)}" for k in range(rows + 1)]
        path += [
            f"M{self._x(x + k * width)} {self._y(y)}v{_short(rows * height)}" for k in range(columns + 1)
        ]
        self._add("grid", "path", f'd="{"".join(path)}"')

    def disc(self, centre: Point, radius: float, style: str, shade: float = 1.0) -> None:
        """A circle."""
        shape = f'cx="{self._x(centre[0])}" cy="{self._y(centre[1])}" r="{_short(radius)}"'
        self._add(style, "circle", shape + _opacity(shade))

    def line(self, start: Point, end: Point, style: str) -> None:
        """A straight line."""
        path = f"M{self._x(start[0])} {self._y(start[1])}L{self._x(end[0])} {self._y(end[1])}"
        self._add(style, "path", f'd="{path}"')

    def arrow(self, start: Point, end: Point, style: str, bend: float = 0.0, gap: float = 0.0) -> None:
        """An arrow that ends ``gap`` before its end; ``bend`` is how far it curves, as a share of its length.

        The tip has the style of that name with ``tip`` behind it.
        """
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy)
        if length <= gap:
            return
        middle = ((start[0] + end[0]) / 2 - dy * bend, (start[1] + end[1]) / 2 + dx * bend)
        ax, ay = middle[0] - end[0], middle[1] - end[1]
        back = math.hypot(ax, ay)
        ax, ay = ax / back, ay / back
        tip, neck = ((end[0] + ax * far, end[1] + ay * far) for far in (gap, gap + 6.0))
        path = f"M{self._x(start[0])} {self._y(start[1])}Q{self._x(middle[0])} {self._y(middle[1])} "
        self._add(style, "path", f'd="{path}{self._x(neck[0])} {self._y(neck[1])}"')
        corners = (tip, (neck[0] - ay * 3, neck[1] + ax * 3), (neck[0] + ay * 3, neck[1] - ax * 3))
        points = "L".join(f"{self._x(x)} {self._y(y)}" for x, y in corners)
        self._add(f"{style}tip", "path", f'd="M{points}z"')

    def svg(self, width: float, height: float, title: str) -> str:
        """The picture, with a title that says in words what it shows."""
        size = f"{_short(width)} {_short(height)}"
        styles = "".join(f".{name}{{{look}}}" for name, look in _STYLES.items() if name in self._used)
        font = "text{font:9px ui-sans-serif,system-ui,sans-serif}"
        return "\n".join(
            [
                f'<svg xmlns="{_NAMES}" viewBox="0 0 {size}" width="{_short(width)}" role="img">',
                f"<title>{escape(title, quote=False)}</title>",
                f"<style>{font}{styles}</style>",
                *self._parts,
                "</svg>\n",
            ]
        )

    def _add(self, style: str, tag: str, shape: str, content: str = "") -> None:
        self._used.add(style)
        start = f'<{tag} class="{style}" {shape}'
        self._parts.append(f"{start}>{content}</{tag}>" if content else f"{start}/>")

    def _x(self, x: float) -> str:
        return _short(self._origin[0] + x)

    def _y(self, y: float) -> str:
        return _short(self._origin[1] + y)


def _short(number: float) -> str:
    """A number with at most one digit after the point."""
    text = f"{number:.1f}"
    return "0" if text in ("0.0", "-0.0") else text.removesuffix(".0")


def _opacity(shade: float) -> str:
    return "" if shade >= 1 else f' fill-opacity="{shade:.2f}"'
