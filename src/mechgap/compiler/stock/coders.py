"""The encoders and decoders of the benchmark's network: inputs come in as they are, slots are read out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...kinds.categorical import Categorical
from ...kinds.mask import Mask
from ...kinds.pointer import Pointer
from ...kinds.scalar import Scalar
from ...lang.location import Location
from ...lang.program import Port, Program
from ..ir import Atom, Carried, Unit
from ..slots import Slot
from .parameters import CODERS, Parameters, numbered
from .places import Places, features

POINTER_SCALE = 1.0
"""Logit for a difference of 1 between an index and a pointer."""


def fill_encoders(parameters: Parameters, program: Program, places: Places) -> None:
    """Encoders that copy each input into its own dimensions."""
    for port in program.interface.inputs:
        layer = parameters.layer(f"{CODERS}/algo_0_{port.name}_enc_linear", features(port), places.width)
        for component in range(features(port)):
            layer.add(places.columns[port.name, component], [(component, 1.0)])


class Decoders:
    """Writes decoders.

    Args:
        parameters: get the layers.
        places: where numbers are.
        edges: width of what decoders know of an edge.
        slots: all slots by name.
    """

    def __init__(self, parameters: Parameters, places: Places, edges: int, slots: Mapping[str, Slot]) -> None:
        self._parameters = parameters
        self._places = places
        self._edges = edges
        self._slots = slots

    def fill(self, port: Port, shown: Sequence[tuple[str, Atom]], index: Atom | None) -> None:
        """The decoder of a hint or an output.

        Args:
            port: which.
            shown: its slots with what holds them; none for a decoder that says nothing.
            index: of the candidates of a pointer.
        """
        width = self._places.width
        base = f"{CODERS}/algo_0_{port.name}_dec_linear"
        kinds = port.kind.width if isinstance(port.kind, Categorical) else 1
        sizes = _sizes(port, width, self._edges, kinds)
        layers = [
            self._parameters.layer(name, *size)
            for name, size in zip(numbered(base, len(sizes)), sizes, strict=True)
        ]
        if not shown:
            return
        places = [self._after(atom) for _, atom in shown]
        if isinstance(port.kind, Pointer):
            assert index is not None
            layers[0].add(0, [(places[0], 1.0)])
            for row in range(2):
                layers[1].add(row, [(self._after(index), 1.0)])
            layers[3].add(0, [(0, -2.0 * POINTER_SCALE), (1, POINTER_SCALE)])
            return
        for row, (terms, constant) in enumerate(self._rows(port, places, [name for name, _ in shown])):
            layers[0].add(row, terms, constant)

    def _after(self, atom: Atom) -> int:
        """Where decoders find a number, in [features ; hidden before ; hidden after]."""
        places, width = self._places, self._places.width
        if isinstance(atom, Carried):
            return 2 * width + places.slots[atom.slot].fresh
        if isinstance(atom, Unit):
            return 2 * width + places.units[atom]
        (place,) = places.node(atom)
        return place

    def _rows(
        self, port: Port, places: list[int], names: list[str]
    ) -> list[tuple[list[tuple[int, float]], float]]:
        """For each logit its terms and its constant."""
        kind = port.kind
        if isinstance(kind, Scalar):
            low = self._slots[names[0]].low
            return [(list(zip(places, (kind.unit, -kind.unit), strict=False)), kind.unit * low)]
        if isinstance(kind, Mask):
            return [([(places[0], 1.0)], -0.5)]
        return [([(place, 1.0)], 0.0) for place in places]


def _sizes(port: Port, width: int, edges: int, kinds: int) -> list[tuple[int, int]]:
    """The sizes of the layers of a decoder."""
    nodes, pointer = 3 * width, isinstance(port.kind, Pointer)
    if port.location is Location.GRAPH:
        return [(nodes, kinds), (width, kinds)]
    if port.location is Location.NODE:
        if pointer:
            return [(nodes, width), (nodes, width), (edges, width), (width, 1)]
        return [(nodes, kinds)]
    if pointer:
        return [(nodes, width), (nodes, width), (edges, width), (nodes, width), (width, 1)]
    return [(nodes, kinds), (nodes, kinds), (edges, kinds)]
