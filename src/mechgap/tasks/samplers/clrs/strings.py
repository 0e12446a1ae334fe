"""Inputs that are two strings, one after the other, over four letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .order import Order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs = dict[str, NDArray[Any]]

LETTERS = 4


def two_strings(rng: np.random.RandomState, order: Order) -> Inputs:
    """Two random strings, the second of half of the letters, rounded down; see ``string_inputs``."""
    import numpy as np

    letters = rng.randint(0, LETTERS, size=(order.count, order.length))
    first = np.full(order.count, order.length - order.length // 2)
    return string_inputs(letters, first)


def haystack_and_needle(rng: np.random.RandomState, order: Order) -> Inputs:
    """A random string that holds another one, and then this other one; see ``string_inputs``."""
    import numpy as np

    letters = np.empty((order.count, order.length), dtype=np.int64)
    first = np.empty(order.count, dtype=np.int64)
    for sample in range(order.count):
        size = _needle(rng, order)
        rest = order.length - size
        drawn = rng.randint(0, LETTERS, size=order.length)
        place = rng.randint(rest - size)
        letters[sample, :rest] = drawn[size:]
        letters[sample, rest:] = drawn[:size]
        letters[sample, place : place + size] = drawn[:size]
        first[sample] = rest
    return string_inputs(letters, first)


def _needle(rng: np.random.RandomState, order: Order) -> int:
    """The number of letters of one needle."""
    if order.needle is None:
        return usual_needle(order.length)
    return order.needle if order.needle > 0 else int(rng.randint(1, 1 - order.needle))


def usual_needle(length: int) -> int:
    """The letters of a needle where nothing else is asked for: a fifth of both strings, but at least one."""
    return max(1, length // 5)


def string_inputs(letters: NDArray[np.int64], first: NDArray[np.int64]) -> Inputs:
    """Inputs of two strings.

    Args:
        letters: number of the letter at each node, [count, length].
        first: letters of the first string, [count].

    Returns:
        ``string``, 1 in the second string and 0 in the first; ``pos``, the place in the own string
        divided by its length; ``key``, the letter as one of four [count, length, 4].
    """
    import numpy as np

    place, first = np.arange(letters.shape[1]), first[:, None]
    second = place >= first
    own = np.where(second, place - first, place)
    size = np.where(second, letters.shape[1] - first, first)
    return {"string": second.astype(float), "pos": own / size, "key": np.eye(LETTERS)[letters]}
