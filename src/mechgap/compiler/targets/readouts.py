"""Readouts of a compiled network: from slots to the logits of hints, outputs and halting."""

from __future__ import annotations

from torch import nn

from ...kinds.categorical import Categorical
from ...kinds.mask import Mask, MaskOne
from ...kinds.pointer import Pointer
from ...kinds.scalar import Scalar
from ...lang.location import Location
from ...lang.program import Port
from ...nets.features import INDEX, node_columns
from ...nets.network import HALT, Network, hint_key
from ...nets.network import output_key as readout_key
from ..lowering import here_key, output_key
from .filling import Plan, fill_row


def fill_readouts(plan: Plan, network: Network) -> None:
    """Write the parameters of all readouts."""
    config = network.config
    after = config.features + config.hidden
    places = {name: after + k for name, k in plan.held(False).items()} | plan.held(True)
    lows = {slot.name: slot.low for slot in plan.slots}
    index = [c.name for c in node_columns(config)].index(INDEX)
    for key, port, name in [
        *((hint_key(p.name), p, p.name) for p in config.interface.hints),
        *((readout_key(p.name), p, output_key(p.name)) for p in config.interface.outputs),
    ]:
        module, slots = network.readouts[key], plan.meaning.slots[name]
        if isinstance(port.kind, Pointer) and port.location is Location.GRAPH:
            (here,) = plan.meaning.slots[here_key(name)]
            fill_row(_linear(module, "linear"), 0, [(places[here], 1.0)])
        elif isinstance(port.kind, Pointer):
            first = _linear(module, "receiver" if port.location is Location.NODE else "pair")
            fill_row(first, 0, [(places[slots[0]], 1.0)])
            _fill_candidates(module, index)
        else:
            weight, bias = _PLAIN[port.location]
            rows = _rows(port, [places[slot] for slot in slots], [lows[slot] for slot in slots])
            for row, (terms, constant) in enumerate(rows):
                fill_row(_linear(module, weight), row, terms)
                fill_row(_linear(module, bias), row, [], constant)
    terms = [(places[term.slot], term.sign) for term in plan.meaning.halt]
    fill_row(_linear(network.readouts[HALT], "nodes"), 0, terms, plan.meaning.bias)


_PLAIN = {
    Location.NODE: ("linear", "linear"),
    Location.EDGE: ("pair", "edge"),
    Location.GRAPH: ("nodes", "nodes"),
}
"""For each location the layer of a readout that reads slots, and the one that has a bias."""


def _linear(module: nn.Module, name: str) -> nn.Linear:
    layer = getattr(module, name)
    assert isinstance(layer, nn.Linear)
    return layer


def _rows(port: Port, places: list[int], lows: list[float]) -> list[tuple[list[tuple[int, float]], float]]:
    """For each logit of a port its terms and its constant."""
    kind = port.kind
    if isinstance(kind, Scalar):
        return [(list(zip(places, (kind.unit, -kind.unit), strict=False)), kind.unit * lows[0])]
    if isinstance(kind, Mask):
        return [([(places[0], 1.0)], -0.5)]
    assert isinstance(kind, (MaskOne, Categorical))
    return [([(place, 1.0)], 0.0) for place in places]


def _fill_candidates(module: nn.Module, index: int) -> None:
    """index_c - 2 max(pointer_a, index_c) is largest just where index_c is the pointer."""
    for row in range(2):
        fill_row(_linear(module, "candidate"), row, [(index, 1.0)])
    fill_row(_linear(module, "final"), 0, [(0, -2.0), (1, 1.0)])
