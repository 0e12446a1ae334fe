"""The checker after the schedule of a network of messages."""

from __future__ import annotations

from collections.abc import Iterable

from .checks import ensure, given
from .ir import AbstractPairAtom, AbstractTripleAtom, Atom, EdgeColumn, Unit
from .message_ir import CornerAtom, LegAtom, TripleUnit
from .pair_ir import EndAtom, PairCarried, PairUnit
from .pair_schedule import PairLayers, kept
from .schedule import Messages, Schedule


def check_messages(schedule: Schedule) -> None:
    """What a unit or a maximum reads is there when it is computed."""
    nodes: set[Atom] = set()
    pairs: set[Atom] | None = None
    plan = zip(schedule.messages, schedule.layers, schedule.pairs, strict=True)
    for round, (messages, layers, paired) in enumerate(plan):
        place = _Before(round, nodes, pairs)
        _check_triples(place, messages)
        last = _check_pairs(place, messages, paired)
        for pool in messages.pools:
            for atom in pool.form.atoms:
                ensure((kept(atom) or atom) in last, f"round {round} sends {atom.origin} too early")
        pools: set[Atom] = set(messages.pools)
        for layer, atoms in enumerate(layers):
            for atom in atoms:
                if atom in nodes:
                    continue
                for part in atom.form.atoms if isinstance(atom, Unit) else (atom,):
                    there = part in nodes or (layer == 0 and (given(part, round) or part in pools))
                    ensure(there, f"{atom.origin} reads {part.origin} before it is there")
            nodes = set(atoms)
        if paired:
            ensure(
                paired[-1][: len(messages.kept)] == messages.kept, f"round {round} does not keep what it must"
            )
            pairs = set(messages.kept)


class _Before:
    """What is held before a round.

    Args:
        round: its number.
        nodes: at the nodes.
        pairs: at pairs; None as long as these are the slots.
    """

    def __init__(self, round: int, nodes: set[Atom], pairs: set[Atom] | None) -> None:
        self.round = round
        self._nodes = nodes
        self._pairs = pairs

    def node(self, atom: Atom) -> bool:
        """Whether nodes hold a number."""
        return given(atom, self.round) or atom in self._nodes

    def pair(self, atom: AbstractPairAtom) -> bool:
        """Whether pairs hold a number, or an input is one."""
        source = kept(atom)
        held = isinstance(source, PairCarried) if self._pairs is None else source in self._pairs
        return held or isinstance(atom, EdgeColumn)


def _check_triples(place: _Before, messages: Messages) -> None:
    """What triples are computed of is there."""

    def check(reader: Atom, parts: Iterable[Atom], previous: set[AbstractTripleAtom]) -> None:
        for part in parts:
            match part:
                case CornerAtom():
                    there = place.node(part.source)
                case LegAtom():
                    there = place.pair(part.source)
                case _:
                    there = part in previous
            ensure(there, f"{reader.origin} at triples reads {part.origin} before it is there")

    previous: set[AbstractTripleAtom] = set()
    for layer in messages.triples:
        for atom in layer:
            if atom not in previous:
                check(atom, atom.form.atoms if isinstance(atom, TripleUnit) else (atom,), previous)
        previous = set(layer)
    for third in messages.thirds:
        check(third, third.form.atoms, previous)


def _check_pairs(place: _Before, messages: Messages, layers: PairLayers) -> set[Atom]:
    """What pairs are computed of is there; what the last layer holds."""
    previous: set[Atom] | None = None
    for layer in layers:
        for atom in layer:
            if atom in previous if previous is not None else place.pair(atom):
                continue
            for part in atom.form.atoms if isinstance(atom, PairUnit) else (atom,):
                there = isinstance(part, EdgeColumn)
                if isinstance(part, EndAtom):
                    there = place.node(part.source)
                elif isinstance(part, AbstractPairAtom) and not there:
                    source = kept(part)
                    held = place.pair(part) or source in messages.thirds if previous is None else False
                    there = held or (previous is not None and source in previous)
                ensure(there, f"{atom.origin} at pairs reads {part.origin} before it is there")
        previous = set(layer)
    return previous or set()
