"""A circuit as the parameters of the benchmark's message passing: MPNN, PGN and Triplet-GMPNN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...lang.expression import End
from ..ir import Atom, EdgeColumn, Form
from ..message_ir import Pooled
from ..pair_ir import EndAtom, MessageUnit
from .circuit import Circuit
from .parameters import Layer, Parameters, numbered
from .places import Places

SHUT = 2.0**60
"""Shuts a gate; where the gate is open it is multiplied by 0."""

OPEN = 200.0
"""Where the sigmoid of a gate is 1."""

TRIPLETS = 8
"""Width of triplet messages, which are not used."""


@dataclass(frozen=True)
class Processor:
    """A processor of the benchmark.

    Attributes:
        name: by which the benchmark makes it.
        everyone: whether nodes hear all nodes, not only neighbours.
        gated: whether it ends in a gate.
        triplets: whether it makes triplet messages.
    """

    name: str
    everyone: bool
    gated: bool = False
    triplets: bool = False


def fill_messages(
    parameters: Parameters, circuit: Circuit, places: Places, rounds: int, processor: Processor
) -> None:
    """Fill the parameters of a processor.

    Args:
        parameters: get the layers.
        circuit: what is computed.
        places: where.
        rounds: of a step.
        processor: which one.
    """
    layers = _layers(parameters, places.width, processor)
    _fill_first(layers, places)
    _fill_second(layers["second"], places)
    for pool, row in places.pools.items():
        assert isinstance(pool, Pooled)
        terms = [(places.layers[1][atom], c) for atom, c in pool.form.terms]
        layers["message"].add(row, terms, pool.form.constant)
    _fill_clock(layers["nodes"], places, rounds)
    for unit, row in places.units.items():
        _fill_node(layers, places, row, unit.form)
    for slot in circuit.slots:
        _fill_slot(layers, places, circuit, slot.name)
    if "gate" in layers:
        layers["gate"].bias[:] = OPEN


def _layers(parameters: Parameters, width: int, processor: Processor) -> dict[str, Layer]:
    """The layers of a processor, in the order in which the benchmark numbers them."""
    base = "net/mpnn_aggr_clrs_processor"
    both, sizes = 2 * width, [("receiver", 2 * width, width), ("sender", 2 * width, width)]
    sizes += [("edge", width, width), ("graph", width, width), ("nodes", both, width)]
    sizes += [("heard", width, width)]
    if processor.triplets:
        sizes[4:4] = []
        sizes += [(f"corner {k}", both, TRIPLETS) for k in range(3)]
        sizes += [(f"leg {k}", width, TRIPLETS) for k in range(3)]
        sizes += [("triple graph", width, TRIPLETS), ("third", TRIPLETS, width)]
    if processor.gated:
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


def _fill_node(
    layers: Mapping[str, Layer], places: Places, row: int, form: Form, extra: tuple[tuple[int, float], ...] = ()
) -> None:
    """A hidden dimension: relu of a form of numbers of nodes and of maxima."""
    for atom, coefficient in form.terms:
        if atom in places.pools:
            layers["heard"].add(row, [(places.pools[atom], coefficient)])
        else:
            layers["nodes"].add(row, [(place, coefficient) for place in places.node(atom)])
    layers["nodes"].add(row, extra, form.constant)


def _fill_slot(layers: Mapping[str, Layer], places: Places, circuit: Circuit, name: str) -> None:
    """A slot: it is kept until the last round of a step, which writes it anew."""
    place = places.slots[name]
    count, commit, waits, started, first = _clock(places)
    shut = [(commit, -SHUT)]
    layers["nodes"].add(place.kept, [*((p + places.width, 1.0) for p in place.all[:2]), *shut, (first, -SHUT)])
    _fill_node(layers, places, place.fresh, circuit.step[name], ((waits, -SHUT),))
    if place.start is not None:
        gate = ((started, -SHUT), (commit, -SHUT))
        _fill_node(layers, places, place.start, circuit.start[name], gate)


def _clock(places: Places) -> tuple[int, ...]:
    return tuple(places.width + place for place in places.clock.values())


def _fill_clock(layer: Layer, places: Places, rounds: int) -> None:
    """Count the rounds of a step; see ``places.CLOCK``."""
    count, commit, waits, started, first = _clock(places)
    rows: dict[str, tuple[list[tuple[int, float]], float]] = {
        "count": ([(count, 1.0), (commit, -float(rounds))], 1.0),
        "commit": ([(count, 1.0), (commit, -float(2 * rounds))], 3.0 - rounds),
        "waits": ([(count, -1.0), (commit, 2.0)], rounds - 2.0),
        "started": ([(started, 1.0), (commit, 1.0)], 0.0),
        "first": ([(started, -1.0), (commit, -1.0)], 1.0),
    }
    for name, (terms, constant) in rows.items():
        layer.add(places.clock[name], terms, constant)
