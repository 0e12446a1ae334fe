"""Second pass: when each unit is computed. Rounds of attention, each followed by layers of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .ir import AbstractPairAtom, AbstractTripleAtom, Atom, Feature, Fetch, Fetched, FetchedEdge, Form, Unit
from .message_ir import Pooled, Third
from .pair_ir import EndAtom, Followed, PairUnit
from .pair_schedule import PairLayers, PairPlanner, opened, pair_exits
from .planner import AbstractPlanner
from .slots import Slot


@dataclass(frozen=True)
class Messages:
    """What a round of messages computes, beside its layers at pairs and at nodes.

    Attributes:
        triples: the units of each layer at triples.
        thirds: the maxima over third nodes.
        pools: the maxima over senders.
        kept: what is kept at pairs, the first numbers of the last layer there.
    """

    triples: tuple[tuple[AbstractTripleAtom, ...], ...] = ()
    thirds: tuple[Third, ...] = ()
    pools: tuple[Pooled, ...] = ()
    kept: tuple[AbstractPairAtom, ...] = ()

    @property
    def sums(self) -> tuple[Form, ...]:
        """What the maxima are taken of."""
        pools = tuple(pool.form for pool in self.pools)
        return (*pools, *(third.form for third in self.thirds))


@dataclass(frozen=True)
class Schedule:
    """Rounds of a step.

    Attributes:
        fetches: for each round its fetches, in order; each becomes a head.
        layers: for each round and layer the atoms that are held after it. The last layer of all
            holds one atom for each slot, in order of the slots, and then what units of pairs read.
        pairs: for each round its layers at pairs; the last one of all holds one atom for each slot
            of pairs, in order of the slots.
        messages: for each round what its messages are made of; empty in networks with attention.
    """

    fetches: tuple[tuple[Fetch, ...], ...]
    layers: tuple[tuple[tuple[Atom, ...], ...], ...]
    pairs: tuple[PairLayers, ...]
    messages: tuple[Messages, ...] = ()


def schedule(slots: tuple[Slot, ...], targets: Mapping[str, Form]) -> Schedule:
    """Schedule everything that the targets need, as early as possible.

    Args:
        slots: the places of the state.
        targets: what each slot must hold at the end.
    """
    nodes = tuple(slot for slot in slots if not slot.paired)
    paired = tuple(slot for slot in slots if slot.paired)
    inline = tuple(Unit(slot.high, slot.whole, slot.name, opened_unit(targets[slot.name])) for slot in nodes)
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
    if isinstance(atom, Pooled):
        return atom.form.atoms
    if isinstance(atom, (Fetched, FetchedEdge, Followed)):
        return (*fetch_reads(atom.fetch), *pair_reads(atom.fetch), atom.source)
    return atom.parts if isinstance(atom, (AbstractPairAtom, AbstractTripleAtom)) else ()


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


def opened_unit(form: Form) -> Form:
    """The form of a unit that is used as it is: what writes a slot then computes it directly."""
    while isinstance(form.single, Unit):
        form = form.single.form
    return form


def _sources(unit: PairUnit) -> tuple[Atom, ...]:
    """What a unit of pairs reads at its ends, inputs aside."""
    sources = [atom.source for atom in unit.form.atoms if isinstance(atom, EndAtom)]
    return tuple(source for source in sources if not isinstance(source, Feature))


class _Planner(AbstractPlanner):
    """The moments of units in networks with attention.

    Attributes:
        pairs: finds the moments of units of pairs.
    """

    def __init__(self, exits: tuple[Unit, ...], pair_exits: tuple[PairUnit, ...]) -> None:
        super().__init__(exits, parts_first((*exits, *pair_exits)))
        self.fetches = self._by_round()
        self.pairs = PairPlanner(self.atoms, pair_exits, self._pair_reads())
        self.find_moments()
        self.ends = self._ends(pair_exits)
        self.find_final(self.pairs.rounds)
        for unit in pair_exits:
            for atom in _sources(unit):
                self.ends[atom] = max(self.ends[atom], self.final.round)

    def plan(self) -> Schedule:
        """The schedule; the slots are written at the final moment."""
        layers = self.layers()
        fetches = tuple(tuple(self.fetches.get(r, ())) for r in range(len(layers)))
        return Schedule(fetches, layers, self.pairs.plan(len(layers)))

    def spread(self, round: int) -> int:
        """Several heads write to parts of a layer of their own; a further layer frees the order."""
        return 1 if len(self.fetches.get(round, ())) > 1 else 0

    def direct(self, form: Form, round: int) -> bool:
        """Whether the update of a round can compute a form: it takes what one head fetched."""
        copies = [atom for atom in form.atoms if isinstance(atom, (Fetched, FetchedEdge))]
        return len({atom.fetch for atom in copies if atom.fetch.level == round}) <= 1

    def reads(self) -> Iterable[tuple[int, Atom]]:
        """What heads attend by, and copy."""
        for atom in self.atoms:
            if isinstance(atom, (Fetched, FetchedEdge, Followed)):
                for part in parts(atom):
                    if not isinstance(part, AbstractPairAtom):
                        yield atom.fetch.level, part

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
