"""Pairs up two sets of the same size so that the costs of the pairs sum to as little as possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The column of each row in a cheapest assignment (Kuhn 1955, with the shortest paths of Jonker 1987).

    Args:
        cost: [n, n], finite.

    Returns:
        [n], each column once.
    """
    size = len(cost)
    row_price, column_price = np.zeros(size + 1), np.zeros(size + 1)
    owner = np.full(size + 1, -1)  # of each column; the last one is the start of every path
    for row in range(size):
        owner[size], column = row, size
        shortest, before = np.full(size, np.inf), np.full(size, size)
        done = np.zeros(size + 1, dtype=bool)
        while owner[column] >= 0:
            done[column] = True
            reduced = cost[owner[column]] - row_price[owner[column]] - column_price[:size]
            better = ~done[:size] & (reduced < shortest)
            shortest[better], before[better] = reduced[better], column
            open_columns = np.where(done[:size], np.inf, shortest)
            following = int(open_columns.argmin())
            step = open_columns[following]
            row_price[owner[done]] += step
            column_price[done] -= step
            shortest[~done[:size]] -= step
            column = following
        while column != size:
            owner[column] = owner[before[column]]
            column = int(before[column])
    found = np.empty(size, dtype=np.int64)
    found[owner[:size]] = np.arange(size)
    return found
