"""What the samplers draw from: generators, exact coins from few random bits, numbers, permutations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import GraphError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...semantics.batch import Batch

    Seed = int | np.random.Generator
    Connectivity = float | Sequence[float] | None

BYTE = 256
"""Number of values of a byte."""
BLOCK = 2**19
"""Bytes of an array that are worked on together, at least one graph: so many stay in the cache."""


def generator(seed: Seed, size: int, count: int, *, least: int = 1) -> np.random.Generator:
    """The generator to draw from; that of a number is SFC64, the fastest of NumPy's.

    Args:
        seed: a seed, or a generator to draw from.
        size: number of nodes of each graph.
        count: number of graphs.
        least: the smallest size for which there is an input.

    Raises:
        GraphError: if no graph of that size, or no batch of that length, exists.
    """
    import numpy as np

    if size < least or count < 1:
        raise GraphError(
            "a sampler",
            f"{count} graphs of {size} nodes",
            f"at least one graph of at least {least} node{'s' * (least > 1)}",
            "ask for a positive size and count" if least == 1 else f"ask for a size from {least} on",
        )
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.Generator(np.random.SFC64(seed))


def blocks(count: int, weight: int) -> Iterator[slice]:
    """The rows of a batch in turns, as many at a time as have ``BLOCK`` bytes together.

    Args:
        count: number of graphs.
        weight: bytes of each in the largest array.
    """
    step = max(BLOCK // weight, 1)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def random_chances(
    rng: np.random.Generator, count: int, p: Connectivity, *, default: float
) -> NDArray[np.float64]:
    """A probability for each graph, [count].

    Args:
        rng: the generator to draw from.
        count: number of graphs.
        p: one probability, or several of which each graph draws one; None means the default.
        default: the probability of the benchmark.

    Raises:
        GraphError: if p is not one or several probabilities.
    """
    import numpy as np

    given = np.atleast_1d(np.asarray(default if p is None else p, dtype=float))
    if given.ndim != 1 or given.size == 0 or not ((given >= 0) & (given <= 1)).all():
        raise GraphError(
            "a sampler, option p", f"p = {p}", "one or several probabilities in [0, 1]", "correct p"
        )
    return np.full(count, given[0]) if given.size == 1 else rng.choice(given, count)


def random_coins(
    rng: np.random.Generator, chances: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Independent coins [count, *shape] that are true with the probability of their graph, [count].

    One random byte decides a coin, except where it equals 256 times the probability rounded down: there
    a uniform number decides by the remainder. So the probability is exact, for one byte a coin.
    """
    import numpy as np

    scaled = chances * BYTE
    whole = np.minimum(scaled, BYTE - 1).astype(np.uint8)
    rest = scaled - whole
    thrown = random_bytes(rng, (chances.size, *shape))
    threshold = whole.reshape(-1, *[1] * len(shape))
    coins = thrown < threshold
    if rest.any():
        ties = np.flatnonzero(thrown == threshold)
        coins.ravel()[ties] = rng.random(ties.size) < rest[ties // thrown[0].size]
    return coins


def random_bytes(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Uniform random bytes, eight of each random word."""
    import numpy as np

    total = int(np.prod(shape))
    words = rng.integers(2**64 - 1, size=-(-total // 8), dtype=np.uint64, endpoint=True)
    return words.view(np.uint8)[:total].reshape(shape)


def uniforms(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Uniform numbers in [0, 1), multiples of 2**-24."""
    import numpy as np

    total = int(np.prod(shape))
    words = rng.integers(2**64 - 1, size=-(-total // 2), dtype=np.uint64, endpoint=True).view(np.uint32)
    words >>= 8
    numbers = words.view(np.int32)[:total].astype(np.float32)
    numbers *= np.float32(2**-24)
    return numbers.reshape(shape)


def permutations(rng: np.random.Generator, size: int, count: int) -> NDArray[Any]:
    """Uniformly random permutations of 0 … size - 1, [count, size], as small whole numbers."""
    import numpy as np

    order = np.arange(size, dtype=np.min_scalar_type(size))
    return rng.permuted(np.broadcast_to(order, (count, size)), axis=1)


def grid(size: int) -> NDArray[np.float32]:
    """The positions i / size of the nodes of a sequence, [size]."""
    import numpy as np

    return (np.arange(size) / size).astype(np.float32)


def make_batch(positions: NDArray[np.float32], values: Mapping[str, NDArray[Any]]) -> Batch:
    """A batch of graphs of one size, all nodes of which are real.

    Args:
        positions: the input ``pos`` of every graph, [N].
        values: the other inputs [B, …], of the types that a batch has.
    """
    import torch

    from ...semantics.batch import Batch

    count = len(next(iter(values.values())))
    tensors = {name: torch.from_numpy(array) for name, array in values.items()}
    pos = torch.from_numpy(positions).expand(count, positions.size)
    return Batch({"pos": pos, **tensors}, torch.ones(count, positions.size, dtype=torch.bool))
