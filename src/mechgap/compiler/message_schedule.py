"""The second pass for message passing: which round computes which numbers at triples, pairs and nodes.

A round computes at triples and at pairs whatever its maxima need, again if an earlier round did already,
of what nodes and pairs hold before it. Between rounds, pairs keep only their slots, and what cannot be
computed again: maxima over third nodes, and units that triples read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .ir import AbstractPairAtom, AbstractTripleAtom, Atom, Form, Unit
from .message_ir import CornerAtom, LegAtom, Pooled, Third, TripleUnit
from .pair_ir import EndAtom, MessageUnit, PairCarried, PairUnit
from .pair_schedule import PairLayers, kept, opened
from .planner import AbstractPlanner
from .schedule import Messages, Schedule, opened_unit, parts_first
from .slots import Slot


def schedule_messages(slots: tuple[Slot, ...], targets: Mapping[str, Form]) -> Schedule:
    """Schedule everything that the targets need, as early as possible.

    Args:
        slots: the places of the state.
        targets: what each slot must hold at the end.
    """
    nodes = tuple(slot for slot in slots if not slot.paired)
    inline = tuple(Unit(slot.high, slot.whole, slot.name, opened_unit(targets[slot.name])) for slot in nodes)
    paired = tuple(
        MessageUnit(slot.high, slot.whole, slot.name, opened(targets[slot.name]))
        for slot in slots
        if slot.paired
    )
    probe = _Planner(inline, paired)
    exits = []
    for slot, unit in zip(nodes, inline, strict=True):
        form = targets[slot.name]
        early = isinstance(form.single, Unit) and probe.moments[unit] < probe.final
        exits.append(Unit(slot.high, slot.whole, slot.name, form) if early else unit)
    return _Planner(tuple(exits), paired).plan()


@dataclass
class _Need:
    """What a round must compute, and what it reads.

    Attributes:
        units: at pairs, each after its parts.
        triples: units at triples, each after its parts.
        thirds: maxima over third nodes.
        nodes: numbers of nodes that are read.
        before: what pairs must hold before the round.
    """

    units: dict[PairUnit, None] = field(default_factory=dict)
    triples: dict[TripleUnit, None] = field(default_factory=dict)
    thirds: dict[Third, None] = field(default_factory=dict)
    nodes: dict[Atom, None] = field(default_factory=dict)
    before: dict[AbstractPairAtom, None] = field(default_factory=dict)


class _Planner(AbstractPlanner):
    def __init__(self, exits: tuple[Unit, ...], pair_exits: tuple[MessageUnit, ...]) -> None:
        super().__init__(exits, parts_first((*exits, *pair_exits)))
        self._pair_exits = pair_exits
        self._pools: dict[int, list[Pooled]] = {}
        for atom in self.atoms:
            if isinstance(atom, Pooled):
                self._pools.setdefault(atom.round, []).append(atom)
        self.find_moments()
        self.find_final(max((unit.ready + 1 for unit in pair_exits), default=0))
        self._kept: dict[int, tuple[AbstractPairAtom, ...]] = {self.final.round: pair_exits}
        self._needs = self._find_needs()

    def plan(self) -> Schedule:
        """The schedule; the slots are written at the final moment."""
        layers = self.layers()
        rounds = range(len(layers))
        pairs = tuple(self._pair_layers(round) for round in rounds)
        return Schedule(((),) * len(layers), layers, pairs, tuple(self._messages(r) for r in rounds))

    def spread(self, round: int) -> int:
        return 0

    def direct(self, form: Form, round: int) -> bool:
        return True

    def reads(self) -> Iterable[tuple[int, Atom]]:
        for round, need in self._needs.items():
            for atom in need.nodes:
                yield round, atom

    def _find_needs(self) -> dict[int, _Need]:
        """For each round what it computes beside the nodes, from the last one back."""
        found: dict[int, _Need] = {}
        for round in range(self.final.round, -1, -1):
            need = found[round] = _Need()
            for pool in self._pools.get(round, ()):
                for atom in pool.form.atoms:
                    self._visit(atom, round, need)
            for atom in self._kept.get(round, ()):
                self._visit(atom, round, need)
            if round > 0:
                self._kept[round - 1] = tuple(need.before)
        return found

    def _visit(self, atom: Atom, round: int, need: _Need) -> None:
        """Note what it takes to have a number of pairs in a round."""
        source = kept(atom)
        match source or atom:
            case EndAtom() as end:
                need.nodes[end.source] = None
            case PairUnit() as unit if _reads_negative(unit, round):
                need.before[unit] = None
            case PairUnit() as unit if unit not in need.units:
                for part in unit.form.atoms:
                    self._visit(part, round, need)
                need.units[unit] = None
            case Third() as third if third.ready == round:
                if third not in need.thirds:
                    for part in third.form.atoms:
                        self._visit_triple(part, round, need)
                    need.thirds[third] = None
            case Third() as third:
                need.before[third] = None
            case PairCarried() as slot if round > 0:
                need.before[slot] = None

    def _visit_triple(self, atom: Atom, round: int, need: _Need) -> None:
        """Note what it takes to have a number of triples in a round."""
        match atom:
            case CornerAtom():
                need.nodes[atom.source] = None
            case LegAtom():
                source = kept(atom.source)
                if source is not None and not (isinstance(source, PairCarried) and round == 0):
                    need.before[source] = None
            case TripleUnit() if atom not in need.triples:
                for part in atom.form.atoms:
                    self._visit_triple(part, round, need)
                need.triples[atom] = None

    def _messages(self, round: int) -> Messages:
        need = self._needs[round]
        return Messages(
            _triple_layers(need),
            tuple(need.thirds),
            tuple(self._pools.get(round, ())),
            self._kept.get(round, ()),
        )

    def _pair_layers(self, round: int) -> PairLayers:
        """The layers at pairs of a round: what each computes, and what is needed later; kept first."""
        need, last = self._needs[round], self._kept.get(round, ())
        wanted = [atom for pool in self._pools.get(round, ()) for atom in pool.form.atoms]
        if not wanted and not last:
            return ()
        depth: dict[Atom, int] = {}
        for unit in need.units:
            depth[unit] = 1 + max((depth.get(kept(part) or part, 0) for part in unit.form.atoms), default=0)
        count = max([1, *depth.values()])
        held: list[dict[AbstractPairAtom, None]] = [{} for _ in range(count)]
        held[-1] = dict.fromkeys(last)
        for unit in need.units:
            held[depth[unit] - 1][unit] = None
            for part in unit.form.atoms:
                _hold(held, part, depth[unit] - 1, depth)
        for atom in (*last, *wanted):
            _hold(held, atom, count, depth)
            if kept(atom) is None:
                assert isinstance(atom, AbstractPairAtom)
                held[-1][atom] = None
        return tuple(tuple(atoms) for atoms in held)


def _reads_negative(unit: PairUnit, round: int) -> bool:
    """Whether a unit is the part of an earlier maximum that may be negative, which pairs cannot hold."""
    return any(isinstance(a, Third) and a.low < 0 and a.ready < round for a in unit.form.atoms)


def _hold(
    held: list[dict[AbstractPairAtom, None]], atom: Atom, until: int, depth: Mapping[Atom, int]
) -> None:
    """Hold a number that only pairs know up to a layer; ends and inputs are read anew."""
    source = kept(atom)
    if source is not None:
        for k in range(depth.get(source, 1), until + 1):
            held[k - 1][source] = None


def _triple_layers(need: _Need) -> tuple[tuple[AbstractTripleAtom, ...], ...]:
    """The layers at triples of a round; the maxima read the last one."""
    depth: dict[Atom, int] = {}
    for unit in need.triples:
        depth[unit] = 1 + max((depth.get(part, 0) for part in unit.form.atoms), default=0)
    count = max(depth.values(), default=0)
    held: list[dict[AbstractTripleAtom, None]] = [{} for _ in range(count)]
    for unit in need.triples:
        held[depth[unit] - 1][unit] = None
    readers = [(unit.form, depth[unit] - 1) for unit in need.triples]
    for form, until in (*readers, *((third.form, count) for third in need.thirds)):
        for part in form.atoms:
            if isinstance(part, TripleUnit):
                for k in range(depth[part], until + 1):
                    held[k - 1][part] = None
    return tuple(tuple(atoms) for atoms in held)
