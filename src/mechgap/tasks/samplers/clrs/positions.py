"""Random positions of nodes, as the CLRS benchmark gives them to its models in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....errors import GraphError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def with_random_positions(
    inputs: Mapping[str, NDArray[Any]], seed: int | np.random.RandomState
) -> dict[str, NDArray[Any]]:
    """The same inputs with ``pos`` drawn from [0, 1) and sorted; of two strings, each alone.

    Equals what the benchmark's ``process_random_pos`` makes of a batch with the same state. Its
    training draws from one state for all batches, and does this for training and validation only.

    Args:
        inputs: arrays by name; ``pos`` is [count, nodes], 0 at the first node of each string.
        seed: of a state of its own, or a state, which goes on.

    Raises:
        GraphError: if ``pos`` is missing, or its first column is not 0 (it was made random before).
    """
    import numpy as np

    old = inputs.get("pos")
    if old is None or old.ndim != 2 or not old.size or (old[:, 0] != 0).any():
        raise GraphError(
            "random positions, input pos",
            "no pos" if old is None else f"pos {list(old.shape)} whose first column is not all 0",
            "pos [count, nodes], 0 at the first node of each string",
            "give the inputs as a CLRS sampler draws them",
        )
    rng = seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)
    drawn = rng.uniform(size=old.shape)
    string = np.cumsum(old == 0, axis=1)
    ranks = np.lexsort((drawn, string), axis=1)
    return {**inputs, "pos": np.take_along_axis(drawn, ranks, axis=1)}
