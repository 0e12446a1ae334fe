"""A network as groups of units and the matrices between them, with what no input can tell apart removed."""

from __future__ import annotations

import numpy as np
from torch import nn

from ..kinds.categorical import Categorical
from ..kinds.mask import MaskOne
from ..lang.location import Location
from ..lang.program import Port
from ..nets.attention_round import AbstractAttentionRound
from ..nets.mpnn import MPNNRound
from ..nets.network import Network
from .links import PAIRS, STATE, Ends, Links, Sum, Wiring, array, part_of
from .round_links import attention_links, message_links


def wire(network: Network) -> Wiring:
    """The wiring of a network.

    Encoders are multiplied into what reads them; biases that are added to each other are one; what adds
    the same to all logits of a softmax, or of a choice, is left out.

    Raises:
        MechgapError: if several numbers of heads write to one hidden vector, so that units cannot be told,
            or if pairs read other pairs along several heads.
    """
    links = Links(network)
    config = network.config
    links.group(STATE, config.hidden, 1, not config.layer_norm)
    if config.pairs:
        links.group(PAIRS, config.pairs, 1)
    for part, modules in (("prologue", network.prologue), ("rounds", network.rounds)):
        before = STATE if part == "rounds" else None
        pairs = PAIRS if part == "rounds" and config.pairs else None
        writing = [k for k, module in enumerate(modules) if config.pairs and len(module.pairs)]  # type: ignore[arg-type]
        for k, module in enumerate(modules):
            name = f"{part}.{k}"
            after = STATE if k == len(modules) - 1 else f"{name}.{STATE}"
            made = pairs
            if k in writing:
                made = PAIRS if k == writing[-1] else f"{name}.{PAIRS}"
            ends = Ends(before, after, pairs, made)
            if isinstance(module, MPNNRound):
                message_links(links, name, module, ends)
            else:
                assert isinstance(module, AbstractAttentionRound)
                attention_links(links, name, module, ends)
            before, pairs = after, made
    readouts = _Readouts(links)
    for key, port in network.ports.items():
        readouts.add(f"readouts.{key}", network.readouts[key], port)
    return Wiring(links.groups, tuple(links.found))


class _Readouts:
    def __init__(self, links: Links) -> None:
        self._links = links

    def add(self, name: str, module: nn.Module, port: Port) -> None:
        if port.kind.refers and port.location is not Location.GRAPH:
            self._pointer(name, module)
            return
        parts = {part for part, _ in module.named_children()}
        bias = Sum.of(np.zeros(1))
        for part in sorted(parts & {"linear", "first", "second"}):
            bias = bias + self._full(f"{name}.{part}", part_of(module, part), None)
        if "nodes" in parts:
            bias = bias + self._highest(f"{name}.nodes", part_of(module, "nodes"))
        if "edge" in parts:
            bias = bias + Sum.of(array(part_of(module, "edge").bias))
            bias = bias + self._links.edges(f"{name}.edge", part_of(module, "edge"), None)
        if "pair" in parts:
            self._links.link(f"{name}.pair", Sum.of(array(part_of(module, "pair").weight)), None, PAIRS)
        if "graph" in parts:
            layer = part_of(module, "graph")
            bias = bias + Sum.of(array(layer.bias)) + self._links.shared(f"{name}.graph", layer, None)
        self._links.bias(f"{name}.bias", bias, None)
        self._centred(name, port)

    def _centred(self, name: str, port: Port) -> None:
        """Take away what is the same for all candidates of a choice."""
        own = [link for link in self._links.found if link.name.startswith(f"{name}.")]
        if isinstance(port.kind, Categorical):
            for link in own:
                link.matrix[:] = link.matrix - link.matrix.mean(0)
                link.terms[:] = link.terms + link.terms.mean(0)
        elif isinstance(port.kind, MaskOne) or port.kind.refers:
            own[-1].matrix[:] = own[-1].terms[:] = 0

    def _pointer(self, name: str, module: nn.Module) -> None:
        """max(left, candidate) of each unit, and their sum; both may be shifted together."""
        group = f"{name}.units"
        final = part_of(module, "final")
        self._links.group(group, final.in_features, 1)
        parts = [part for part, _ in module.named_children() if part in ("receiver", "first", "second")]
        left = Sum.of(np.zeros(final.in_features))
        for part in parts:
            left = left + self._full(f"{name}.{part}", part_of(module, part), group)
        right = self._full(f"{name}.candidate", part_of(module, "candidate"), group)
        edge = Sum.of(array(part_of(module, "edge").bias))
        edge = edge + self._links.edges(f"{name}.edge", part_of(module, "edge"), group)
        if "pair" in dict(module.named_children()):
            self._links.link(f"{name}.pair", Sum.of(array(part_of(module, "pair").weight)), group, PAIRS)
        gap = right + edge - left if parts == ["receiver"] else right - left - edge
        self._links.bias(f"{name}.candidate.bias", gap, group)
        self._links.link(f"{name}.final", Sum.of(array(final.weight)), None, group)

    def _full(self, name: str, layer: nn.Linear, row: str | None) -> Sum:
        """Links of a layer that reads x and the hidden vectors before and after; its bias and constants."""
        return Sum.of(array(layer.bias)) + self._links.nodes(name, layer, row, (STATE, STATE))

    def _highest(self, name: str, layer: nn.Linear) -> Sum:
        """Links of a layer that reads the largest values over the nodes: encoders cannot be multiplied in."""
        weight, features = array(layer.weight), self._links.config.features
        encoder = np.hstack([self._links.node_encoder[0].value, self._links.node_encoder[1].value[:, None]])
        read = np.any(weight[:, :features] != 0, axis=0)[:, None]  # others may be anything
        self._links.link(f"{name} of features", Sum.of(weight[:, :features]), None, None)
        self._links.link(f"{name} of encoder", Sum.of(encoder * read), None, None)
        for k, part in enumerate(("before", "after")):
            start = features + k * self._links.config.hidden
            matrix = weight[:, start : start + self._links.config.hidden]
            self._links.link(f"{name} of {part}", Sum.of(matrix), None, STATE)
        return Sum.of(array(layer.bias))
