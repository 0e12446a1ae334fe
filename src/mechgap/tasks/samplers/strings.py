"""Random pairs of strings over four letters, with the distributions of the CLRS benchmark.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022, and its code.

The nodes are the letters of the first string, then those of the second. Inputs: ``string``, a mask of
the second; ``pos``, i / length within a string of that length; ``key``, the letter. Strings have no
edges: ``p`` is accepted, as all samplers do, and ignored. Both samplers raise a GraphError for fewer than
2 letters in all and for a count below 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .draws import generator, grid, make_batch, random_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...semantics.batch import Batch
    from .draws import Connectivity, Seed

LETTERS = 4
NEEDLE_SHARE = 5
"""The needle has one letter of so many."""


def sample_matching(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """A haystack, and a needle that was put into it: inputs ``string``, ``pos``, ``key``.

    For naive_string_matcher and kmp_matcher. The needle has size // 5 letters, at least 1. It may lie
    at every place of the haystack except, as in the benchmark, the last (unless that is the only one).
    """
    import numpy as np

    rng = generator(seed, size, count, least=2)
    needle = max(size // NEEDLE_SHARE, 1)
    haystack = size - needle
    letters = random_letters(rng, size, count)
    start = rng.integers(max(haystack - needle, 1), size=(count, 1))
    np.put_along_axis(letters, start + np.arange(needle), letters[:, haystack:], axis=1)
    return _pair(letters, haystack)


def sample_two_strings(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Two independent strings of size - size // 2 and size // 2 letters; for lcs_length.

    Inputs ``string``, ``pos``, ``key``.
    """
    rng = generator(seed, size, count, least=2)
    return _pair(random_letters(rng, size, count), size - size // 2)


def random_letters(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """Uniformly random letters [count, size], as numbers from 0."""
    import numpy as np

    return (random_bytes(rng, (count, size)) % LETTERS).astype(np.int64)


def _pair(letters: NDArray[np.int64], first: int) -> Batch:
    """The inputs of two strings, of which the first has that many letters."""
    import numpy as np

    count, size = letters.shape
    positions = np.concatenate([grid(first), grid(size - first)])
    second = np.broadcast_to(np.arange(size) >= first, (count, size))
    return make_batch(positions, {"string": second.copy(), "key": letters})
