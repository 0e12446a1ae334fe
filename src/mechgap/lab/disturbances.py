"""What is done to networks to see what they bear: noise on weights, rounded activations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..nets.hidden import Hidden
    from ..nets.network import Network


def with_noise(network: Network, deviation: float, seed: tuple[int, ...], part: str = "") -> Network:
    """A network with weights multiplied by 1 + deviation · N(0, 1), each, rounded to their own format.

    Args:
        network: stays as it is.
        deviation: standard deviation, relative to each weight's own size; weights of 0 stay 0.
        seed: of the noise; that of a parameter follows from the seed and its name.
        part: only of the parameters whose names start so; by default of all.
    """
    from ..training.perturbation import perturbed

    return perturbed(network, deviation, seed, part=part)


@contextmanager
def rounded_activations(network: Network, dtype: torch.dtype) -> Iterator[None]:
    """Within the block, hidden vectors are rounded to a format after every round."""
    from ..nets.hidden import Hidden

    def rounded(module: object, inputs: object, outputs: tuple[Hidden, Tensor]) -> tuple[Hidden, Tensor]:
        hidden, attention = outputs
        parts = (part.to(dtype).to(part.dtype) for part in (hidden.nodes, hidden.pairs))
        return Hidden(*parts), attention

    rounds = (*network.prologue, *network.rounds)
    handles = [module.register_forward_hook(rounded) for module in rounds]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
