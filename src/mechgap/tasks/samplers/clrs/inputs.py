"""Inputs of the CLRS benchmark's thirty tasks, equal to those of its own samplers for every seed.

Source: Veličković et al., "The CLRS Algorithmic Reasoning Benchmark", ICML 2022, in the version of
dm-clrs 2.0.3. The same calls are made on the same ``RandomState``, sample after sample, but no
algorithm is run. Arrays have the names, shapes and types of the benchmark: ``[B, N]`` at nodes,
``[B, N, N]`` at edges, ``[B]`` at graphs, and a last axis for categories.

Two things differ on purpose. With one node the benchmark loses the axes of nodes; here they stay. And
what the benchmark ignores with a warning, such as ``p`` for a task without random edges, is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from ....errors import Fault, GraphError
from .order import Order
from .recipes import Recipe, recipe_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs = dict[str, NDArray[Any]]
    Chances = float | Sequence[float] | None

SEEDS = 2**32


def clrs_inputs(
    task: str,
    seed: int | np.random.RandomState,
    count: int,
    length: int,
    *,
    p: Chances = None,
    needle: int | None = None,
) -> Inputs:
    """A batch of the benchmark's sampler: what its first ``next(count)`` returns of ``count`` samples.

    The benchmark draws a batch from its samples with repetition, so that some samples come twice and
    others not at all; ``clrs_dataset`` gives each of them once.

    Args:
        task: one of ``recipes.RECIPES``.
        seed: of the sampler, from 0 to 2**32 - 1; or a state, which goes on.
        count: number of samples, and of entries of the batch.
        length: size of a sample. Tasks have as many nodes, except ``optimal_bst`` (one more) and
            ``segments_intersect`` (always four).
        p: probability of an edge, or several of which each sample draws one; the benchmark's if None.
        needle: letters of the string to look for, for the two matchers; -k for a number that each
            sample draws from 1 to k; a fifth of the length if None.

    Returns:
        Arrays by the names of the inputs.

    Raises:
        NotFoundError: if there is no such task.
        GraphError: if the task has no such samples (all reasons at once).
    """
    order, rng = _order(task, seed, count, length, p, needle), _state(seed)
    drawn = recipe_of(task).draw(rng, order)
    chosen = rng.choice(count, count)
    return {name: array[chosen] for name, array in drawn.items()}


def clrs_dataset(
    task: str,
    seed: int | np.random.RandomState,
    count: int,
    length: int,
    *,
    p: Chances = None,
    needle: int | None = None,
) -> Inputs:
    """All samples of the benchmark's sampler, each once, in order: what its ``next()`` returns.

    Args:
        seed: as for ``clrs_inputs``; or the state of a sampler that goes on, as one that was built with
            ``num_samples=-1`` does at each ``next(count)``.
        task, count, length, p, needle: see ``clrs_inputs``.

    Raises:
        NotFoundError: if there is no such task.
        GraphError: if the task has no such samples (all reasons at once).
    """
    order = _order(task, seed, count, length, p, needle)
    return recipe_of(task).draw(_state(seed), order)


def _order(task: str, seed: object, count: int, length: int, p: Chances, needle: int | None) -> Order:
    """What is asked for, if the task has it.

    Raises:
        GraphError: if not; with all reasons.
    """
    import numpy as np

    recipe, where = recipe_of(task), f"the CLRS sampler of {task}"
    faults = []
    if not (isinstance(seed, np.random.RandomState) or (_whole(seed) and 0 <= seed < SEEDS)):
        expected = f"a whole number from 0 to {SEEDS - 1}"
        faults.append(Fault(where, f"seed = {seed!r}", expected, "choose another seed"))
    for name, value, least in (("count", count, 1), ("length", length, recipe.least)):
        if not _whole(value) or value < least:
            expected = f"a whole number, at least {least}"
            faults.append(Fault(where, f"{name} = {value!r}", expected, f"ask for a greater {name}"))
    chances = _chances(recipe, p)
    if chances is None and recipe.chance is None:
        faults.append(Fault(where, f"p = {p!r}", "no p: nothing is random about edges", "leave p out"))
    elif chances is None:
        expected = "one or several probabilities in [0, 1]"
        faults.append(Fault(where, f"p = {p!r}", expected, "correct p"))
    if needle is not None and not recipe.needle:
        faults.append(Fault(where, f"needle = {needle!r}", "no needle: none is sought", "leave needle out"))
    elif needle is not None and not (_whole(needle) and _whole(length) and 0 < abs(needle) * 2 < length):
        expected = "a whole number, less than half of the length, -k for 1 to k letters; not 0"
        faults.append(Fault(where, f"needle = {needle!r}, length = {length!r}", expected, "correct needle"))
    if faults:
        raise GraphError.of(faults)
    return Order(count, length, chances or (), needle)


def _chances(recipe: Recipe, p: Chances) -> tuple[float, ...] | None:
    """The probabilities of an edge, of which there are none if none are random; None if p cannot be used."""
    import numpy as np

    if p is None:
        return () if recipe.chance is None else (recipe.chance,)
    try:
        given = np.atleast_1d(np.asarray(p, dtype=float))
    except (TypeError, ValueError):
        return None
    fit = given.ndim == 1 and given.size > 0 and bool(((given >= 0) & (given <= 1)).all())
    return tuple(given.tolist()) if fit and recipe.chance is not None else None


def _state(seed: int | np.random.RandomState) -> np.random.RandomState:
    """The state to draw from."""
    import numpy as np

    return seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)


def _whole(value: object) -> TypeGuard[int]:
    import numpy as np

    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
