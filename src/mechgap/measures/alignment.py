"""A network with its units in the order and of the size of those of another one: it computes what it did."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import MechgapError
from ..nets.network import Network
from .difference import check_shapes
from .links import Link, Matrix, Wiring
from .matching import Match, match, own_scales
from .wiring import wire

CLOSE = 1e-4
"""Relative difference up to which a reader of other encoders reads the same."""

_EDGES, _GRAPH = ("edge", "edge_value"), ("graph",)
"""Layers that read edge features, and those that read the graph's."""


@dataclass(frozen=True)
class Alignment:
    """Two networks of one shape and how their units correspond.

    Attributes:
        first, second: their wirings.
        found: which unit is which, and its size in the first network over that in the second.
    """

    first: Wiring
    second: Wiring
    found: Match

    @classmethod
    def of(cls, first: Network, second: Network) -> Alignment:
        """Match two networks.

        The size of a unit is that of its own weights, in both networks alike, so that neither a single
        weight nor the order in which the two are given decides.

        Raises:
            MechgapError: if they have different shapes, or units that cannot be told (see ``wire``).
        """
        check_shapes(first, second)
        wirings = wire(first), wire(second)
        order = match(*wirings).order
        mine, other = own_scales(wirings[0]), own_scales(wirings[1])
        return cls(*wirings, Match(order, {name: mine[name] / other[name][order[name]] for name in mine}))

    def moved(self) -> Wiring:
        """The second wiring with its units in the order and of the size of those of the first."""
        links = (replace(link, matrix=self.found.moved(link, link.matrix)) for link in self.second.links)
        return Wiring(self.first.groups, tuple(links))


def aligned(first: Network, second: Network) -> Network:
    """The second network with its units in the order and of the size of those of the first.

    The encoders are exchanged for those of the first network; what reads them makes up for it.

    Args:
        first, second: networks of one shape, without vectors at pairs.

    Raises:
        MechgapError: if the shapes differ, the networks keep vectors at pairs, or their encoders cannot be
            exchanged because they are of too low a rank.
    """
    _check_pairs(first)
    alignment = Alignment.of(first, second)
    made = copy.deepcopy(second).requires_grad_(False)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.copy_(_moved(alignment, name, parameter, first.config.features))
        _exchange_encoders(first, made)
    return made


def _moved(alignment: Alignment, name: str, value: Tensor, features: int) -> Tensor:
    base = name.removesuffix(".weight").removesuffix(".bias")
    own = [link for link in alignment.second.links if _reads(link, base)]
    if not own:
        return value
    order, scales = alignment.found.order, alignment.found.scales
    array = value.double().numpy()
    row, column = own[0].row, own[0].column
    if row is None and column is not None and name == base:  # one number for each unit, in rows of heads
        return _like(array.flatten()[order[column]] / scales[column], value)
    if row is not None:
        rows = own[0].rows(scales).reshape(-1, *[1] * (array.ndim - 1))
        array = array[order[row]] * rows
    if array.ndim == 1:
        return _like(array, value)
    array = array.copy()
    for link in own:
        if link.column is not None:
            start = _start(link.name, features, link.matrix.shape[1])
            part = slice(start, start + link.matrix.shape[1])
            array[:, part] = array[:, part][:, order[link.column]] / scales[link.column]
    return _like(array, value)


def _start(name: str, features: int, hidden: int) -> int:
    """The first column of a layer that a link is of."""
    starts = {"hidden": features, "before": features, "after": features + hidden}
    return starts.get(name.rpartition(" of ")[2], 0) if " of " in name else 0


def _reads(link: Link, base: str) -> bool:
    """Whether a link is of the layer of a name."""
    return link.name in (base, f"{base}.weight") or link.name.startswith(f"{base} of ")


def _like(array: Matrix, value: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(value).reshape(value.shape)


def _exchange_encoders(first: Network, made: Network) -> None:
    """Give a network the encoders of another one, and let what reads them read the same."""
    layers = dict(made.named_modules())
    for kind in ("node", "edge", "graph"):
        one, two = (getattr(network, f"{kind}_encoder") for network in (first, made))
        if one is None or all(
            torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True)
        ):
            continue
        back = _both(two) @ torch.linalg.pinv(_both(one))
        for name, layer in layers.items():
            if isinstance(layer, nn.Linear) and (columns := _read_columns(name, kind, first)):
                _reread(name, layer, columns, (_both(one), _both(two), back))
        for parameter, value in zip(two.parameters(), one.parameters(), strict=True):
            parameter.copy_(value)


def _both(encoder: nn.Linear) -> Tensor:
    """Matrix and bias of an encoder side by side."""
    return torch.cat([encoder.weight, encoder.bias[:, None]], 1).double()


def _read_columns(name: str, kind: str, network: Network) -> int:
    """How many of a layer's first columns read the features of a kind; 0 if it reads others."""
    part, config = name.rpartition(".")[2], network.config
    if not name.startswith(("rounds.", "prologue.", "readouts.")):
        return 0
    if kind == "edge":
        return config.edge_features if part in _EDGES else 0
    if kind == "graph":
        return config.graph_features if part in _GRAPH else 0
    inner = part.isdigit() or part in (*_EDGES, *_GRAPH, "final", "message", "received", "pair", "pair_value")
    return 0 if inner else config.features


def _reread(name: str, layer: nn.Linear, columns: int, encoders: Sequence[Tensor]) -> None:
    one, two, back = encoders
    weight = layer.weight[:, :columns].double()
    wanted = weight @ two
    changed = weight @ back
    highest = name.startswith("readouts.") and name.endswith(".nodes")
    apart = (changed @ one - wanted).abs().max() > CLOSE * wanted.abs().max().clamp(min=1e-30)
    if bool(weight.any()) and (highest or bool(apart)):
        raise MechgapError(
            f"aligning two networks, layer {name}",
            "a layer that reads the largest encoded features" if highest else "encoders of too low a rank",
            "encoders with more encoded features than raw ones, and linear readers",
            "start both networks from the same encoders, or compare them without the path between them",
        )
    layer.weight[:, :columns] = changed.to(layer.weight)


def _check_pairs(network: Network) -> None:
    if network.config.pairs:
        raise MechgapError(
            "aligning two networks",
            f"networks that keep {network.config.pairs} numbers at pairs of nodes",
            "networks that keep vectors at nodes only",
            "compare their weights (mechgap.measures.distance.distance), without the path between them",
        )
