"""A network as groups of units and the matrices between them, with what no input can tell apart removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import MechgapError
from ..kinds.categorical import Categorical
from ..kinds.mask import MaskOne
from ..lang.location import Location
from ..lang.program import Port
from ..nets.network import Network
from ..nets.shapes import gatv2_shape

Matrix: TypeAlias = "NDArray[np.float64]"
Places: TypeAlias = "NDArray[np.int64]"
STATE, PAIRS = "hidden", "pairs"
"""The groups of the hidden vector, and of the vector at pairs, between steps."""


@dataclass(frozen=True)
class Ends:
    """Groups before and after a round; None for what is zero there.

    Attributes:
        before, after: of the hidden vector.
        pairs: of the vector at pairs before the round.
    """

    before: str | None
    after: str
    pairs: str | None


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
    """

    name: str
    matrix: Matrix
    terms: Matrix
    row: str | None
    column: str | None


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


def wire(network: Network) -> Wiring:
    """The wiring of a network.

    Encoders are multiplied into what reads them; biases that are added to each other are one; what adds
    the same to all logits of a softmax, or of a choice, is left out.

    Raises:
        MechgapError: if several numbers of heads write to one hidden vector, so that units cannot be told,
            or if pairs read other pairs along several heads.
    """
    return _Wiring(network).run()


class _Wiring:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._config = network.config
        self._groups: dict[str, Group] = {}
        self._links: list[Link] = []
        self._node = _affine(network.node_encoder, self._config.features)
        self._edge = _affine(network.edge_encoder, self._config.edge_features)
        self._graph = _affine(network.graph_encoder, self._config.graph_features)

    def run(self) -> Wiring:
        self._group(STATE, self._config.hidden, 1, not self._config.layer_norm)
        if self._config.pairs:
            self._group(PAIRS, self._config.pairs, 1)
        for part, modules in (("prologue", self._network.prologue), ("rounds", self._network.rounds)):
            before = STATE if part == "rounds" else None
            pairs = PAIRS if part == "rounds" and self._config.pairs else None
            writing = [k for k, module in enumerate(modules) if len(module.pairs)]  # type: ignore[arg-type]
            for k, module in enumerate(modules):
                name = f"{part}.{k}"
                after = STATE if k == len(modules) - 1 else f"{name}.{STATE}"
                self._round(name, module, Ends(before, after, pairs))
                if k in writing:
                    made = PAIRS if k == writing[-1] else f"{name}.{PAIRS}"
                    self._pair_layers(name, module, Ends(before, after, pairs), made)
                    pairs = made
                before = after
        for key, port in self._network.ports.items():
            self._readout(f"readouts.{key}", self._network.readouts[key], port)
        return Wiring(self._groups, tuple(self._links))

    # ---- rounds

    def _round(self, name: str, module: nn.Module, ends: Ends) -> None:
        before, after = ends.before, ends.after
        shape = gatv2_shape(module.shape, "comparing networks")  # type: ignore[arg-type]
        update = f"{name}.update" if shape.mlp else after
        self._group(update, shape.width, shape.heads, shape.mlp != () or not self._config.layer_norm)
        self._attention(name, module, ends, update)
        bias = Sum.of(np.zeros(shape.width))
        for part in ("value", "skip"):
            reader = _layer(module, part)
            bias = (
                bias + Sum.of(_array(reader.bias)) + self._nodes(f"{name}.{part}", reader, update, (before,))
            )
        if module.edge_value is not None:
            bias = bias + self._edges(f"{name}.edge_value", _layer(module, "edge_value"), update)
        if module.pair_value is not None:
            self._paired(f"{name}.pair_value", _layer(module, "pair_value"), update, ends.pairs)
        self._bias(f"{name}.skip.bias", bias, update)
        previous = update
        mlp = module.mlp
        assert isinstance(mlp, nn.ModuleList)
        for k, layer in enumerate(mlp):
            layer_name = f"{name}.mlp.{k}"
            group = after if k == len(shape.mlp) - 1 else layer_name
            scalable = group != after or not self._config.layer_norm
            self._group(group, shape.mlp[k], 1, scalable)
            assert isinstance(layer, nn.Linear)
            self._link(f"{layer_name}.weight", Sum.of(_array(layer.weight)), group, previous)
            self._bias(f"{layer_name}.bias", Sum.of(_array(layer.bias)), group)
            previous = group
        if module.norm is not None:
            for part in ("weight", "bias"):
                self._bias(f"{name}.norm.{part}", Sum.of(_array(getattr(module.norm, part))), after)

    def _pair_layers(self, name: str, module: nn.Module, ends: Ends, made: str) -> None:
        """Layers of units of pairs; ``made`` is the group of the last one."""
        layers, before = module.pairs, ends.pairs
        assert isinstance(layers, nn.ModuleList)
        for k, layer in enumerate(layers):
            layer_name = f"{name}.pairs.{k}"
            group = made if k == len(layers) - 1 else layer_name
            self._group(group, _layer(layer, "receiver").out_features, 1)
            bias = Sum.of(_array(_layer(layer, "receiver").bias))
            bias = bias + self._edges(f"{layer_name}.edge", _layer(layer, "edge"), group)
            for end in ("sender", "receiver"):
                bias = bias + self._nodes(f"{layer_name}.{end}", _layer(layer, end), group, (ends.after,))
            self._paired(f"{layer_name}.pair", _layer(layer, "pair"), group, before)
            self._attended(layer_name, layer, group, before)
            self._bias(f"{layer_name}.bias", bias, group)
            before = group

    def _attended(self, name: str, layer: nn.Module, row: str, column: str | None) -> None:
        """Links to the pairs of the attended nodes."""
        if not layer.heads or column is None:
            return
        if layer.heads != 1:
            raise MechgapError(
                "comparing networks",
                f"pairs that read other pairs along {layer.heads} heads, which may change places",
                "at most one such head",
                "compare the runs of the two networks",
            )
        for part in ("sent", "received"):
            weight = _array(_layer(layer, part).weight)
            self._link(f"{name}.{part}", Sum.of(weight), row, column)

    def _attention(self, name: str, module: nn.Module, ends: Ends, update: str) -> None:
        before = ends.before
        shape = gatv2_shape(module.shape, "comparing networks")  # type: ignore[arg-type]
        group = f"{name}.attention"
        self._groups[group] = Group(shape.mid, update, shape.mid // shape.heads)
        start = len(self._links)
        bias = Sum.of(_array(_layer(module, "receiver").bias))
        bias = bias + self._nodes(f"{name}.sender", _layer(module, "sender"), group, (before,))
        bias = bias + self._edges(f"{name}.edge", _layer(module, "edge"), group)
        if module.pair is not None:
            self._paired(f"{name}.pair", _layer(module, "pair"), group, ends.pairs)
        varies = sum(np.abs(link.matrix).sum(1) for link in self._links[start:])
        bias = bias + self._nodes(f"{name}.receiver", _layer(module, "receiver"), group, (before,))
        graph = _array(_layer(module, "graph").weight)
        self._link(f"{name}.graph", self._graph[0].through(graph), group, None)
        self._bias(f"{name}.receiver.bias", bias + self._graph[1].through(graph), group)
        self._link(f"{name}.attend", Sum.of(_array(module.attend).reshape(1, -1)), None, group)
        # What all senders have in common shifts the logits of a softmax, which does nothing.
        alike = np.asarray(varies) == 0
        for link in self._links[start:]:
            for matrix in (link.matrix, link.terms):
                if link.column == group:
                    matrix[:, alike] = 0
                elif link.row == group:
                    matrix[alike] = 0

    # ---- readouts

    def _readout(self, name: str, module: nn.Module, port: Port) -> None:
        if port.kind.refers and port.location is not Location.GRAPH:
            self._pointer(name, module)
            return
        parts = {part for part, _ in module.named_children()}
        bias = Sum.of(np.zeros(1))
        for part in sorted(parts & {"linear", "first", "second"}):
            bias = bias + self._full(f"{name}.{part}", _layer(module, part), None)
        if "nodes" in parts:
            bias = bias + self._highest(f"{name}.nodes", _layer(module, "nodes"))
        if "edge" in parts:
            bias = bias + Sum.of(_array(_layer(module, "edge").bias))
            bias = bias + self._edges(f"{name}.edge", _layer(module, "edge"), None)
        if "pair" in parts:
            self._link(f"{name}.pair", Sum.of(_array(_layer(module, "pair").weight)), None, PAIRS)
        if "graph" in parts:
            layer = _layer(module, "graph")
            weight = _array(layer.weight)
            self._link(f"{name}.graph", self._graph[0].through(weight), None, None)
            bias = bias + Sum.of(_array(layer.bias)) + self._graph[1].through(weight)
        self._bias(f"{name}.bias", bias, None)
        self._centred(name, port)

    def _centred(self, name: str, port: Port) -> None:
        """Take away what is the same for all candidates of a choice."""
        own = [link for link in self._links if link.name.startswith(f"{name}.")]
        if isinstance(port.kind, Categorical):
            for link in own:
                link.matrix[:] = link.matrix - link.matrix.mean(0)
                link.terms[:] = link.terms + link.terms.mean(0)
        elif isinstance(port.kind, MaskOne) or port.kind.refers:
            own[-1].matrix[:] = own[-1].terms[:] = 0

    def _pointer(self, name: str, module: nn.Module) -> None:
        """max(left, candidate) of each unit, and their sum; both may be shifted together."""
        group = f"{name}.units"
        final = _layer(module, "final")
        self._group(group, final.in_features, 1)
        parts = [part for part, _ in module.named_children() if part in ("receiver", "first", "second")]
        left = Sum.of(np.zeros(final.in_features))
        for part in parts:
            left = left + self._full(f"{name}.{part}", _layer(module, part), group)
        right = self._full(f"{name}.candidate", _layer(module, "candidate"), group)
        edge = Sum.of(_array(_layer(module, "edge").bias))
        edge = edge + self._edges(f"{name}.edge", _layer(module, "edge"), group)
        if "pair" in dict(module.named_children()):
            self._link(f"{name}.pair", Sum.of(_array(_layer(module, "pair").weight)), group, PAIRS)
        gap = right + edge - left if parts == ["receiver"] else right - left - edge
        self._bias(f"{name}.candidate.bias", gap, group)
        self._link(f"{name}.final", Sum.of(_array(final.weight)), None, group)

    def _full(self, name: str, layer: nn.Linear, row: str | None) -> Sum:
        """Links of a layer that reads x and the hidden vectors before and after; its bias and constants."""
        return Sum.of(_array(layer.bias)) + self._nodes(name, layer, row, (STATE, STATE))

    def _highest(self, name: str, layer: nn.Linear) -> Sum:
        """Links of a layer that reads the largest values over the nodes: encoders cannot be multiplied in."""
        weight, features = _array(layer.weight), self._config.features
        if np.any(weight[:, :features]):
            encoder = np.hstack([self._node[0].value, self._node[1].value[:, None]])
            self._link(f"{name} of features", Sum.of(weight[:, :features]), None, None)
            self._link(f"{name} of encoder", Sum.of(encoder), None, None)
        for k, part in enumerate(("before", "after")):
            start = features + k * self._config.hidden
            matrix = weight[:, start : start + self._config.hidden]
            self._link(f"{name} of {part}", Sum.of(matrix), None, STATE)
        return Sum.of(_array(layer.bias))

    # ---- layers

    def _nodes(self, name: str, layer: nn.Linear, row: str | None, hidden: tuple[str | None, ...]) -> Sum:
        """Links of a layer that reads x and hidden vectors; the constant that the encoder's bias adds."""
        weight, features = _array(layer.weight), self._config.features
        self._link(f"{name} of features", self._node[0].through(weight[:, :features]), row, None)
        for k, column in enumerate(hidden):
            start = features + k * self._config.hidden
            part = ("hidden",) if len(hidden) == 1 else ("before", "after")
            if column is not None:  # before the first round they are zero
                matrix = weight[:, start : start + self._config.hidden]
                self._link(f"{name} of {part[k]}", Sum.of(matrix), row, column)
        return self._node[1].through(weight[:, :features])

    def _edges(self, name: str, layer: nn.Linear, row: str | None) -> Sum:
        weight = _array(layer.weight)
        self._link(name, self._edge[0].through(weight), row, None)
        return self._edge[1].through(weight)

    def _paired(self, name: str, layer: nn.Linear, row: str, column: str | None) -> None:
        """Links of a layer that reads a vector at a pair and that at the opposite pair, in this order."""
        if column is not None:  # before anything is written there they are zero
            weight = _array(layer.weight)
            for part, matrix in zip(("one way", "the other way"), np.split(weight, 2, axis=1), strict=True):
                self._link(f"{name} {part}", Sum.of(matrix), row, column)

    def _group(self, name: str, size: int, heads: int, scalable: bool = True) -> None:
        part = size // heads
        known = self._groups.get(name)
        if known is not None and known.part != size and heads > 1 and known.part != part:
            raise MechgapError(
                "comparing networks",
                f"rounds of {known.size // known.part} and {heads} heads that write one hidden vector",
                "rounds of one number of heads, or a layer after each",
                "compare the weights themselves",
            )
        if known is None or heads > 1:
            scalable = scalable and (known is None or known.scalable)
            self._groups[name] = Group(size, name, part, scalable)

    def _link(self, name: str, weights: Sum, row: str | None, column: str | None) -> None:
        self._links.append(Link(name, weights.value.copy(), weights.terms.copy(), row, column))

    def _bias(self, name: str, bias: Sum, row: str | None) -> None:
        self._link(name, Sum(bias.value[:, None], bias.terms[:, None]), row, None)


def _layer(module: nn.Module, name: str) -> nn.Linear:
    layer = getattr(module, name)
    assert isinstance(layer, nn.Linear)
    return layer


def _array(tensor: torch.Tensor | nn.Module) -> Matrix:
    assert isinstance(tensor, torch.Tensor)
    found: Matrix = tensor.detach().to("cpu", torch.float64).numpy()
    return found


def _affine(encoder: nn.Linear | None, width: int) -> tuple[Sum, Sum]:
    """An encoder as matrix and bias; without columns where there is none."""
    if encoder is None:
        return Sum.of(np.zeros((width, 0))), Sum.of(np.zeros(width))
    return Sum.of(_array(encoder.weight)), Sum.of(_array(encoder.bias))
