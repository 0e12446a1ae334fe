"""Second pass: when each unit is computed. Rounds of attention, each followed by layers of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .ir import AbstractPairAtom, Atom, Carried, Feature, Fetch, Fetched, FetchedEdge, Form, Slot, Unit
from .pair_ir import EndAtom, Followed, PairUnit
from .pair_schedule import PairLayers, PairPlanner, opened, pair_exits
from .timing import Moment


@dataclass(frozen=True)
class Schedule:
    """Rounds of a step.

    Attributes:
        fetches: for each round its fetches, in order; each becomes a head.
        layers: for each round and layer the atoms that are held after it. The last layer of all
            holds one atom for each slot, in order of the slots, and then what units of pairs read.
        pairs: for each round its layers at pairs; the last one of all holds one atom for each slot
            of pairs, in order of the slots.
    """

    fetches: tuple[tuple[Fetch, ...], ...]
    layers: tuple[tuple[tuple[Atom, ...], ...], ...]
    pairs: tuple[PairLayers, ...]


def schedule(slots: tuple[Slot, ...], targets: Mapping[str, Form]) -> Schedule:
    """Schedule everything that the targets need, as early as possible.

    Args:
        slots: the places of the state.
        targets: what each slot must hold at the end.
    """
    nodes = tuple(slot for slot in slots if not slot.paired)
    paired = tuple(slot for slot in slots if slot.paired)
    inline = tuple(Unit(slot.high, slot.whole, slot.name, _opened(targets[slot.name])) for slot in nodes)
    pair_inline = tuple(
        PairUnit(slot.high, slot.whole, slot.name, opened(targets[slot.name])) for slot in paired
    )
    probe = _Planner(inline, pair_inline)
    exits = []
    for slot, unit in zip(nodes, inline, strict=True):
        form = targets[slot.name]
        early = isinstance(form.single, Unit) and probe.moments[unit] < probe.final
        exits.append(Unit(slot.high, slot.whole, slot.name, form) if early else unit)
    return _Planner(tuple(exits), pair_exits(paired, targets, probe.pairs, probe.final.round)).plan()


def fetch_reads(fetch: Fetch) -> tuple[Atom, ...]:
    """The atoms that the attention of a fetch reads, at the sender or at the receiver."""
    forms = [condition.form for condition in fetch.conditions]
    if fetch.key is not None:
        forms.append(fetch.key)
    atoms = [atom for form in forms for atom in (*form.sender.atoms, *form.receiver.atoms)]
    return tuple(dict.fromkeys(atoms))


def pair_reads(fetch: Fetch) -> tuple[Atom, ...]:
    """What the attention of a fetch reads of the pair."""
    forms = [condition.form for condition in fetch.conditions]
    if fetch.key is not None:
        forms.append(fetch.key)
    return tuple(dict.fromkeys(atom for form in forms for atom, _ in form.pair))


def parts(atom: Atom) -> tuple[Atom, ...]:
    """The atoms that must be there before an atom can be computed or copied."""
    if isinstance(atom, Unit):
        return atom.form.atoms
    if isinstance(atom, (Fetched, FetchedEdge, Followed)):
        return (*fetch_reads(atom.fetch), *pair_reads(atom.fetch), atom.source)
    return atom.parts if isinstance(atom, AbstractPairAtom) else ()


def parts_first(roots: Iterable[Atom]) -> tuple[Atom, ...]:
    """All atoms that some atoms are made of, and these themselves, each after its parts."""
    order: dict[Atom, None] = {}
    stack = [(atom, False) for atom in reversed(tuple(roots))]
    while stack:
        atom, ready = stack.pop()
        if atom in order:
            continue
        if ready:
            order[atom] = None
        else:
            stack.append((atom, True))
            stack.extend((part, False) for part in reversed(parts(atom)) if part not in order)
    return tuple(order)


def _opened(form: Form) -> Form:
    """The form of a unit that is used as it is: what writes a slot then computes it directly."""
    while isinstance(form.single, Unit):
        form = form.single.form
    return form


def _sources(unit: PairUnit) -> tuple[Atom, ...]:
    """What a unit of pairs reads at its ends, inputs aside."""
    sources = [atom.source for atom in unit.form.atoms if isinstance(atom, EndAtom)]
    return tuple(source for source in sources if not isinstance(source, Feature))


class _Planner:
    """Finds the moments of all units below the exits, the units that write the slots.

    Attributes:
        moments: when each unit can first be computed.
        final: when the slots are written: together, after everything else.
        pairs: finds the moments of units of pairs.
        ends: what units of pairs read at nodes -> the last round after which they do.
    """

    def __init__(self, exits: tuple[Unit, ...], pair_exits: tuple[PairUnit, ...]) -> None:
        self.exits = exits
        self.atoms = parts_first((*exits, *pair_exits))
        self.fetches = self._by_round()
        self.pairs = PairPlanner(self.atoms, pair_exits, self._pair_reads())
        self.moments: dict[Unit, Moment] = {}
        for atom in self.atoms:
            if isinstance(atom, Unit):
                self.moments[atom] = self._moment(atom)
        self.ends = self._ends(pair_exits)
        used = [self.moments[atom] for atom in self.ends if isinstance(atom, Unit)]
        used += [Moment(self.pairs.rounds - 1, 0)] * (self.pairs.rounds > 0)
        final = max([*(self.moments[unit] for unit in exits), *used], default=Moment(0, 0))
        # Several heads write to parts of a layer of their own; a further layer frees the order.
        self.final = Moment(final.round, max(final.layer, self._spread(final.round)))
        for unit in pair_exits:
            for atom in _sources(unit):
                self.ends[atom] = max(self.ends[atom], self.final.round)

    def plan(self) -> Schedule:
        """The schedule; the slots are written at the final moment."""
        self.moments |= dict.fromkeys(self.exits, self.final)
        depth = [self._spread(round) for round in range(self.final.round + 1)]
        for moment in self.moments.values():
            depth[moment.round] = max(depth[moment.round], moment.layer)
        moments = [Moment(round, layer) for round, last in enumerate(depth) for layer in range(last + 1)]
        held = self._held({moment: k for k, moment in enumerate(moments)}, moments, depth)
        grouped, start = [], 0
        for last in depth:
            grouped.append(tuple(held[start : start + last + 1]))
            start += last + 1
        fetches = tuple(tuple(self.fetches.get(r, ())) for r in range(len(depth)))
        return Schedule(fetches, tuple(grouped), self.pairs.plan(len(depth)))

    def _ends(self, exits: tuple[PairUnit, ...]) -> dict[Atom, int]:
        """The numbers of nodes that units of pairs read -> the last round after which they do."""
        found: dict[Atom, int] = {}
        for unit in self.atoms:
            if isinstance(unit, PairUnit):
                for atom in _sources(unit):
                    found[atom] = max(found.get(atom, 0), unit.ready - 1)
        return found

    def _pair_reads(self) -> dict[Fetch, tuple[Atom, ...]]:
        """What every fetch attends by, or copies, of pairs."""
        found = {fetch: pair_reads(fetch) for heads in self.fetches.values() for fetch in heads}
        for atom in self.atoms:
            if isinstance(atom, (FetchedEdge, Followed)):
                found[atom.fetch] = (*found[atom.fetch], atom.source)
        return found

    def _by_round(self) -> dict[int, list[Fetch]]:
        found: dict[int, list[Fetch]] = {}
        for atom in self.atoms:
            if isinstance(atom, (Fetched, FetchedEdge, Followed)):
                heads = found.setdefault(atom.fetch.level, [])
                if atom.fetch not in heads:
                    heads.append(atom.fetch)
        return found

    def _spread(self, round: int) -> int:
        return 1 if len(self.fetches.get(round, ())) > 1 else 0

    def _moment(self, unit: Unit) -> Moment:
        round = unit.level - 1
        layer = 0 if self._direct(unit.form, round) else 1
        for atom in unit.form.atoms:
            if isinstance(atom, Unit) and self.moments[atom].round == round:
                layer = max(layer, self.moments[atom].layer + 1)
        return Moment(round, layer)

    def _direct(self, form: Form, round: int) -> bool:
        """Whether the update of a round can compute a form: it takes what one head fetched."""
        copies = [atom for atom in form.atoms if isinstance(atom, (Fetched, FetchedEdge))]
        return len({atom.fetch for atom in copies if atom.fetch.level == round}) <= 1

    def _held(
        self, order: Mapping[Moment, int], moments: list[Moment], depth: list[int]
    ) -> list[tuple[Atom, ...]]:
        """The atoms that each layer holds: what it computes, and what is needed later."""
        held: list[dict[Atom, None]] = [{} for _ in moments]

        def hold(atom: Atom, until: int) -> None:
            for k in range(self._born(atom, moments[until], order), until + 1):
                held[k][atom] = None

        for unit, moment in self.moments.items():
            if unit not in self.exits:
                held[order[moment]][unit] = None
            for atom in unit.form.atoms:
                if moment.layer > 0 or not self._present(atom, moment.round):
                    hold(atom, order[moment] - 1)
        for atom in self.atoms:
            if isinstance(atom, (Fetched, FetchedEdge, Followed)) and atom.fetch.level > 0:
                for part in parts(atom):
                    if not isinstance(part, (Feature, AbstractPairAtom)):
                        hold(part, order[Moment(atom.fetch.level, 0)] - 1)
        for atom, round in self.ends.items():
            hold(atom, order[Moment(round, depth[round])])
        further = [atom for atom in held[order[self.final]] if atom not in self.exits]
        return [*(tuple(atoms) for atoms in held[: order[self.final]]), (*self.exits, *further)]

    def _present(self, atom: Atom, round: int) -> bool:
        """Whether the update of a round can read an atom without its having been held before."""
        if isinstance(atom, (Fetched, FetchedEdge)):
            return atom.fetch.level == round
        return isinstance(atom, Feature) or (isinstance(atom, Carried) and round == 0)

    def _born(self, atom: Atom, until: Moment, order: Mapping[Moment, int]) -> int:
        """From which position on an atom has to be held so that it is there at a later moment."""
        if isinstance(atom, Unit):
            return order[self.moments[atom]]
        if isinstance(atom, (Fetched, FetchedEdge)):
            return order[Moment(atom.fetch.level, 0)]
        return order[Moment(until.round, 0)] if isinstance(atom, Feature) else 0
