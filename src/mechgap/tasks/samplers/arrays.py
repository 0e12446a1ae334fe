"""Random sequences of numbers, with the distributions of the CLRS benchmark.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022, and its code.

Every sampler draws ``count`` sequences of ``size`` nodes with the input ``pos`` = i / size. Sequences
have no edges: ``p`` is accepted, as all samplers do, and ignored. All raise a GraphError for a size or
count below 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .draws import generator, grid, make_batch, uniforms

if TYPE_CHECKING:
    from ...semantics.batch import Batch
    from .draws import Connectivity, Seed


def sample_keys(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Keys uniform in [0, 1): inputs ``pos``, ``key``; for the sorts, minimum and quickselect."""
    rng = generator(seed, size, count)
    return make_batch(grid(size), {"key": uniforms(rng, (count, size))})


def sample_search(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Sorted keys and a target, uniform in [0, 1): inputs ``pos``, ``key``, ``target``; for binary_search."""
    rng = generator(seed, size, count)
    keys = uniforms(rng, (count, size))
    keys.sort(axis=1)
    return make_batch(grid(size), {"key": keys, "target": uniforms(rng, (count,))})


def sample_signed_keys(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Keys uniform in [-1, 1): inputs ``pos``, ``key``; for find_maximum_subarray_kadane."""
    rng = generator(seed, size, count)
    return make_batch(grid(size), {"key": 2 * uniforms(rng, (count, size)) - 1})


def sample_activities(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Start and finish, the smaller and the larger of two numbers uniform in [0, 1).

    Inputs ``pos``, ``s``, ``f``; for activity_selector.
    """
    import numpy as np

    rng = generator(seed, size, count)
    one, other = uniforms(rng, (2, count, size))
    return make_batch(grid(size), {"s": np.minimum(one, other), "f": np.maximum(one, other)})


def sample_deadlines(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Deadlines uniform in 1 … size and values uniform in [0, 1): inputs ``pos``, ``d``, ``w``.

    For task_scheduling.
    """
    import numpy as np

    rng = generator(seed, size, count)
    deadlines = rng.integers(1, size, size=(count, size), endpoint=True).astype(np.float32)
    return make_batch(grid(size), {"d": deadlines, "w": uniforms(rng, (count, size))})


def sample_chain(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Dimensions of a chain of matrices, uniform in [0, 1): inputs ``pos``, ``p``; for matrix_chain_order."""
    rng = generator(seed, size, count)
    return make_batch(grid(size), {"p": uniforms(rng, (count, size))})


def sample_search_tree(seed: Seed, size: int, count: int, *, p: Connectivity = None) -> Batch:
    """Chances of size - 1 keys and of the size gaps between them: inputs ``pos``, ``p``, ``q``.

    For optimal_bst. The chances are numbers uniform in [0, 1), divided by their sum; the last ``p`` is 0.
    """
    import numpy as np

    rng = generator(seed, size, count)
    chances = uniforms(rng, (count, 2 * size - 1)).astype(np.float64)
    chances /= chances.sum(axis=1, keepdims=True)
    keys = np.zeros((count, size), dtype=np.float32)
    keys[:, :-1] = chances[:, : size - 1]
    return make_batch(grid(size), {"p": keys, "q": chances[:, size - 1 :].astype(np.float32)})
