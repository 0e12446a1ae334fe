"""Where each number is: in the features, in the hidden vector, and in the layers of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...lang.location import Location
from ...lang.program import Port, Program
from ..ir import Atom, Carried, Feature, Fetch, Fetched, Unit
from ..pair_ir import MessageUnit
from .circuit import Circuit
from .shallow import depth

CLOCK = ("count", "commit", "waits", "started", "first")
"""The hidden dimensions that say which round it is.

count: number of the round in its step. commit: 1 in the last round. waits: 0 in the last round, else
positive. started: 0 in the first step. first: 1 in the first step, but for its first round.
"""


@dataclass(frozen=True)
class SlotPlace:
    """The hidden dimensions whose sum is a slot; at any time at most one of them is not 0.

    Attributes:
        kept: holds the value during a step.
        fresh: holds it after the last round of a step.
        start: holds the value of frame 0 during the first step; None if that is 0.
    """

    kept: int
    fresh: int
    start: int | None

    @property
    def all(self) -> tuple[int, ...]:
        """All of them."""
        return (self.kept, self.fresh, *(() if self.start is None else (self.start,)))


@dataclass
class Places:
    """Where each number is.

    Attributes:
        columns: (input, component) -> dimension of the features where the input lives.
        locations: input -> where it lives.
        clock: name -> hidden dimension.
        slots: name -> hidden dimensions.
        units: unit of nodes -> hidden dimension.
        layers: for each layer of messages its numbers -> dimension.
        pools: maximum -> dimension.
        width: H, of all vectors.
        heads: of the attention; each has an equal part of all vectors.
    """

    columns: Mapping[tuple[str, int], int]
    locations: Mapping[str, Location]
    clock: Mapping[str, int]
    slots: Mapping[str, SlotPlace]
    units: Mapping[Unit, int]
    layers: tuple[dict[Atom, int], dict[Atom, int]]
    pools: dict[Atom, int] = field(default_factory=dict)
    width: int = 0
    heads: int = 1

    def node(self, atom: Atom) -> tuple[int, ...]:
        """The inputs of a layer over z = [features ; hidden] whose sum is a number of nodes."""
        match atom:
            case Feature():
                return (self.columns[atom.port, atom.component],)
            case Carried():
                return tuple(self.width + place for place in self.slots[atom.slot].all)
        assert isinstance(atom, Unit), atom.origin
        return (self.width + self.units[atom],)

    def of_graph(self, atom: Atom) -> bool:
        """Whether a number is an input of the graph."""
        return isinstance(atom, Feature) and self.locations[atom.port] is Location.GRAPH


def place(program: Program, circuit: Circuit, mid: int = 0) -> Places:
    """Give every number of a circuit its dimension.

    Args:
        program: whose inputs are encoded.
        circuit: see above.
        mid: units that the attention of a head needs.
    """
    columns = {
        key: k
        for location in Location
        for k, key in enumerate(
            (port.name, component)
            for port in program.interface.inputs
            if port.location is location
            for component in range(features(port))
        )
    }
    places = Places(
        columns,
        {port.name: port.location for port in program.interface.inputs},
        {name: k for k, name in enumerate(CLOCK)},
        *_hidden(circuit),
        ({}, {}),
    )
    for pool in circuit.pools:
        places.pools[pool] = len(places.pools)
        for atom in pool.form.atoms:
            _send(atom, places.layers)
    if circuit.fetches:
        _share(places, circuit, mid)
        return places
    last = max((max(slot.all) for slot in places.slots.values()), default=len(CLOCK) - 1)
    last = max([last, *places.units.values()])
    sizes = (last + 1, len(places.pools), *map(len, places.layers), *(k + 1 for k in columns.values()), 2)
    places.width = max(sizes)
    return places


def landing(unit: Unit) -> Fetch | None:
    """The fetch whose copy a unit holds, if it does nothing else."""
    single = unit.form.single
    return single.fetch if isinstance(single, Fetched) else None


def _share(places: Places, circuit: Circuit, mid: int) -> None:
    """Put what a head copies into its part of the hidden vector, and all else where there is room."""
    heads: dict[Fetch, list[Unit]] = {fetch: [] for fetch in circuit.fetches}
    others: list[Unit] = []
    for unit in places.units:
        fetch = landing(unit)
        (others if fetch is None else heads[fetch]).append(unit)
    fixed = max((max(slot.all) + 1 for slot in places.slots.values()), default=len(CLOCK))
    total = fixed + len(places.units)
    least = max([2, total, *(k + 1 for k in places.columns.values())])
    part = max([mid, *map(len, heads.values()), -(-least // len(heads))])
    while _room(part, fixed, heads) < len(others) or part * len(heads) < least:
        part += 1
    taken: dict[Unit, int] = {}
    for head, units in enumerate(heads.values()):
        first = max(head * part, fixed)
        taken |= {unit: first + k for k, unit in enumerate(units)}
    free = iter(sorted(set(range(fixed, part * len(heads))) - set(taken.values())))
    places.units = taken | {unit: next(free) for unit in others}
    places.width, places.heads = part * len(heads), len(heads)


def _room(part: int, fixed: int, heads: Mapping[Fetch, list[Unit]]) -> int:
    """Free dimensions beside the fixed ones and those of the heads; negative if a head has too few."""
    room = 0
    for head, units in enumerate(heads.values()):
        own = (head + 1) * part - max(head * part, fixed) - len(units)
        if own < 0 and units:
            return -1
        room += max(0, own)
    return room


def features(port: Port) -> int:
    """How many numbers the encoder of an input reads."""
    return port.kind.width


def _hidden(circuit: Circuit) -> tuple[dict[str, SlotPlace], dict[Unit, int]]:
    slots: dict[str, SlotPlace] = {}
    next_place = len(CLOCK)
    for slot in circuit.slots:
        start = next_place + 2 if slot.name in circuit.start else None
        slots[slot.name] = SlotPlace(next_place, next_place + 1, start)
        next_place += len(slots[slot.name].all)
    return slots, {unit: next_place + k for k, unit in enumerate(circuit.units)}


def _send(atom: Atom, layers: tuple[dict[Atom, int], dict[Atom, int]]) -> None:
    """Let the last layer of messages hold a number, and the first one what it is made of."""
    first, second = layers
    deep = depth(atom) == len(layers)
    parts = atom.form.atoms if isinstance(atom, MessageUnit) and deep else (atom,)
    for part in parts:
        first.setdefault(part, len(first))
    second.setdefault(atom, len(second))
