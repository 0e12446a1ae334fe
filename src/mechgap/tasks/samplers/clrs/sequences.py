"""Inputs that are lists of numbers: sorting, searching, greedy choice and dynamic programming.

All numbers of a batch come in one call: the numbers of one sample follow those of the sample before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .order import Order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs = dict[str, NDArray[Any]]


def keys(rng: np.random.RandomState, order: Order) -> Inputs:
    """Keys, uniform in [0, 1): ``pos`` and ``key`` [count, length]."""
    return {"pos": positions(order), "key": rng.random_sample((order.count, order.length))}


def signed_keys(rng: np.random.RandomState, order: Order) -> Inputs:
    """Keys, uniform in [-1, 1): ``pos`` and ``key`` [count, length]."""
    return {"pos": positions(order), "key": rng.uniform(-1.0, 1.0, (order.count, order.length))}


def dimensions(rng: np.random.RandomState, order: Order) -> Inputs:
    """Dimensions of a chain of matrices, uniform in [0, 1): ``pos`` and ``p`` [count, length]."""
    return {"pos": positions(order), "p": rng.random_sample((order.count, order.length))}


def sorted_keys(rng: np.random.RandomState, order: Order) -> Inputs:
    """Ascending keys and a number to look for: ``pos``, ``key`` [count, length], ``target`` [count]."""
    import numpy as np

    drawn = rng.random_sample((order.count, order.length + 1))
    return {
        "pos": positions(order),
        "key": np.sort(drawn[:, :-1], axis=1),
        "target": drawn[:, -1].copy(),
    }


def activities(rng: np.random.RandomState, order: Order) -> Inputs:
    """Begins and ends of activities, the less and the greater of two numbers: ``pos``, ``s``, ``f``."""
    drawn = rng.random_sample((order.count, 2, order.length))
    return {"pos": positions(order), "s": drawn.min(1), "f": drawn.max(1)}


def deadlines(rng: np.random.RandomState, order: Order) -> Inputs:
    """Deadlines from 1 to the number of jobs, whole, and weights in [0, 1): ``pos``, ``d``, ``w``."""
    import numpy as np

    whole = np.empty((order.count, order.length), dtype=np.int64)
    weights = np.empty((order.count, order.length))
    for sample in range(order.count):
        whole[sample] = rng.randint(0, order.length, size=order.length)
        weights[sample] = rng.random_sample(order.length)
    return {"pos": positions(order), "d": whole + 1, "w": weights}


def search_chances(rng: np.random.RandomState, order: Order) -> Inputs:
    """Chances that a search finds a key, ``p``, or ends between two keys, ``q``; they sum to 1.

    There is one gap more than keys, so that there are length + 1 nodes; ``p`` of the last one is 0.
    """
    import numpy as np

    drawn = rng.random_sample((order.count, 2 * order.length + 1))
    drawn /= drawn.sum(1, keepdims=True)
    found = np.zeros((order.count, order.length + 1))
    found[:, :-1] = drawn[:, : order.length]
    nodes = Order(order.count, order.length + 1)
    return {"pos": positions(nodes), "p": found, "q": drawn[:, order.length :].copy()}


def positions(order: Order) -> NDArray[np.float64]:
    """The number of each node, divided by the number of nodes: [count, length]."""
    import numpy as np

    return np.tile(np.arange(order.length) / order.length, (order.count, 1))
