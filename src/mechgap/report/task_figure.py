"""A small run of a task as a picture: its inputs, and some of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kinds.categorical import Categorical
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.location import Location
from .task_canvas import Canvas
from .task_run import Run, appearance, drawn_run
from .task_scene import BarScene, GraphScene, draw_cell, draw_table, table_size

if TYPE_CHECKING:
    from ..tasks.task import Task

CELL, ROW, NAMES = 24.0, 15.0, 62.0
"""Width and height of a cell of a strip, and the room for names before it; in pixels."""
PAD, HEAD = 8.0, 20.0
WIDEST = 920.0
TABLES = 2
"""The most tables of pairs in a frame."""


@dataclass(frozen=True)
class Drawing:
    """A picture with its caption.

    Attributes:
        svg: the picture.
        caption: what it shows, a sentence or two.
    """

    svg: str
    caption: str


def run_figure(task: Task) -> Drawing:
    """Draw a small run of a task: a card for the inputs, then one for each of some frames.

    Raises:
        MechgapError: if the task cannot be run.
    """
    run = drawn_run(task)
    cards = _Cards(run)
    return Drawing(cards.svg(), _caption(run, cards))


class _Cards:
    """The cards of a run, laid out in rows."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.tables = [v for v in run.hints(Location.EDGE) if v.kind.refers or v.kind.links is None][:TABLES]
        if not self.tables and not _has_graph(run):
            self.tables = run.hints(Location.EDGE)[:TABLES]
        self.given = [v for v in run.read(Location.EDGE) if v.kind.links is None][:TABLES]
        self.scene = _scene(run)
        self.rows = [v for place in (Location.NODE, Location.GRAPH) for v in run.hints(place)]
        self.inputs = [v for place in (Location.NODE, Location.GRAPH) for v in run.read(place)]
        # Letters are read beside the marks that move over them: they stand in every card.
        self.beside = self.scene is None and not self.tables
        self.rows = [*self.inputs, *self.rows] if self.beside else self.rows

    def svg(self) -> str:
        """The picture."""
        positions: list[int | None] = [*([] if self.beside else [None]), *range(len(self.run.numbers))]
        width = max(self._width(position) for position in positions)
        columns = max(1, min(3, int((WIDEST - PAD) / (width + PAD)), len(positions)))
        canvas, top = Canvas(), PAD
        for first in range(0, len(positions), columns):
            row = positions[first : first + columns]
            height = max(self._height(position) for position in row)
            for number, position in enumerate(row):
                with canvas.at(PAD + number * (width + PAD), top):
                    canvas.box(0, 0, width, height, "card")
                    self._card(canvas, position, width)
            top += height + PAD
        title = f"A run of {self.run.program.name} in {self.run.last + 1} frames"
        return canvas.svg(PAD + columns * (width + PAD), top, title)

    def _shown(self, position: int | None) -> tuple[list[Variable], list[Variable]]:
        """The tables and the rows of a card."""
        return (self.given, self.inputs) if position is None else (self.tables, self.rows)

    def _pictured(self, position: int | None) -> bool:
        """Whether a card has the scene: a frame that is made of tables has not."""
        return self.scene is not None and (position is None or not self.tables)

    def _width(self, position: int | None) -> float:
        tables, _ = self._shown(position)
        strip = NAMES + self.run.nodes * CELL
        return max(strip, len(tables) * (table_size(self.run) + PAD) - PAD, 150.0) + 2 * PAD

    def _height(self, position: int | None) -> float:
        tables, rows = self._shown(position)
        height = HEAD + PAD
        if self.scene is not None and self._pictured(position):
            height += self.scene.height
        if tables:
            height += table_size(self.run) + PAD
        return height + (len(rows) + 1) * ROW

    def _card(self, canvas: Canvas, position: int | None, width: float) -> None:
        tables, rows = self._shown(position)
        name = "inputs" if position is None else f"frame {self.run.numbers[position]}"
        canvas.text(PAD, 14, name if position is None else f"{name} of {self.run.last}", "title")
        top = HEAD
        if self.scene is not None and self._pictured(position):
            left = PAD + NAMES if isinstance(self.scene, BarScene) else (width - self.scene.width) / 2
            with canvas.at(left, top):
                self.scene.draw(canvas, position)
            top += self.scene.height
        for number, variable in enumerate(tables):
            with canvas.at(PAD + number * (table_size(self.run) + PAD), top):
                draw_table(
                    canvas, variable, self._value(variable, position), self._before(variable, position)
                )
        top += table_size(self.run) + PAD if tables else 0.0
        with canvas.at(PAD, top):
            self._strip(canvas, rows, position)

    def _strip(self, canvas: Canvas, rows: Sequence[Variable], position: int | None) -> None:
        """A row for every variable, a column for every node."""
        if not rows:
            return
        order = list(range(self.run.nodes)) if position is None else self.run.order(position)
        local = [v for v in rows if v.location is Location.NODE]
        for place, node in enumerate(order):
            canvas.text(NAMES + (place + 0.5) * CELL, ROW - 4, str(node), "head")
        canvas.grid(NAMES, ROW, self.run.nodes, len(local), (CELL, ROW))
        for number, variable in enumerate(rows, 1):
            value, before = self._value(variable, position), self._before(variable, position)
            canvas.text(NAMES - 5, (number + 1) * ROW - 4, variable.name, "name")
            if variable.location is Location.GRAPH:
                changed = before is not None and before != value
                style = "rightmark" if changed else "word"
                canvas.text(NAMES + 2, (number + 1) * ROW - 4, _whole(variable, value), style)
                continue
            for place, node in enumerate(order):
                changed = before is not None and before[node] != value[node]
                box = (NAMES + place * CELL, number * ROW, CELL, ROW)
                draw_cell(canvas, variable, value[node], changed, box)

    def _value(self, variable: Variable, position: int | None) -> Any:
        run = self.run
        given = position is None or variable.name not in run.frames
        return run.inputs[variable.name] if given else run.frames[variable.name][position or 0]

    def _before(self, variable: Variable, position: int | None) -> Any:
        """The value in the frame that is drawn before."""
        return self._value(variable, position - 1) if position else None


def _scene(run: Run) -> GraphScene | BarScene | None:
    """The graph, or points, or else the first numbers of the nodes as bars."""
    if _has_graph(run) or {"x", "y"} <= set(run.inputs):
        return GraphScene(run)
    numbers = [v for v in run.read(Location.NODE) if isinstance(v.kind, Scalar)]
    return BarScene(run, numbers[0], CELL) if numbers else None


def _has_graph(run: Run) -> bool:
    return any(v.kind.links is not None for v in run.read(Location.EDGE))


def _whole(variable: Variable, value: Any) -> str:
    """A value of the graph as a word."""
    if isinstance(variable.kind, Categorical):
        return variable.kind.categories[int(value)]
    return str(value).lower() if isinstance(value, bool) else appearance(variable.kind, value)[0]


def _caption(run: Run, cards: _Cards) -> str:
    """What the picture shows."""
    parts = [f"A run on {run.nodes} nodes: its inputs, and some of its {run.last + 1} frames."]
    scene = cards.scene
    if isinstance(scene, GraphScene) and not cards.tables:
        looks = [
            f"the colour of a node is `{scene.shade.name}`" if scene.shade is not None else "",
            f"blue arrows are `{scene.arrows.name}`" if scene.arrows is not None else "",
            f"thick edges are `{scene.strong.name}`" if scene.strong is not None else "",
        ]
        said = ", ".join(filter(None, looks))
        parts.append(f"In the picture, {said}." if said else "")
    if isinstance(scene, BarScene):
        order = ", in the order of the list" if run.listing is not None else ""
        parts.append(f"Bars are `{scene.variable.name}`{order}.")
    parts.append("What changed since the frame drawn before is framed (or orange).")
    still = [f"`{v.name}`" for v in run.program.hints if run.constant(v)]
    parts.append(f"Not drawn, as they stay the same: {', '.join(still)}." if still else "")
    hidden = sum(v.internal for v in run.program.state)
    parts.append(f"Nor are the {hidden} internal variables." if hidden > 1 else "")
    return " ".join(filter(None, parts))
