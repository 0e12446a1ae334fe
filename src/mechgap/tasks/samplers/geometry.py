"""Random points and segments of the plane, with the distributions of the CLRS benchmark.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022, and its code.

Inputs ``pos`` = i / N and the coordinates ``x``, ``y``. Points have no edges: ``p`` is accepted, as all
samplers do, and ignored. Both samplers raise a GraphError for a size or count below 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .draws import blocks, generator, grid, make_batch, uniforms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...semantics.batch import Batch
    from .draws import Connectivity, Seed

ENDS = 4
RADIUS = 2.0
FLAT = 1e-12
"""Three points are collinear if twice the area of their triangle is smaller."""


def sample_segments(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Two segments with ends uniform in the unit square; half of the pairs are drawn to intersect.

    For segments_intersect. Nodes 0 and 1 are the ends of one segment, nodes 2 and 3 of the other: as
    in the benchmark there are always 4 nodes, whatever ``size`` is.
    """
    import numpy as np

    rng = generator(seed, size, count)
    wanted = rng.integers(2, size=count).astype(bool)
    ends = np.empty((count, 2, ENDS), dtype=np.float32)
    open_rows = np.arange(count)
    while open_rows.size:
        drawn = uniforms(rng, (open_rows.size, 2, ENDS))
        ends[open_rows] = drawn
        open_rows = open_rows[segments_cross(drawn) != wanted[open_rows]]
    return _points(ends)


def sample_points(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Points uniform in a disk of radius 2, no three of them collinear; for graham_scan and jarvis_march."""
    import numpy as np

    rng = generator(seed, size, count)
    points = _disk(rng, size, count)
    open_rows = np.flatnonzero(collinear(points))
    while open_rows.size:
        drawn = _disk(rng, size, open_rows.size)
        points[open_rows] = drawn
        open_rows = open_rows[collinear(drawn)]
    return _points(points)


def segments_cross(ends: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[B], whether the segment of nodes 0 and 1 crosses that of nodes 2 and 3; ends are [B, 2, 4].

    Exact for multiples of 2**-24 in [0, 1): the products of their differences have at most 48 bits.
    """
    x, y = ends.astype(float).transpose(1, 2, 0)

    def turns_left(a: int, b: int, c: int) -> NDArray[np.bool_]:
        left: NDArray[np.bool_] = (y[c] - y[a]) * (x[b] - x[a]) > (y[b] - y[a]) * (x[c] - x[a])
        return left

    apart = turns_left(0, 2, 3) != turns_left(1, 2, 3)
    cross: NDArray[np.bool_] = apart & (turns_left(0, 1, 2) != turns_left(0, 1, 3))
    return cross


def collinear(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[B], whether some three of the points [B, 2, N] span a triangle of twice the area below 1e-12.

    Around each point the directions to the others are sorted, modulo half a turn: a flat triangle makes
    two neighbouring ones near each other. Only such bundles of directions are looked at pair by pair.
    So it takes O(N**2 log N) per graph.
    """
    import numpy as np

    count, _, size = points.shape
    found = np.zeros(count, dtype=bool)
    if size < 3:
        return found
    for rows in blocks(count, 8 * size**2):
        x, y = points[rows].astype(float).transpose(1, 0, 2)
        across, up = x[:, None, :] - x[:, :, None], y[:, None, :] - y[:, :, None]
        graphs, centres = np.nonzero(_narrow(across, up))
        for some in blocks(graphs.size, 8 * size**2):
            bundle = graphs[some], centres[some]
            flat = _flat(across[bundle], up[bundle], bundle[1])
            found[rows.start + bundle[0][flat]] = True
    return found


def _narrow(across: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[B, N], whether two directions (across, up) [B, N, N] from a point may belong to a flat triangle.

    A direction is measured by up / (|across| + |up|), signed so that opposite ones agree: a number with
    period 2 that changes by at most the change of the angle. In a flat triangle the sine of the angle at
    a point is below FLAT / d**2, with d the distance to the nearest other point, hence the bound.
    """
    import numpy as np

    count, size, _ = up.shape
    length = across + np.copysign(up, across)
    length.reshape(count, -1)[:, :: size + 1] = np.inf
    nearest = np.abs(length).min(axis=1) ** 2 / 2
    with np.errstate(invalid="ignore"):  # two points at one place have no direction
        turned = up / length
        turned.reshape(count, -1)[:, :: size + 1] = np.inf
        turned.sort(axis=2)
        turned[:, :, -1] = turned[:, :, 0] + 2
        gap = np.diff(turned).min(axis=2)
        wide: NDArray[np.bool_] = gap * nearest > 2 * FLAT + 1e-14 * nearest
    return ~wide


def _flat(
    across: NDArray[np.float64], up: NDArray[np.float64], centre: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """[R], whether some two of the directions [R, N] from a point span a flat triangle with it."""
    import numpy as np

    area = np.abs(across[:, :, None] * up[:, None, :] - across[:, None, :] * up[:, :, None])
    other = np.arange(across.shape[1]) != centre[:, None]
    pairs = other[:, :, None] & other[:, None, :] & np.tri(across.shape[1], k=-1, dtype=bool)
    found: NDArray[np.bool_] = ((area < FLAT) & pairs).any(axis=(1, 2))
    return found


def _disk(rng: np.random.Generator, size: int, count: int) -> NDArray[np.float32]:
    """Points uniform in the disk, [count, 2, size]."""
    import numpy as np

    angle, share = uniforms(rng, (2, count, size))
    angle *= np.float32(2 * np.pi)
    distance = np.float32(RADIUS) * np.sqrt(share)
    return np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)


def _points(points: NDArray[np.float32]) -> Batch:
    """The inputs of points [B, 2, N]."""
    return make_batch(grid(points.shape[-1]), {"x": points[:, 0].copy(), "y": points[:, 1].copy()})
