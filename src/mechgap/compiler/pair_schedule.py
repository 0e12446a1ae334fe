"""When each unit of pairs is computed: at the end of a round, in layers, of what its two ends then hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .ir import AbstractPairAtom, Atom, Fetch, Form
from .pair_ir import AbstractPairMade, PairCarried, PairUnit, Turned
from .slots import Slot
from .timing import Moment

PairLayers = tuple[tuple[AbstractPairAtom, ...], ...]
"""The layers at pairs of one round, and what each holds."""


def kept(atom: Atom) -> AbstractPairAtom | None:
    """What must be held at pairs so that an atom can be read; None for ends and inputs."""
    if isinstance(atom, Turned):
        return atom.source
    if isinstance(atom, PairCarried):
        return replace(atom, against=False)
    return atom if isinstance(atom, AbstractPairMade) else None


def is_turned(atom: Atom) -> bool:
    """Whether a number is read at the opposite pair."""
    return isinstance(atom, Turned) or (isinstance(atom, PairCarried) and atom.against)


def opened(form: Form) -> Form:
    """The form of a unit of pairs that is used as it is: what writes a slot then computes it directly."""
    while isinstance(form.single, PairUnit):
        form = form.single.form
    return form


class PairPlanner:
    """Finds the moments of units of pairs.

    Args:
        atoms: everything that is needed, each after its parts.
        exits: the units that write the slots of pairs.
        reads: of every fetch what it reads of pairs.

    Attributes:
        rounds: how many rounds there must be.
        moments: when each unit can first be computed.
    """

    def __init__(
        self, atoms: Iterable[Atom], exits: tuple[PairUnit, ...], reads: Mapping[Fetch, tuple[Atom, ...]]
    ) -> None:
        self.exits = exits
        self._reads = reads
        self._units = [atom for atom in atoms if isinstance(atom, PairUnit) and atom not in exits]
        self.rounds = max((unit.ready for unit in (*self._units, *exits)), default=0)
        self.moments: dict[PairUnit, Moment] = {}
        for unit in self._units:
            self.moments[unit] = self.natural(unit.form, unit.ready - 1)

    def natural(self, form: Form, round: int) -> Moment:
        """The first moment of a round at which a form can be computed."""
        layer = 0
        for atom in form.atoms:
            source = kept(atom)
            if isinstance(source, PairUnit) and self.moments[source].round == round:
                layer = max(layer, self.moments[source].layer + 1)
        return Moment(round, layer)

    def final(self, last: int) -> Moment:
        """When the slots are written, in the last round: together, after everything else."""
        layers = [moment.layer for moment in self.moments.values() if moment.round == last]
        layers += [self.natural(unit.form, last).layer for unit in self.exits]
        return Moment(last, max(layers, default=0))

    def plan(self, rounds: int) -> tuple[PairLayers, ...]:
        """For each round its layers at pairs; none where nothing is computed."""
        if self.exits:
            self.moments |= dict.fromkeys(self.exits, self.final(rounds - 1))
        depth = [0] * rounds
        for moment in self.moments.values():
            depth[moment.round] = max(depth[moment.round], moment.layer + 1)
        moments = [Moment(round, layer) for round in range(rounds) for layer in range(depth[round])]
        held = self._held({moment: k for k, moment in enumerate(moments)}, moments)
        grouped, start = [], 0
        for count in depth:
            grouped.append(tuple(held[start : start + count]))
            start += count
        return tuple(grouped)

    def _held(self, order: Mapping[Moment, int], moments: list[Moment]) -> list[tuple[AbstractPairAtom, ...]]:
        held: list[dict[AbstractPairAtom, None]] = [{} for _ in moments]

        def hold(atom: AbstractPairAtom, until: int) -> None:
            born = order[self.moments[atom]] if isinstance(atom, PairUnit) else 0
            for k in range(born, until + 1):
                held[k][atom] = None

        for unit, moment in self.moments.items():
            if unit not in self.exits:
                held[order[moment]][unit] = None
            for source in map(kept, unit.form.atoms):
                if source is not None:
                    hold(source, order[moment] - 1)
        for fetch, atoms in self._reads.items():
            before = sum(moment.round < fetch.level for moment in moments) - 1
            for source in map(kept, atoms):
                if source is not None:
                    hold(source, before)
        if self.exits:
            held[-1] = dict.fromkeys(self.exits)
        return [tuple(atoms) for atoms in held]


def pair_exits(
    slots: tuple[Slot, ...], targets: Mapping[str, Form], planner: PairPlanner, last: int
) -> tuple[PairUnit, ...]:
    """The units that write the slots of pairs after the last round; copies of what is there earlier."""
    exits = []
    for slot, unit in zip(slots, planner.exits, strict=True):
        form = targets[slot.name]
        early = planner.natural(unit.form, unit.ready - 1) < planner.final(last)
        copied = early and isinstance(form.single, PairUnit)
        exits.append(PairUnit(slot.high, slot.whole, slot.name, form if copied else unit.form))
    return tuple(exits)
