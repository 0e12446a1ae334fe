"""Second pass: when each unit is computed. Rounds of attention, each followed by layers of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .ir import Atom, Carried, Feature, Fetch, Fetched, FetchedEdge, Form, Slot, Unit


@dataclass(frozen=True, order=True)
class Moment:
    """When a unit is computed: the round, and the layer in it (layer 0 is the update of the round)."""

    round: int
    layer: int


@dataclass(frozen=True)
class Schedule:
    """Rounds of a step.

    Attributes:
        fetches: for each round its fetches, in order; each becomes a head.
        layers: for each round and layer the atoms that are held after it. The last layer of all
            holds one atom for each slot, in order of the slots.
        moments: when each unit is computed.
    """

    fetches: tuple[tuple[Fetch, ...], ...]
    layers: tuple[tuple[tuple[Atom, ...], ...], ...]
    moments: Mapping[Unit, Moment]


def schedule(slots: tuple[Slot, ...], targets: Mapping[str, Form]) -> Schedule:
    """Schedule everything that the targets need, as early as possible.

    Args:
        slots: the places of the state.
        targets: what each slot must hold at the end.
    """
    inline = tuple(Unit(slot.high, slot.whole, slot.name, _opened(targets[slot.name])) for slot in slots)
    probe = _Planner(inline)
    final = probe.final()
    exits = []
    for slot, unit in zip(slots, inline, strict=True):
        form = targets[slot.name]
        early = isinstance(form.single, Unit) and probe.moment(unit) < final
        exits.append(Unit(slot.high, slot.whole, slot.name, form) if early else unit)
    return _Planner(tuple(exits)).plan()


def _opened(form: Form) -> Form:
    """The form of a unit that is used as it is: what writes a slot then computes it directly."""
    while isinstance(form.single, Unit):
        form = form.single.form
    return form


class _Planner:
    """Finds the moments of all units below the exits, the units that write the slots."""

    def __init__(self, exits: tuple[Unit, ...]) -> None:
        self.exits = exits
        self.units: dict[Unit, Moment] = {}
        self.rounds: dict[Fetch, int] = {}

    def final(self) -> Moment:
        """When the slots are written: together, after everything else."""
        final = max((self.moment(unit) for unit in self.exits), default=Moment(0, 0))
        heads = sum(1 for round in self.rounds.values() if round == final.round)
        return Moment(final.round, max(final.layer, 1)) if heads > 1 else final

    def plan(self) -> Schedule:
        final = self.final()
        self.units = self._alive()
        for unit in self.exits:
            self.units[unit] = final
        fetches = self._live_fetches(final.round + 1)
        # Several heads write to parts of a layer of their own; a further layer frees the order.
        depth = [1 if len(heads) > 1 else 0 for heads in fetches]
        for moment in self.units.values():
            depth[moment.round] = max(depth[moment.round], moment.layer)
        return self._held(depth, final, fetches)

    # ---- moments

    def moment(self, unit: Unit) -> Moment:
        """When a unit can first be computed."""
        if unit not in self.units:
            moment = Moment(max((self._round(atom) for atom in unit.form.atoms), default=0), 0)
            moment = Moment(moment.round, self._layer(unit.form, moment.round))
            self.units[unit] = moment
        return self.units[unit]

    def _round(self, atom: Atom) -> int:
        """The round in which an atom is first there."""
        if isinstance(atom, (Fetched, FetchedEdge)):
            return self._fetch(atom.fetch)
        return self.moment(atom).round if isinstance(atom, Unit) else 0

    def _fetch(self, fetch: Fetch) -> int:
        if fetch not in self.rounds:
            ready = [0]
            for atom in (*fetch_reads(fetch), *_copied(fetch, self.exits)):
                if isinstance(atom, (Unit, Fetched, FetchedEdge)):
                    ready.append(self._round(atom) + 1)
            self.rounds[fetch] = max(ready)
        return self.rounds[fetch]

    def _layer(self, form: Form, round: int) -> int:
        layer = 0 if self._direct(form, Moment(round, 0)) else 1
        for atom in form.atoms:
            if isinstance(atom, Unit) and self.moment(atom).round == round:
                layer = max(layer, self.moment(atom).layer + 1)
        return layer

    def _direct(self, form: Form, moment: Moment) -> bool:
        """Whether the update of a round can compute a form: it takes what one head fetched."""
        heads = {
            atom.fetch
            for atom in form.atoms
            if isinstance(atom, (Fetched, FetchedEdge)) and self._fetch(atom.fetch) == moment.round
        }
        return len(heads) <= 1

    def _alive(self) -> dict[Unit, Moment]:
        """The units that the exits need, the exits themselves left out."""
        found: dict[Unit, Moment] = {}
        open_atoms = [atom for unit in self.exits for atom in unit.form.atoms]
        seen: set[Atom] = set()
        while open_atoms:
            atom = open_atoms.pop()
            if atom in seen:
                continue
            seen.add(atom)
            if isinstance(atom, Unit):
                found[atom] = self.units[atom]
                open_atoms.extend(atom.form.atoms)
            elif isinstance(atom, (Fetched, FetchedEdge)):
                open_atoms.extend(fetch_reads(atom.fetch))
                if isinstance(atom, Fetched):
                    open_atoms.append(atom.source)
        order = [unit for unit in self.units if unit in found]
        return {unit: self.units[unit] for unit in order}

    # ---- what is held when

    def _held(self, depth: list[int], final: Moment, fetches: list[list[Fetch]]) -> Schedule:
        positions = [Moment(r, layer) for r, last in enumerate(depth) for layer in range(last + 1)]
        order = {moment: k for k, moment in enumerate(positions)}
        held: list[dict[Atom, None]] = [{} for _ in positions]

        def hold(atom: Atom, until: int) -> None:
            for k in range(self._born(atom, until, positions, order), until + 1):
                held[k][atom] = None

        for unit, moment in self.units.items():
            if unit not in self.exits:
                held[order[moment]][unit] = None
            for atom in unit.form.atoms:
                if moment.layer > 0 or not self._present(atom, moment.round):
                    hold(atom, order[moment] - 1)
        for round, heads in enumerate(fetches):
            for fetch in heads:
                for atom in (*fetch_reads(fetch), *_copied(fetch, tuple(self.units))):
                    if not isinstance(atom, Feature) and round > 0:
                        hold(atom, order[Moment(round, 0)] - 1)
        layers = [tuple(atoms) for atoms in held]
        layers[order[final]] = self.exits
        grouped, start = [], 0
        for last in depth:
            grouped.append(tuple(layers[start : start + last + 1]))
            start += last + 1
        return Schedule(tuple(tuple(heads) for heads in fetches), tuple(grouped), dict(self.units))

    def _present(self, atom: Atom, round: int) -> bool:
        """Whether the update of a round can read an atom without its having been held before."""
        if isinstance(atom, (Fetched, FetchedEdge)):
            return self._fetch(atom.fetch) == round
        return isinstance(atom, Feature) or (isinstance(atom, Carried) and round == 0)

    def _born(
        self, atom: Atom, until: int, positions: list[Moment], order: dict[Moment, int]
    ) -> int:
        """From which position on an atom has to be held so that it is there at a later one."""
        if isinstance(atom, Unit):
            return order[self.units[atom]]
        if isinstance(atom, (Fetched, FetchedEdge)):
            return order[Moment(self._fetch(atom.fetch), 0)]
        if isinstance(atom, Feature):
            return order[Moment(positions[until].round, 0)]
        return 0

    def _live_fetches(self, rounds: int) -> list[list[Fetch]]:
        found: list[list[Fetch]] = [[] for _ in range(rounds)]
        for fetch in _fetches(tuple(self.units)):
            found[self._fetch(fetch)].append(fetch)
        return found


def fetch_reads(fetch: Fetch) -> tuple[Atom, ...]:
    """The atoms that the attention of a fetch reads, at the sender or at the receiver."""
    forms = [condition.form for condition in fetch.conditions]
    if fetch.key is not None:
        forms.append(fetch.key)
    atoms = [atom for form in forms for atom in (*form.sender.atoms, *form.receiver.atoms)]
    return tuple(dict.fromkeys(atoms))


def _fetches(units: Iterable[Unit]) -> list[Fetch]:
    """The fetches from which units, or other such fetches, copy; each once, in order of need."""
    found: dict[Fetch, None] = {}

    def visit(atom: Atom) -> None:
        if not isinstance(atom, (Fetched, FetchedEdge)):
            return
        if isinstance(atom, Fetched):
            visit(atom.source)
        if atom.fetch not in found:
            for read in fetch_reads(atom.fetch):
                visit(read)
            found[atom.fetch] = None

    for unit in units:
        for atom in unit.form.atoms:
            visit(atom)
    return list(found)


def _copied(fetch: Fetch, units: tuple[Unit, ...]) -> list[Atom]:
    """What is copied by a fetch, of everything that some units need."""
    found: dict[Atom, None] = {}
    seen: set[Unit] = set()
    stack = list(units)
    while stack:
        unit = stack.pop()
        if unit in seen:
            continue
        seen.add(unit)
        for atom in unit.form.atoms:
            stack.extend(_below(atom))
            if isinstance(atom, Fetched) and atom.fetch is fetch:
                found[atom.source] = None
    return list(found)


def _below(atom: Atom) -> list[Unit]:
    """The units right below an atom."""
    if isinstance(atom, Unit):
        return [atom]
    if isinstance(atom, (Fetched, FetchedEdge)):
        read = list(fetch_reads(atom.fetch))
        if isinstance(atom, Fetched):
            read.append(atom.source)
        return [other for other in read if isinstance(other, Unit)] + [
            unit
            for other in read
            if isinstance(other, (Fetched, FetchedEdge))
            for unit in _below(other)
        ]
    return []
