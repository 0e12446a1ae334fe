"""Drawn graphs and matrices as SVG: attention as arrows, states as colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .palette import paint

Plain = Mapping[str, Any]
Floats = NDArray[np.float64]
Point = tuple[float, float]
SIDE, MARGIN, RADIUS = 360.0, 46.0, 15.0
FAINT = {True: 0.04, False: 0.12}
"""Attention below this is not drawn: at receivers whose choice counts, and at the others."""
THICK = 6.5
INKS = {"untrained": "muted"}
"""Colours of runs where they decide; that of untrained networks stands for what decides nothing."""
STARTS, ROUNDS = 12, 150
"""Of the search for places of the nodes."""
CELL = 24.0


def places(nodes: int, edges: Sequence[Sequence[int]]) -> Floats:
    """Where the nodes of a graph are drawn, [N, 2] in the unit square.

    Distances on the page follow the numbers of steps between nodes (Gansner, Koren & North 2004,
    stress majorisation); the best of several starts is taken, always the same for the same graph.
    """
    angles = 2 * np.pi * np.arange(nodes) / max(nodes, 1)
    spots = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if edges and nodes > 2:
        wanted = _hops(nodes, edges)
        rng = np.random.default_rng(0)
        starts = [spots, *(rng.normal(size=(STARTS, nodes, 2)) * nodes**0.5)]
        spots = _turned(min((_settled(start, wanted) for start in starts), key=lambda s: _stress(s, wanted)))
    low, high = spots.min(0), spots.max(0)
    return np.asarray((spots - low) / np.maximum(high - low, 1e-9))


def _hops(nodes: int, edges: Sequence[Sequence[int]]) -> Floats:
    """Steps between nodes, both ways; up to 3 where there is no path."""
    steps = np.full((nodes, nodes), np.inf)
    np.fill_diagonal(steps, 0.0)
    for i, j in edges:
        steps[i, j] = steps[j, i] = 1.0
    for k in range(nodes):
        steps = np.minimum(steps, steps[:, k : k + 1] + steps[k : k + 1])
    largest = steps[np.isfinite(steps)].max()
    return np.where(np.isfinite(steps), steps, min(max(2.0, largest), 3.0))


def _settled(spots: Floats, wanted: Floats) -> Floats:
    """Places whose distances are as near to the wanted ones as they come from a start."""
    weights = np.where(wanted > 0, 1.0 / np.maximum(wanted, 1e-9) ** 2, 0.0)
    for _ in range(ROUNDS):
        apart = spots[:, None] - spots[None]
        length = np.maximum(np.sqrt((apart**2).sum(-1)), 1e-9)
        pulled = spots[None] + wanted[..., None] * apart / length[..., None]
        spots = np.asarray((weights[..., None] * pulled).sum(1) / weights.sum(1)[:, None])
    return spots


def _stress(spots: Floats, wanted: Floats) -> float:
    """How far the distances are from the wanted ones."""
    lengths = np.sqrt(((spots[:, None] - spots[None]) ** 2).sum(-1))
    return float((((lengths - wanted) / np.maximum(wanted, 1.0)) ** 2).sum())


def _turned(spots: Floats) -> Floats:
    """The drawing turned so that it is widest from left to right."""
    middle = spots - spots.mean(0)
    _, _, axes = np.linalg.svd(middle, full_matrices=False)
    return np.asarray(middle @ axes.T)


def levels(variable: Plain, values: Sequence[float], least: float, most: float) -> list[float]:
    """How dark the nodes are, from 0 to 1: of a category its place, of a pointer whether it leads away."""
    if variable["refers"]:
        return [float(int(value) != node) for node, value in enumerate(values)]
    span = len(variable["categories"]) - 1 if variable["categories"] else most - least
    low = 0.0 if variable["categories"] else least
    return [(value - low) / span if span > 0 else 0.0 for value in values]


def graph_drawing(example: Plain, spots: Floats, run: str, step: int, shades: Sequence[float]) -> str:
    """The graph in one step: states as colours of the nodes, attention as arrows from the senders."""
    points = [(MARGIN + x * (SIDE - 2 * MARGIN), MARGIN + y * (SIDE - 2 * MARGIN)) for x, y in spots]
    parts = [
        _bar(points[i], points[j], "line")
        for i, j in example["edges"]
        if i < j or [j, i] not in example["edges"]
    ]
    matrix, colour = example["runs"][run]["attention"], INKS.get(run, run)
    if matrix is not None:
        deciding = _deciding(example, step)
        arrows = [
            (
                weight,
                _arrow(
                    points[sender], points[receiver], weight, colour if receiver in deciding else "untrained"
                ),
            )
            for receiver, row in enumerate(matrix[step])
            for sender, weight in enumerate(row)
            if weight > FAINT[receiver in deciding]
        ]
        parts += [text for _, text in sorted(arrows)]
    parts += [_node(point, node, shades[node]) for node, point in enumerate(points)]
    title = f"{run} network, step {step + 1}"
    return _svg(SIDE, SIDE, title, parts)


def matrix_drawing(example: Plain, run: str, step: int) -> str:
    """The attention of one step as a matrix: receivers down, senders across; admissible cells framed."""
    matrix = example["runs"][run]["attention"]
    count, parts = len(matrix[step]), []
    admissible, deciding = example["admissible"], _deciding(example, step)
    side = CELL * (count + 1)
    for k in range(count):
        middle = CELL * (k + 1.5)
        parts.append(_label(middle, CELL * 0.7, k))
        parts.append(_label(CELL * 0.55, middle + 4, k))
    for i, row in enumerate(matrix[step]):
        for j, weight in enumerate(row):
            x, y = CELL * (j + 1), CELL * (i + 1)
            colour = paint(INKS.get(run, run) if i in deciding else "untrained")
            parts.append(
                f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{CELL - 2:g}" height="{CELL - 2:g}" rx="3" '
                f'fill="{colour}" fill-opacity="{max(weight, 0.04):.3f}"><title>{i} attends {j}: '
                f"{weight:.3f}</title></rect>"
            )
            if admissible is not None and admissible[step][i][j]:
                parts.append(
                    f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{CELL - 2:g}" height="{CELL - 2:g}" rx="3" '
                    f'fill="none" stroke="{paint("ink")}" stroke-width="1.6"/>'
                )
    return _svg(side, side, f"attention of the {run} network in step {step + 1}", parts)


def answer_drawing(
    example: Plain,
    spots: Floats,
    title: str,
    said: tuple[Sequence[float], Sequence[Sequence[int]], Sequence[int]],
) -> str:
    """The graph of an exchange with answers: as colours of the nodes, or as arrows to nodes.

    Args:
        example: with nodes, edges, numbers on them, and the node of the exchange, which gets a square.
        spots: where the nodes are, [N, 2].
        title: for those who cannot see it.
        said: how dark each node is, arrows (from, to), and nodes whose answer is wrong, with a dashed ring.
    """
    shades, arrows, wrong = said
    points = [(MARGIN + x * (SIDE - 2 * MARGIN), MARGIN + y * (SIDE - 2 * MARGIN)) for x, y in spots]
    parts = [
        _bar(points[i], points[j], "line")
        for i, j in example["edges"]
        if i < j or [j, i] not in example["edges"]
    ]
    for i, j, number in example["numbers"]:
        # Both directions of an edge have a number: each stands nearer to its sender.
        x, y = (points[i][axis] * 0.6 + points[j][axis] * 0.4 for axis in (0, 1))
        if i < j or [j, i, number] not in example["numbers"]:
            parts.append(_label(x, y + 4, f"{number:.2g}"))
    parts += [_arrow(points[i], points[j], 0.25, "state") for i, j in arrows if i != j]
    parts += [_node(point, node, shades[node]) for node, point in enumerate(points)]
    parts += [_ring(points[node], RADIUS + 4, 'stroke-dasharray="4 3"', "trained") for node in wrong]
    x, y = points[example["node"]]
    side = 2 * RADIUS + 12
    parts.append(
        f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:g}" height="{side:g}" rx="5" '
        f'fill="none" stroke="{paint("ink")}" stroke-width="2"/>'
    )
    return _svg(SIDE, SIDE, title, parts)


def gap_drawing(gap: Plain | None, marks: Mapping[str, Sequence[float]]) -> str:
    """A figure on the scale from exact (left) to untrained (right), with its interval.

    Args:
        gap: from 0 to 1 with its interval; None draws nothing.
        marks: where references stand, as ``mechgap.report.table.scale_marks`` gives them.
    """
    width, height = 132.0, 18.0
    if gap is None or gap["value"] is None:
        return ""

    def place(value: float) -> float:
        return 16 + min(max(value, -0.12), 1.12) * (width - 32)

    low, value, high = (place(gap[part]) for part in ("low", "value", "high"))
    middle = height / 2
    parts = [
        _bar((16.0, middle), (width - 16, middle), "line"),
        *_band([place(x) for x in marks.get("untrained", ())], height),
        _bar((16.0, 4.0), (16.0, height - 4), "compiled"),
        *(_bar((place(x), 5.0), (place(x), 9.0), "compiled") for x in marks.get("exact", ())),
        _bar((width - 16, 4.0), (width - 16, height - 4), "untrained"),
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:g}" y2="{middle:g}" stroke="{paint("trained")}" '
        'stroke-width="4" stroke-linecap="round" stroke-opacity="0.45"/>',
        *(_ring((place(x), middle), 3.5, "", "untrained") for x in marks.get("inert", ())),
        f'<circle cx="{value:.1f}" cy="{middle:g}" r="4.5" fill="{paint("trained")}"/>',
    ]
    words = f"gap {gap['value']:.3f}, from {gap['low']:.3f} to {gap['high']:.3f}"
    return _svg(width, height, words, parts, "gap")


def _deciding(example: Plain, step: int) -> set[int]:
    """The receivers whose choice counts in a step; all if nothing says so."""
    if example["admissible"] is None:
        return set(range(example["nodes"]))
    return {i for i, row in enumerate(example["admissible"][step]) if any(row)}


def _svg(width: float, height: float, title: str, parts: Sequence[str], style: str = "drawing") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{style}" viewBox="0 0 {width:g} {height:g}" '
        f'role="img" aria-label="{title}">{"".join(parts)}</svg>'
    )


def _bar(start: Point, end: Point, colour: str) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{paint(colour)}" stroke-width="2"/>'
    )


def _arrow(start: Point, end: Point, weight: float, colour: str) -> str:
    """An arrow from sender to receiver as thick as the attention; a ring for attention to oneself."""
    width = 0.6 + (THICK - 0.6) * weight
    opacity = 0.9 if colour != "untrained" else 0.4
    look = f'stroke="{paint(colour)}" stroke-opacity="{opacity}" fill="none"'
    if start == end:
        radius = RADIUS + width / 2 + 1.5
        ring = f'cx="{end[0]:.1f}" cy="{end[1]:.1f}" r="{radius:.1f}" stroke-width="{width:.2f}"'
        return f"<circle {ring} {look}/>"
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    bend = 0.12 * length
    mx, my = (start[0] + end[0]) / 2 - uy * bend, (start[1] + end[1]) / 2 + ux * bend
    ax, ay = mx - end[0], my - end[1]
    back = math.hypot(ax, ay) or 1.0
    ax, ay = ax / back, ay / back
    tip = (end[0] + ax * (RADIUS + 2), end[1] + ay * (RADIUS + 2))
    size = 5.0 + width
    neck = (tip[0] + ax * size, tip[1] + ay * size)
    half = 0.55 * size
    head = (
        f"{tip[0]:.1f},{tip[1]:.1f} {neck[0] - ay * half:.1f},{neck[1] + ax * half:.1f} "
        f"{neck[0] + ay * half:.1f},{neck[1] - ax * half:.1f}"
    )
    return (
        f'<path d="M{start[0]:.1f} {start[1]:.1f} Q{mx:.1f} {my:.1f} {neck[0]:.1f} {neck[1]:.1f}" {look} '
        f'stroke-width="{width:.2f}"/>'
        f'<polygon points="{head}" fill="{paint(colour)}" fill-opacity="{opacity}"/>'
    )


def _node(point: Point, node: int, shade: float) -> str:
    x, y = point
    ink = "onstate" if shade > 0.6 else "ink"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:g}" fill="{paint("card")}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:g}" fill="{paint("state")}" '
        f'fill-opacity="{min(max(shade, 0.0), 1.0):.2f}" stroke="{paint("muted")}" stroke-width="1.2"/>'
        f'<text x="{x:.1f}" y="{y + 4.5:.1f}" text-anchor="middle" font-size="13" font-weight="600" '
        f'fill="{paint(ink)}">{node}</text>'
    )


def _band(ends: Sequence[float], height: float) -> list[str]:
    """A pale band between two ends; none without them."""
    if len(ends) < 2:
        return []
    low, high = min(ends), max(ends)
    return [
        f'<rect x="{low:.1f}" y="4" width="{high - low:.1f}" height="{height - 8:g}" '
        f'fill="{paint("untrained")}" fill-opacity="0.2"/>'
    ]


def _ring(point: Point, radius: float, look: str, colour: str) -> str:
    return (
        f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="{radius:.1f}" fill="none" '
        f'stroke="{paint(colour)}" stroke-width="2" {look}/>'
    )


def _label(x: float, y: float, number: int | str) -> str:
    look = f'text-anchor="middle" font-size="12" fill="{paint("muted")}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{number}</text>'
