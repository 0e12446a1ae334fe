"""Inputs that are points of the plane: two segments, and points of a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....errors import GraphError
from .order import Order
from .sequences import positions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs = dict[str, NDArray[Any]]

ENDS = 4
RADIUS = 2.0
ATTEMPTS = 1000
COLLINEAR = 1e-12


def segments(rng: np.random.RandomState, order: Order) -> Inputs:
    """Ends of two segments in the unit square: ``pos``, ``x``, ``y`` [count, 4], whatever the length.

    A coin says whether they shall cross; ends are drawn until they do as it says.
    """
    import numpy as np

    ends = np.empty((order.count, 2, ENDS))
    for sample in range(order.count):
        shall_cross = rng.random_sample() > 0.5
        drawn = rng.random_sample((2, ENDS))
        while segments_cross(*drawn.tolist()) != shall_cross:
            drawn = rng.random_sample((2, ENDS))
        ends[sample] = drawn
    return {"pos": positions(Order(order.count, ENDS)), "x": ends[:, 0].copy(), "y": ends[:, 1].copy()}


def segments_cross(x: list[float], y: list[float]) -> bool:
    """Whether the segment of the first two points crosses that of the last two; touching is not looked at."""

    def left(a: int, b: int, c: int) -> bool:
        return (y[c] - y[a]) * (x[b] - x[a]) > (y[b] - y[a]) * (x[c] - x[a])

    return left(0, 2, 3) != left(1, 2, 3) and left(0, 1, 2) != left(0, 1, 3)


def points(rng: np.random.RandomState, order: Order) -> Inputs:
    """Points of a disk of radius 2, no three on one line: ``pos``, ``x``, ``y`` [count, length].

    Raises:
        GraphError: if a thousand attempts for one sample had three points on one line.
    """
    import numpy as np

    size = order.length
    places = np.empty((order.count, 2, size))
    for sample in range(order.count):
        for _ in range(ATTEMPTS):
            angles = rng.uniform(0.0, 2.0 * np.pi, size)
            distances = RADIUS * np.sqrt(rng.random_sample(size))
            x, y = distances * np.cos(angles), distances * np.sin(angles)
            if not some_collinear(x, y):
                break
        else:
            raise GraphError(
                "the CLRS sampler of points",
                f"{ATTEMPTS} times {size} points of which three lie on one line",
                "points in general position",
                "ask for fewer points",
            )
        places[sample] = x, y
    return {"pos": positions(order), "x": places[:, 0].copy(), "y": places[:, 1].copy()}


def some_collinear(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Whether three of the points [n] span a parallelogram of an area below 1e-12.

    A bound settles most points in n log n steps each; n squared areas are computed for the others.
    """
    import numpy as np

    if len(x) < 3:
        return False
    right, up = x - x[:, None], y - y[:, None]
    for first in np.flatnonzero(_suspects(right, up)):
        a, b = right[first, first + 1 :], up[first, first + 1 :]
        area = a[:, None] * b - b[:, None] * a
        np.fill_diagonal(area, np.inf)
        if (np.abs(area) < COLLINEAR).any():
            return True
    return False


def _suspects(right: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The points [n] that a bound alone does not clear of being on one line with two others.

    Seen from one point, two others span the area |d d' (t - t')|, d being how far they are to the
    right and t their slopes. So the area is at least the least d squared, times the least gap between
    neighbours in the order of slopes. The bound must pass ten times what is asked for, which leaves
    room for rounding: differences are below 4, so that areas are off by less than 1e-13.

    Args:
        right, up: differences of coordinates, [n, n], n at least 3.
    """
    import numpy as np

    size = len(right)
    others = ~np.eye(size, dtype=bool)
    right = right[others].reshape(size, size - 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slopes = np.sort(up[others].reshape(size, size - 1) / right, axis=1)
        bound = np.diff(slopes, axis=1).min(1) * np.abs(right).min(1) ** 2
    return np.asarray(~(bound > 10 * COLLINEAR))
