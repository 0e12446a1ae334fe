"""The update of the hidden vectors, alike for messages and attention: units, slots and the clock."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir import Form
from .circuit import Circuit
from .parameters import Layer
from .places import Places

SHUT = 2.0**60
"""Shuts a gate; where the gate is open it is multiplied by 0."""


def fill_node(
    layers: Mapping[str, Layer],
    places: Places,
    row: int,
    form: Form,
    extra: tuple[tuple[int, float], ...] = (),
) -> None:
    """A hidden dimension: relu of a form of numbers of nodes and of maxima."""
    for atom, coefficient in form.terms:
        if atom in places.pools:
            layers["heard"].add(row, [(places.pools[atom], coefficient)])
        else:
            layers["nodes"].add(row, [(place, coefficient) for place in places.node(atom)])
    layers["nodes"].add(row, extra, form.constant)


def fill_slot(layers: Mapping[str, Layer], places: Places, circuit: Circuit, name: str) -> None:
    """A slot: it is kept until the last round of a step, which writes it anew."""
    place = places.slots[name]
    _, commit, waits, started, first = _clock(places)
    shut = [(commit, -SHUT)]
    layers["nodes"].add(
        place.kept, [*((p + places.width, 1.0) for p in place.all[:2]), *shut, (first, -SHUT)]
    )
    fill_node(layers, places, place.fresh, circuit.step[name], ((waits, -SHUT),))
    if place.start is not None:
        gate = ((started, -SHUT), (commit, -SHUT))
        fill_node(layers, places, place.start, circuit.start[name], gate)


def _clock(places: Places) -> tuple[int, ...]:
    return tuple(places.width + place for place in places.clock.values())


def fill_clock(layer: Layer, places: Places, rounds: int) -> None:
    """Count the rounds of a step; see ``places.CLOCK``."""
    count, commit, _, started, _ = _clock(places)
    rows: dict[str, tuple[list[tuple[int, float]], float]] = {
        "count": ([(count, 1.0), (commit, -float(rounds))], 1.0),
        "commit": ([(count, 1.0), (commit, -float(2 * rounds))], 3.0 - rounds),
        "waits": ([(count, -1.0), (commit, 2.0)], rounds - 2.0),
        "started": ([(started, 1.0), (commit, 1.0)], 0.0),
        "first": ([(started, -1.0), (commit, -1.0)], 1.0),
    }
    for name, (terms, constant) in rows.items():
        layer.add(places.clock[name], terms, constant)
