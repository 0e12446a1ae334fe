"""Which array of the CLRS benchmark's parameters is which part of a network of this package.

The benchmark has a bias in every linear layer, also where several are summed; here these are one. Equal
functions, then, but not equal files: of biases that are summed, what is written holds them all in the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import MechgapError, Refusal

Arrays = Mapping[str, NDArray[np.float32]]

WHERE = "parameters of the CLRS benchmark"


@dataclass(frozen=True)
class Link:
    """A linear layer of the benchmark and what is the same here.

    Attributes:
        key: its module.
        weights: here [outputs, inputs], views of parameters; of several, the inputs are side by side.
        bias: here, shared by all layers that are summed; None where the benchmark's bias does nothing.
        names: of weight and bias.
    """

    key: str
    weights: tuple[Tensor, ...]
    bias: Tensor | None
    names: tuple[str, str] = ("w", "b")

    def read(self, arrays: Arrays) -> None:
        """Fill what is here.

        Raises:
            MechgapError: if an array is missing or has another shape.
        """
        weight = linear_weight(arrays, f"{self.key}/{self.names[0]}", self._weight().shape)
        sizes = [part.shape[-1] for part in self.weights]
        for part, value in zip(self.weights, torch.split(weight, sizes, -1), strict=True):
            part.copy_(value)
        if self.bias is not None:
            add_bias(arrays, f"{self.key}/{self.names[1]}", self.bias)

    def write(self, found: dict[str, NDArray[np.float32]], written: set[int]) -> None:
        """Add the benchmark's arrays, if no equal round did.

        Args:
            found: the arrays so far.
            written: where the biases lie that are in them.

        Raises:
            Refusal: if another round gave other arrays of the same names.
        """
        key, name = f"{self.key}/{self.names[0]}", f"{self.key}/{self.names[1]}"
        weight: NDArray[np.float32] = self._weight().numpy().T.copy()
        bias = np.zeros(weight.shape[-1], np.float32)
        if self.bias is not None and self.bias.data_ptr() not in written:
            written.add(self.bias.data_ptr())
            bias = self.bias.detach().numpy().copy()
        if key in found:
            if not (np.array_equal(found[key], weight) and np.array_equal(found[name], bias)):
                raise Refusal(
                    "a network for the CLRS benchmark",
                    f"rounds that differ ({self.key})",
                    "rounds with equal parameters: the benchmark repeats one round",
                    "give the network one round",
                )
            return
        found[key], found[name] = weight, bias

    def _weight(self) -> Tensor:
        """A copy of the weights side by side."""
        return torch.cat([part.detach() for part in self.weights], -1)


def linear_weight(arrays: Arrays, key: str, shape: torch.Size) -> Tensor:
    """The weight [outputs, inputs] of a layer, or the scale of a normalisation.

    Raises:
        MechgapError: if it is missing or has another shape.
    """
    weight = array_of(arrays, key).T
    if weight.shape != tuple(shape):
        raise misfit(key, f"an array of shape {list(weight.T.shape)}", list(shape)[::-1])
    return torch.from_numpy(np.array(weight, np.float32))


def add_bias(arrays: Arrays, key: str, bias: Tensor) -> None:
    """Add a layer's bias to what is here.

    Raises:
        MechgapError: if it is missing or has another shape.
    """
    given = array_of(arrays, key)
    if given.shape != tuple(bias.shape):
        raise misfit(key, f"an array of shape {list(given.shape)}", list(bias.shape))
    bias.add_(torch.from_numpy(np.array(given, np.float32)))


def numbered(name: str) -> Iterator[str]:
    """The names that the benchmark gives to layers made one after another under one name."""
    yield name
    number = 0
    while True:
        number += 1
        yield f"{name}_{number}"


def array_of(arrays: Arrays, key: str) -> NDArray[np.float32]:
    """An array by its name.

    Raises:
        MechgapError: if it is missing.
    """
    if key not in arrays:
        raise misfit(
            key,
            "no such array",
            "one: the processor has it, and the model decodes the hints that the program has",
        )
    return np.asarray(arrays[key])


def misfit(key: str, given: str, expected: object) -> MechgapError:
    """The error for an array that is not what the model's must be."""
    return MechgapError(
        f"{WHERE}, {key}",
        given,
        str(expected),
        "give all parameters of a model of this algorithm, and the name of its processor",
    )
