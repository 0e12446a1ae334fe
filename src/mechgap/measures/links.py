"""Groups of units and the weights between them, and what collects them from the layers of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import MechgapError
from ..nets.network import Network

Matrix: TypeAlias = "NDArray[np.float64]"
Places: TypeAlias = "NDArray[np.int64]"
STATE, PAIRS = "hidden", "pairs"
"""The groups of the hidden vector, and of the vector at pairs, between steps."""


@dataclass(frozen=True)
class Ends:
    """Groups before and after a round; None for what is zero there.

    Attributes:
        before, after: of the hidden vector.
        pairs, made: of the vector at pairs before and after the round.
    """

    before: str | None
    after: str
    pairs: str | None
    made: str | None


@dataclass(frozen=True)
class Group:
    """Units that may change places with each other.

    Attributes:
        size: how many.
        heads: group whose blocks move the blocks of this one: the units of an attention head stay together.
        part: units of a block; the size, where there is one block.
        scalable: whether each may be multiplied by a positive number that what follows divides by.
    """

    size: int
    heads: str
    part: int
    scalable: bool = True


@dataclass(frozen=True)
class Link:
    """Weights from a group, or from raw features, to a group, or to logits.

    Attributes:
        name: of the parameter, and of the columns where it has columns of several sorts.
        matrix: [units, columns].
        terms: [units, columns], the sum of the sizes of what was added up to each weight: what rounding
            is in proportion to. The size of the weight, where nothing was added.
        row, column: the groups; None for what stays in its place.
        inverse: whether rows are divided by the scales of their units instead of multiplied: those of
            queries are, where the units are those of keys.
    """

    name: str
    matrix: Matrix
    terms: Matrix
    row: str | None
    column: str | None
    inverse: bool = False

    def rows(self, scales: Mapping[str, Matrix]) -> Matrix:
        """What the rows are multiplied by if units are multiplied by these scales."""
        if self.row is None:
            return np.ones(len(self.matrix))
        return 1.0 / scales[self.row] if self.inverse else scales[self.row]


@dataclass(frozen=True)
class Sum:
    """Numbers, with the sizes of the terms that they are sums of."""

    value: Matrix
    terms: Matrix

    @classmethod
    def of(cls, value: Matrix) -> Sum:
        """Numbers as they are."""
        return cls(value, np.abs(value))

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.value + other.value, self.terms + other.terms)

    def __sub__(self, other: Sum) -> Sum:
        return Sum(self.value - other.value, self.terms + other.terms)

    def through(self, weight: Matrix) -> Sum:
        """weight @ self."""
        return Sum(weight @ self.value, np.abs(weight) @ self.terms)


@dataclass(frozen=True)
class Wiring:
    """A network as groups and links."""

    groups: Mapping[str, Group]
    links: tuple[Link, ...]


class Links:
    """Collects the groups and links of a network.

    Args:
        network: whose encoders are multiplied into what reads them.

    Attributes:
        config: of the network.
        groups, found: what was collected.
        node_encoder, edge_encoder, graph_encoder: matrix and bias of each.
    """

    def __init__(self, network: Network) -> None:
        self.config = network.config
        self.groups: dict[str, Group] = {}
        self.found: list[Link] = []
        self.node_encoder = affine(network.node_encoder, self.config.features)
        self.edge_encoder = affine(network.edge_encoder, self.config.edge_features)
        self.graph_encoder = affine(network.graph_encoder, self.config.graph_features)

    def nodes(self, name: str, layer: nn.Linear, row: str | None, hidden: tuple[str | None, ...]) -> Sum:
        """Links of a layer that reads x and hidden vectors; the constant that the encoder's bias adds."""
        weight, features = array(layer.weight), self.config.features
        self.link(f"{name} of features", self.node_encoder[0].through(weight[:, :features]), row, None)
        for k, column in enumerate(hidden):
            start = features + k * self.config.hidden
            part = ("hidden",) if len(hidden) == 1 else ("before", "after")
            if column is not None:  # before the first round they are zero
                matrix = weight[:, start : start + self.config.hidden]
                self.link(f"{name} of {part[k]}", Sum.of(matrix), row, column)
        return self.node_encoder[1].through(weight[:, :features])

    def edges(self, name: str, layer: nn.Linear, row: str | None) -> Sum:
        """Links of a layer that reads edge features; the constant that the encoder's bias adds."""
        weight = array(layer.weight)
        self.link(name, self.edge_encoder[0].through(weight), row, None)
        return self.edge_encoder[1].through(weight)

    def paired(self, name: str, layer: nn.Linear, row: str, column: str | None) -> None:
        """Links of a layer that reads a vector at a pair and that at the opposite pair, in this order."""
        if column is not None:  # before anything is written there they are zero
            weight = array(layer.weight)
            for part, matrix in zip(("one way", "the other way"), np.split(weight, 2, axis=1), strict=True):
                self.link(f"{name} {part}", Sum.of(matrix), row, column)

    def shared(self, name: str, layer: nn.Linear, row: str | None) -> Sum:
        """Links of a layer that reads the graph's features; the constant that the encoder's bias adds."""
        weight = array(layer.weight)
        self.link(name, self.graph_encoder[0].through(weight), row, None)
        return self.graph_encoder[1].through(weight)

    def group(self, name: str, size: int, heads: int, scalable: bool = True) -> None:
        """Say that there is a group, in one block for each head; nothing new if it is known.

        Raises:
            MechgapError: if it is known in other blocks.
        """
        part = size // heads
        known = self.groups.get(name)
        if known is not None and known.part != size and heads > 1 and known.part != part:
            raise MechgapError(
                "comparing networks",
                f"rounds of {known.size // known.part} and {heads} heads that write one hidden vector",
                "rounds of one number of heads, or a layer after each",
                "compare the weights themselves",
            )
        if known is None or heads > 1:
            scalable = scalable and (known is None or known.scalable)
            self.groups[name] = Group(size, name, part, scalable)

    def link(self, name: str, weights: Sum, row: str | None, column: str | None) -> None:
        """Weights between two groups."""
        self.found.append(Link(name, weights.value.copy(), weights.terms.copy(), row, column))

    def bias(self, name: str, bias: Sum, row: str | None) -> None:
        """Constants of a group."""
        self.link(name, Sum(bias.value[:, None], bias.terms[:, None]), row, None)


def part_of(module: nn.Module, name: str) -> nn.Linear:
    """A linear layer of a module."""
    found = getattr(module, name)
    assert isinstance(found, nn.Linear)
    return found


def array(tensor: torch.Tensor | nn.Module) -> Matrix:
    """A tensor in double precision."""
    assert isinstance(tensor, torch.Tensor)
    found: Matrix = tensor.detach().to("cpu", torch.float64).numpy()
    return found


def affine(encoder: nn.Linear | None, width: int) -> tuple[Sum, Sum]:
    """An encoder as matrix and bias; without columns where there is none."""
    if encoder is None:
        return Sum.of(np.zeros((width, 0))), Sum.of(np.zeros(width))
    return Sum.of(array(encoder.weight)), Sum.of(array(encoder.bias))
