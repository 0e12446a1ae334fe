"""A circuit as the parameters of the benchmark's message passing: MPNN, PGN and Triplet-GMPNN."""

from __future__ import annotations

from collections.abc import Mapping

from ...lang.expression import End
from ..ir import EdgeColumn, Form
from ..message_ir import Pooled
from ..pair_ir import EndAtom, MessageUnit
from .circuit import Circuit
from .parameters import Layer, Parameters, numbered
from .places import Places
from .updates import fill_clock, fill_node, fill_slot

OPEN = 200.0
"""Where the sigmoid of a gate is 1."""

TRIPLETS = 8
"""Width of triplet messages, which are not used."""


def fill_messages(
    parameters: Parameters, circuit: Circuit, places: Places, rounds: int, parts: tuple[bool, bool]
) -> None:
    """Fill the parameters of a processor.

    Args:
        parameters: get the layers.
        circuit: what is computed.
        places: where.
        rounds: of a step.
        parts: whether there are a gate and triplet messages.
    """
    layers = _layers(parameters, places.width, *parts)
    _fill_first(layers, places)
    _fill_second(layers["second"], places)
    for pool, row in places.pools.items():
        assert isinstance(pool, Pooled)
        terms = [(places.layers[1][atom], c) for atom, c in pool.form.terms]
        layers["message"].add(row, terms, pool.form.constant)
    fill_clock(layers["nodes"], places, rounds)
    for unit, row in places.units.items():
        fill_node(layers, places, row, unit.form)
    for slot in circuit.slots:
        fill_slot(layers, places, circuit, slot.name)
    if "gate" in layers:
        layers["gate"].bias[:] = OPEN


def _layers(parameters: Parameters, width: int, gated: bool, triplets: bool) -> dict[str, Layer]:
    """The layers of a processor, in the order in which the benchmark numbers them."""
    base = "net/mpnn_aggr_clrs_processor"
    both, sizes = 2 * width, [("receiver", 2 * width, width), ("sender", 2 * width, width)]
    sizes += [("edge", width, width), ("graph", width, width), ("nodes", both, width)]
    sizes += [("heard", width, width)]
    if triplets:
        sizes += [(f"corner {k}", both, TRIPLETS) for k in range(3)]
        sizes += [(f"leg {k}", width, TRIPLETS) for k in range(3)]
        sizes += [("triple graph", width, TRIPLETS), ("third", TRIPLETS, width)]
    if gated:
        sizes += [("gate nodes", both, width), ("gate heard", width, width), ("gate", width, width)]
    names = numbered(f"{base}/linear", len(sizes))
    made = {
        what: parameters.layer(name, inputs, outputs)
        for name, (what, inputs, outputs) in zip(names, sizes, strict=True)
    }
    made["second"] = parameters.layer(f"{base}/mlp/~/linear_0", width, width)
    made["message"] = parameters.layer(f"{base}/mlp/~/linear_1", width, width)
    return made


def _fill_first(layers: Mapping[str, Layer], places: Places) -> None:
    """The first layer of messages: of both ends, the edge and the graph."""
    for atom, row in places.layers[0].items():
        form = atom.form if isinstance(atom, MessageUnit) else Form.of(atom)
        for source, coefficient in form.terms:
            match source:
                case EndAtom() if places.of_graph(source.source):
                    column = places.columns[source.source.port, source.source.component]  # type: ignore[attr-defined]
                    layers["graph"].add(row, [(column, coefficient)])
                case EndAtom():
                    side = "sender" if source.end is End.SENDER else "receiver"
                    layers[side].add(row, [(place, coefficient) for place in places.node(source.source)])
                case EdgeColumn():
                    column = places.columns[source.port, source.component]
                    layers["edge"].add(row, [(column, coefficient)])
                case _:
                    raise AssertionError(source.origin)
        layers["receiver"].add(row, (), form.constant)


def _fill_second(layer: Layer, places: Places) -> None:
    """The second layer of messages: its units, and what is handed on."""
    first = places.layers[0]
    for atom, row in places.layers[1].items():
        computed = isinstance(atom, MessageUnit) and atom not in first
        form = atom.form if isinstance(atom, MessageUnit) and computed else Form.of(atom)
        layer.add(row, [(first[source], c) for source, c in form.terms], form.constant)
