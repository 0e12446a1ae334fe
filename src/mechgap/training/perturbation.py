"""Networks with noise on their weights: what runs begin with that look for the way back."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Sequence

import numpy as np
import torch

from ..errors import MechgapError
from ..nets.network import Network

SCALES = ("weight", "tensor")


def perturbed(
    network: Network, deviation: float, seed: Sequence[int], *, part: str = "", scale: str = "weight"
) -> Network:
    """A network with Gaussian noise on its weights, rounded to their own format.

    Args:
        network: stays as it is.
        deviation: standard deviation of the noise, relative to a scale.
        seed: numbers; the noise of a parameter follows from them and its name.
        part: only of the parameters whose names start so; by default of all.
        scale: "weight" for each weight's own size, so that weights are multiplied by 1 + deviation · N(0, 1)
            and those of 0 stay 0; "tensor" for the root of the mean square of the parameter, so that
            noise is added to all of its weights.

    Raises:
        MechgapError: if the deviation is negative or not finite, or there is no such scale.
    """
    if not 0 <= deviation < float("inf") or scale not in SCALES:
        raise MechgapError(
            "noise on weights",
            f"deviation = {deviation}, scale = {scale!r}",
            f"a deviation of 0 or more, and one of {', '.join(SCALES)}",
            "correct it",
        )
    found = copy.deepcopy(network)
    with torch.no_grad():
        for name, weight in found.named_parameters():
            if not name.startswith(part):
                continue
            own = np.random.default_rng((*seed, zlib.crc32(name.encode())))
            generator = torch.Generator().manual_seed(int(own.integers(2**62)))
            drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            if scale == "weight":
                weight.copy_(weight.double() * (1.0 + deviation * drawn))
            elif weight.numel():
                size = weight.double().square().mean().sqrt()
                weight.copy_(weight.double() + deviation * size * drawn)
    return found
