"""Where networks run: the processor, or an accelerator that PyTorch has."""

from __future__ import annotations

import torch

from ..errors import NotFoundError


def device_of(name: str) -> torch.device:
    """The device of a name such as "cpu", "cuda" or "cuda:1".

    Raises:
        NotFoundError: if there is none of that name here on which PyTorch can compute.
    """
    try:
        probe = torch.ones(1, device=name)
        probe.add(1.0).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise NotFoundError(
            "the device to run on",
            repr(name),
            f"one that PyTorch {torch.__version__} has here: {', '.join(_seen())}",
            "choose another device, or install a build of PyTorch for this one",
        ) from error
    return probe.device


def _seen() -> list[str]:
    found = ["cpu"]
    if torch.cuda.is_available():
        found += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found
