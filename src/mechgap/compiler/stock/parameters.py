"""The parameters of the benchmark's network by their names, as plain arrays that are filled row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]
"""Name of a module, a slash, and w or b -> array; w is [inputs, outputs]."""

CODERS = "net/~_construct_encoders_decoders"
"""Where encoders and decoders are."""


@dataclass(frozen=True)
class Stock:
    """Parameters of the benchmark's network.

    Attributes:
        task: name of the program.
        processor: of the benchmark.
        arrays: name of a parameter -> array.
        width: H, the benchmark's hidden_dim.
        rounds: the benchmark's nb_msg_passing_steps.
        n: largest number of nodes.
        heads: the benchmark's nb_heads.
        undirected: whether it is right only for inputs of edges that are the same in both directions.
        silent: hints that no decoder of the network can show; their decoders are 0.
    """

    task: str
    processor: str
    arrays: Arrays
    width: int
    rounds: int
    n: int
    heads: int = 1
    undirected: bool = False
    silent: tuple[str, ...] = ()


class Parameters:
    """Arrays of zeros that are filled."""

    def __init__(self) -> None:
        self._found: dict[str, NDArray[np.float32]] = {}

    def layer(self, name: str, inputs: int, outputs: int) -> Layer:
        """A new linear layer."""
        weight, bias = np.zeros((inputs, outputs), np.float32), np.zeros(outputs, np.float32)
        self._found |= {f"{name}/w": weight, f"{name}/b": bias}
        return Layer(weight, bias)

    def arrays(self) -> Arrays:
        """All of them."""
        return dict(self._found)


class Layer:
    """A linear layer x w + b.

    Args:
        weight: w [inputs, outputs].
        bias: b [outputs].
    """

    def __init__(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self.weight = weight
        self.bias = bias

    def add(self, output: int, terms: Iterable[tuple[int, float]], constant: float = 0.0) -> None:
        """Add terms, each an input and its coefficient, and a constant to an output."""
        for place, coefficient in terms:
            self.weight[place, output] += np.float32(coefficient)
        self.bias[output] += np.float32(constant)


def numbered(name: str, count: int) -> tuple[str, ...]:
    """The names that the benchmark gives to layers made one after another under one name."""
    return (name, *(f"{name}_{k}" for k in range(1, count)))
