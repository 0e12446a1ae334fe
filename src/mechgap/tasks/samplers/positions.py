"""Random positions in place of even ones, as the CLRS benchmark trains with.

Source: Ibarz et al., "A Generalist Neural Algorithmic Learner", 2022. A network that is trained on
random numbers in order cannot rely on the grid i / N, which changes with N.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import GraphError
from .draws import generator, uniforms

if TYPE_CHECKING:
    from ...semantics.batch import Batch
    from .draws import Seed


def random_positions(batch: Batch, seed: Seed) -> Batch:
    """The same batch with the input ``pos`` replaced by sorted numbers uniform in [0, 1).

    Where there is an input ``string``, the numbers are sorted within each of the two strings. Padding
    gets 0.

    Raises:
        GraphError: if the batch has no input ``pos``.
    """
    import numpy as np
    import torch

    from ...semantics.batch import Batch

    if "pos" not in batch.values:
        raise GraphError(
            "random positions",
            f"inputs {', '.join(batch.values)}",
            "an input pos",
            "leave positions as they are",
        )
    count, width = batch.nodes.shape
    rng = generator(seed, width, count)
    section = np.where(batch.nodes.cpu().numpy(), 0, 2)
    if "string" in batch.values:
        section |= batch.values["string"].cpu().numpy()
    drawn = np.sort(section + uniforms(rng, (count, width)).astype(np.float64), axis=1) % 1
    positions = np.empty_like(drawn)
    np.put_along_axis(positions, np.argsort(section, axis=1, kind="stable"), drawn, axis=1)
    positions[section > 1] = 0
    pos = torch.from_numpy(positions.astype(np.float32)).to(batch.nodes.device)
    return Batch({**batch.values, "pos": pos}, batch.nodes)
