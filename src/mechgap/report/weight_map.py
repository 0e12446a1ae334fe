"""A picture of all weights that are not zero, in the colours of the operations they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FileFormatError
from .explanation import named

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..compiler.provenance import Provenance, Weight

PALETTE = "tab20"
GREYS = (14, 15)
"""Colours of the palette that would be taken for none."""
COLOURS = 18
"""Operations with a colour of their own; those with fewer weights are grey."""
COLUMNS = 7
PANEL = 1.9
"""Width and height of a panel in inches."""
FAINTEST = 0.45
TEXT = 70
"""Letters of an operation in the legend."""
SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Panel:
    """One layer.

    Attributes:
        name: of the layer.
        shape: rows and columns; a bias is a column after those of the weights.
        weights: those that are not zero.
    """

    name: str
    shape: tuple[int, int]
    weights: tuple[Weight, ...]


def panels(shapes: dict[str, tuple[int, ...]], weights: Sequence[Weight]) -> list[Panel]:
    """The layers that have any weight, in the order of the network.

    Args:
        shapes: parameter -> its shape.
        weights: those that are not zero.
    """
    found: dict[str, list[Weight]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for name, shape in shapes.items():
        layer, width = _layer(name), shape[1] if len(shape) > 1 else 1
        sizes[layer] = (shape[0], width + (sizes[layer][1] if layer in sizes else 0))
    for weight in weights:
        found.setdefault(_layer(weight.parameter), []).append(weight)
    return [Panel(layer, size, tuple(found[layer])) for layer, size in sizes.items() if layer in found]


def _layer(parameter: str) -> str:
    return parameter.removesuffix(".weight").removesuffix(".bias")


def draw_weights(path: Path, title: str, provenance: Provenance, found: Sequence[Panel]) -> None:
    """Draw every layer as a map: colours are operations, strong colours large weights.

    Args:
        path: of the picture: .png, .svg or .pdf.
        title: over the picture.
        provenance: of the weights.
        found: the layers.

    Raises:
        FileFormatError: if the suffix is of no picture, or the file cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise FileFormatError(
            f"the picture {path}", f"the suffix {path.suffix!r}", " or ".join(SUFFIXES), "choose one of these"
        )
    from matplotlib.figure import Figure

    columns = min(COLUMNS, max(1, len(found)))
    rows = -(-len(found) // columns)
    colours = _colours([weight for panel in found for weight in panel.weights])
    lines = len(colours) // 2 + 1
    figure = Figure(figsize=(columns * PANEL + 0.6, rows * PANEL + 0.22 * lines + 0.6), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        axes.set_axis_off()
    for axes, panel in zip(grid, found, strict=False):
        _draw(axes, panel, colours)
    figure.suptitle(title)
    _legend(figure, provenance, colours)
    try:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise FileFormatError(
            f"the picture {path}", f"{error}", "a place that can be written to", "choose another file"
        ) from error


def _colours(weights: Sequence[Weight]) -> dict[int, tuple[float, float, float]]:
    """Operation -> colour, for those with the most weights; the others go without."""
    import matplotlib

    counts = Counter(weight.row.operation for weight in weights if weight.row is not None)
    palette = matplotlib.colormaps[PALETTE]
    free = [k for k in range(palette.N) if k not in GREYS]
    order = sorted(k for k, _ in counts.most_common(COLOURS))
    return {operation: palette(k)[:3] for k, operation in zip(free, order, strict=False)}


def picture(panel: Panel, colours: dict[int, tuple[float, float, float]]) -> NDArray[np.float64]:
    """[rows, columns, 4], the red, green, blue and strength of each weight; zero where there is none."""
    import numpy as np

    cells = np.zeros((*panel.shape, 4))
    sizes = np.log2([1.0 + abs(weight.value) for weight in panel.weights])
    strengths = FAINTEST + (1 - FAINTEST) * sizes / max(float(sizes.max()), 1e-9)
    for weight, strength in zip(panel.weights, strengths, strict=True):
        operation = -1 if weight.row is None else weight.row.operation
        row, column = (*weight.place, panel.shape[1] - 1)[:2]
        cells[row, column] = (*colours.get(operation, (0.5, 0.5, 0.5)), strength)
    return cells


def _draw(axes: Axes, panel: Panel, colours: dict[int, tuple[float, float, float]]) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator

    axes.set_axis_on()
    axes.imshow(picture(panel, colours), aspect="auto", interpolation="nearest")
    axes.set_title(f"{panel.name}\n{panel.shape[0]} × {panel.shape[1]}", fontsize=6)
    axes.tick_params(labelsize=5, length=0)
    for axis, count in zip((axes.yaxis, axes.xaxis), panel.shape, strict=True):
        axis.set_major_locator(MaxNLocator(5, integer=True) if count > 1 else FixedLocator([0]))


def _legend(figure: object, provenance: Provenance, colours: dict[int, tuple[float, float, float]]) -> None:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    assert isinstance(figure, Figure)
    patches = []
    for operation, colour in colours.items():
        text = named(provenance.operations[operation])
        short = text if len(text) <= TEXT else f"{text[: TEXT - 2]} …"
        patches.append(Patch(color=colour, label=f"#{operation} {short}".replace("$", r"\$")))
    if len(provenance.operations) > len(colours):
        patches.append(Patch(color=(0.5, 0.5, 0.5), label="other operations"))
    figure.legend(handles=patches, loc="outside lower left", ncols=2, fontsize=6, frameon=False)
