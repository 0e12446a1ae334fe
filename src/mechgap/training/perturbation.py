"""Compiled networks as training can begin with them: with noise on weights, or with softer comparisons."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Sequence

import numpy as np
import torch

from ..errors import MechgapError
from ..kinds.scalar import Scalar
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


def softened(network: Network, largest: float = 2.0**14) -> Network:
    """A network without weights so large that training would overflow.

    A compiled network compares real numbers by units of a slope of up to 2^100, whose gradients no
    float32 holds the square of. Here each row of weights is scaled down until its largest is
    ``largest``, and its bias with it if that is larger too: a comparison becomes a ramp of that slope,
    right for numbers at least 1 / ``largest`` apart. What is certified of the network no longer holds,
    and where choices are made by attention between keys of many orders of magnitude, as GATv2 and
    transformers do with real numbers, its answers are lost: validate it before training.

    Args:
        network: stays as it is.
        largest: slope, above 0.

    Raises:
        MechgapError: if the slope is not above 0.
    """
    if not largest > 0:
        raise MechgapError("softer comparisons", f"largest = {largest}", "a slope above 0", "correct it")
    found = copy.deepcopy(network)
    weights = dict(found.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            if weight.dim() != 2 or not weight.numel():
                continue
            share = (largest / weight.abs().amax(1)).clamp(max=1.0)
            weight.mul_(share[:, None])
            bias = weights.get(f"{name.removesuffix('weight')}bias")
            if bias is not None:
                bias.copy_(torch.where(bias.abs() > largest, bias * share, bias))
    return found


def confident(network: Network, factor: float) -> Network:
    """A network whose logits of everything but numbers are larger by a factor.

    It decides as before. A compiled network decides by margins of about a half, at which right answers
    still cost, so that training moves its weights; with larger logits the cost is nearly 0.

    Args:
        network: stays as it is.
        factor: above 0; powers of two round nothing.

    Raises:
        MechgapError: if the factor is not above 0 and finite.
    """
    if not 0 < factor < float("inf"):
        raise MechgapError("larger logits", f"factor = {factor}", "a factor above 0", "correct it")
    found = copy.deepcopy(network)
    for key, port in found.ports.items():
        if not isinstance(port.kind, Scalar):
            found.readouts[key].sharpen(factor)  # type: ignore[operator]
    return found
