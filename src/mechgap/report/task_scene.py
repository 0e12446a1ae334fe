"""Pictures of one frame of a run: the graph, points of the plane, bars, and tables of pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..kinds.categorical import Categorical
from ..kinds.mask import MaskOne
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.location import Location
from .task_canvas import Canvas, Point
from .task_run import Run, appearance

RADIUS, SPREAD, ROOM = 10.0, 46.0, 28.0
"""Of the nodes, of the ring on which they stand, and of the room around it for marks; in pixels."""
SIDE = 2 * (SPREAD + ROOM)
"""Width and height of a picture of a graph."""
BARS = 58.0
"""Height of a row of bars."""
CELL = 24.0
"""Side of a cell of a table."""
MOST_LETTERS = 12
"""Of the words beside a node."""


class GraphScene:
    """The graph of a run: nodes on a ring, or where they lie in the plane.

    The first categorical, mask or number of the nodes that changes is the colour of the nodes, the
    first pointer is drawn as arrows, the first mask of pairs as thick edges. Beside each node stand
    the names of the mask_ones that hold there.

    Args:
        run: what is drawn.
    """

    width = height = SIDE

    def __init__(self, run: Run) -> None:
        self._run = run
        self._spots = _in_the_plane(run) or _on_a_ring(run.nodes)
        hints = run.hints(Location.NODE)
        self.arrows = next((v for v in hints if v.kind.refers), None)
        self.shade = _shading(hints)
        masks = [v for v in run.hints(Location.EDGE) if v.kind.links is not None and not v.kind.refers]
        self.strong = masks[0] if masks else None
        edges = [v for v in run.program.inputs if v.location is Location.EDGE and v.kind.links is not None]
        self._edges = _pairs(run.inputs[edges[0].name]) if edges and edges[0].name in run.inputs else []

    def draw(self, canvas: Canvas, position: int | None) -> None:
        """Draw a frame; None for the inputs alone."""
        for start, end in self._edges:
            self._edge(canvas, start, end, "edge", (end, start) not in self._edges)
        if position is not None and self.strong is not None:
            held = _pairs(self._run.frames[self.strong.name][position])
            for start, end in held:
                self._edge(canvas, start, end, "strong", (end, start) not in held)
        if position is not None and self.arrows is not None:
            for node, other in enumerate(self._run.frames[self.arrows.name][position]):
                if 0 <= other < self._run.nodes:
                    spots = self._spots
                    canvas.arrow(spots[node], spots[other], "pointer", bend=0.12, gap=RADIUS + 1)
        shades = self._shades(position)
        marks = _marks(self._run, position)
        for node, spot in enumerate(self._spots):
            canvas.disc(spot, RADIUS, "node")
            if shades[node] > 0:
                canvas.disc(spot, RADIUS, "full", 0.75 * shades[node])
            canvas.text(spot[0], spot[1] + 3, str(node), "number")
            _mark(canvas, spot, " ".join(marks[node]))

    def _edge(self, canvas: Canvas, start: int, end: int, style: str, one_way: bool) -> None:
        if one_way:
            canvas.arrow(
                self._spots[start], self._spots[end], style if style == "strong" else "edge", 0, RADIUS
            )
        elif start < end:
            canvas.line(self._spots[start], self._spots[end], style)

    def _shades(self, position: int | None) -> list[float]:
        if position is None or self.shade is None:
            return [0.0] * self._run.nodes
        values = self._run.frames[self.shade.name]
        return [_level(self.shade, value, values) for value in values[position]]


class BarScene:
    """Numbers of the nodes as bars, in the order of the nodes or of the list that the run makes.

    Args:
        run: what is drawn.
        variable: an input, a number of every node.
        cell: width of a bar with its share of the gaps.
    """

    height = BARS

    def __init__(self, run: Run, variable: Variable, cell: float) -> None:
        self._run = run
        self.variable = variable
        self._values: Sequence[float] = run.inputs[variable.name]
        self._cell = cell
        self.width = run.nodes * cell

    def draw(self, canvas: Canvas, position: int | None) -> None:
        """Draw a frame; None for the inputs alone."""
        order = range(self._run.nodes) if position is None else self._run.order(position)
        low, high = min(0.0, *self._values), max(0.0, *self._values)
        span = (high - low) or 1.0
        ground = BARS * high / span
        for place, node in enumerate(order):
            height = BARS * abs(self._values[node]) / span
            top = ground - height if self._values[node] >= 0 else ground
            canvas.box(place * self._cell + 3, top, self._cell - 6, max(height, 0.5), "full", 0.55)


def table_size(run: Run) -> float:
    """Width and height of a table of pairs, with its heads."""
    return CELL * (run.nodes + 1)


def draw_table(canvas: Canvas, variable: Variable, matrix: Any, before: Any) -> None:
    """A value of pairs as a table, senders down and receivers across; what changed is framed.

    Args:
        canvas: where to draw.
        variable: what is shown.
        matrix: its value, a list of rows.
        before: its value in the frame shown before, or None.
    """
    count = len(matrix)
    canvas.text(0, CELL - 6, variable.name, "word")
    for k in range(count):
        if len(variable.name) < 4 or k > 0:
            canvas.text(CELL * (k + 1.5), CELL - 6, str(k), "head")
        canvas.text(CELL / 2, CELL * (k + 1.5) + 3, str(k), "head")
    canvas.grid(CELL, CELL, count, count, (CELL, CELL))
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            changed = before is not None and before[i][j] != value
            draw_cell(canvas, variable, value, changed, (CELL * (j + 1), CELL * (i + 1), CELL, CELL))


def draw_cell(
    canvas: Canvas, variable: Variable, value: Any, changed: bool, box: tuple[float, float, float, float]
) -> None:
    """One value in a cell (left, top, width, height)."""
    x, y, width, height = box
    text, shade = appearance(variable.kind, value)
    if shade > 0:
        canvas.box(x + 1, y + 1, width - 2, height - 2, "full", 0.75 * shade)
    canvas.text(x + width / 2, y + height / 2 + 3, text, "number")
    if changed:
        canvas.box(x + 1, y + 1, width - 2, height - 2, "changed")


def _on_a_ring(nodes: int) -> list[Point]:
    middle = SPREAD + ROOM
    angles = [2 * math.pi * node / nodes - math.pi / 2 for node in range(nodes)]
    return [(middle + SPREAD * math.cos(a), middle + SPREAD * math.sin(a)) for a in angles]


def _in_the_plane(run: Run) -> list[Point] | None:
    """Where nodes with coordinates lie; both axes have one scale."""
    if not {"x", "y"} <= set(run.inputs):
        return None
    x, y = run.inputs["x"], run.inputs["y"]
    span = max(max(x) - min(x), max(y) - min(y)) or 1.0
    scale, middle = 2 * SPREAD / span, SPREAD + ROOM
    centre = ((max(x) + min(x)) / 2, (max(y) + min(y)) / 2)
    return [
        (middle + scale * (a - centre[0]), middle - scale * (b - centre[1]))
        for a, b in zip(x, y, strict=True)
    ]


def _mark(canvas: Canvas, spot: Point, words: str) -> None:
    """Words beside a node, outside of the ring; many of them above it."""
    if len(words) > MOST_LETTERS:
        canvas.text(spot[0], spot[1] - RADIUS - 4, words, "mark")
        return
    middle = SPREAD + ROOM
    dx, dy = spot[0] - middle, spot[1] - middle
    length = math.hypot(dx, dy) or 1.0
    side = dx / length
    style = "mark" if abs(side) < 0.3 else ("rightmark" if side > 0 else "leftmark")
    far = RADIUS + (9 if style == "mark" else 3)
    canvas.text(spot[0] + far * side, spot[1] + far * dy / length + 3, words, style)


def _shading(hints: Sequence[Variable]) -> Variable | None:
    """The variable that colours the nodes."""
    plain = [v for v in hints if not v.kind.refers]
    masks = [v for v in plain if v.kind.links is not None]
    named = [v for v in plain if isinstance(v.kind, Categorical)]
    return next(iter([*named, *masks, *[v for v in plain if isinstance(v.kind, Scalar)]]), None)


def _level(variable: Variable, value: Any, values: Sequence[Sequence[Any]]) -> float:
    """How dark a node is, from 0 to 1; a number between the least and the most of all drawn frames."""
    if not isinstance(variable.kind, Scalar):
        return appearance(variable.kind, value)[1]
    every = [one for frame in values for one in frame]
    return float((value - min(every)) / ((max(every) - min(every)) or 1.0))


def _pairs(matrix: Any) -> list[tuple[int, int]]:
    """Where a mask of pairs holds, loops left aside."""
    return [(i, j) for i, row in enumerate(matrix) for j, value in enumerate(row) if value and i != j]


def _marks(run: Run, position: int | None) -> list[list[str]]:
    """For each node the names of the mask_ones that hold there."""
    found: list[list[str]] = [[] for _ in range(run.nodes)]
    for name, mask in _held(run, position):
        found[mask.index(True)].append(name)
    return found


def _held(run: Run, position: int | None) -> Iterator[tuple[str, list[bool]]]:
    chosen = [(v, run.inputs[v.name]) for v in run.read(Location.NODE)]
    if position is not None:
        chosen = [(v, run.frames[v.name][position]) for v in run.hints(Location.NODE)]
    for variable, value in chosen:
        if is_one(variable) and True in value:
            yield variable.name, value


def is_one(variable: Variable) -> bool:
    """Whether a variable marks one node."""
    return isinstance(variable.kind, MaskOne)
