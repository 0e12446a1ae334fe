"""When each unit of nodes is computed: in rounds, each followed by layers of units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from .ir import AbstractReceived, Atom, Carried, Feature, Form, Unit
from .timing import Moment


class AbstractPlanner(ABC):
    """Finds the moments of all units below the exits, the units that write the slots.

    Args:
        exits: of nodes.
        atoms: everything that is needed, each after its parts.

    Attributes:
        moments: when each unit can first be computed.
        final: when the slots are written: together, after everything else.
        ends: numbers of nodes that are read after a round, beside its layers -> the last such round.
    """

    final: Moment

    def __init__(self, exits: tuple[Unit, ...], atoms: tuple[Atom, ...]) -> None:
        self.exits = exits
        self.atoms = atoms
        self.ends: dict[Atom, int] = {}
        self.moments: dict[Unit, Moment] = {}

    @abstractmethod
    def spread(self, round: int) -> int:
        """How many layers a round needs beside those of its units."""

    @abstractmethod
    def direct(self, form: Form, round: int) -> bool:
        """Whether the update of a round can compute a form."""

    @abstractmethod
    def reads(self) -> Iterable[tuple[int, Atom]]:
        """The numbers of nodes that are read before the update of a round, each with the round."""

    def find_moments(self) -> None:
        """Fill ``moments``."""
        for atom in self.atoms:
            if isinstance(atom, Unit):
                self.moments[atom] = self._moment(atom)

    def find_final(self, rounds: int) -> None:
        """Set ``final``.

        Args:
            rounds: how many there must be.
        """
        used = [self.moments[atom] for atom in self.ends if isinstance(atom, Unit)]
        used += [Moment(rounds - 1, 0)] * (rounds > 0)
        final = max([*(self.moments[unit] for unit in self.exits), *used], default=Moment(0, 0))
        self.final = Moment(final.round, max(final.layer, self.spread(final.round)))

    def layers(self) -> tuple[tuple[tuple[Atom, ...], ...], ...]:
        """For each round and layer the atoms that are held after it; the slots are written at the end."""
        self.moments |= dict.fromkeys(self.exits, self.final)
        depth = [self.spread(round) for round in range(self.final.round + 1)]
        for moment in self.moments.values():
            depth[moment.round] = max(depth[moment.round], moment.layer)
        moments = [Moment(round, layer) for round, last in enumerate(depth) for layer in range(last + 1)]
        held = self._held({moment: k for k, moment in enumerate(moments)}, moments, depth)
        grouped, start = [], 0
        for last in depth:
            grouped.append(tuple(held[start : start + last + 1]))
            start += last + 1
        return tuple(grouped)

    def _moment(self, unit: Unit) -> Moment:
        round = unit.level - 1
        layer = 0 if self.direct(unit.form, round) else 1
        for atom in unit.form.atoms:
            if isinstance(atom, Unit) and self.moments[atom].round == round:
                layer = max(layer, self.moments[atom].layer + 1)
        return Moment(round, layer)

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
        for round, atom in self.reads():
            if round > 0 and not isinstance(atom, Feature):
                hold(atom, order[Moment(round, 0)] - 1)
        for atom, round in self.ends.items():
            hold(atom, order[Moment(round, depth[round])])
        further = [atom for atom in held[order[self.final]] if atom not in self.exits]
        return [*(tuple(atoms) for atoms in held[: order[self.final]]), (*self.exits, *further)]

    def _present(self, atom: Atom, round: int) -> bool:
        """Whether the update of a round can read an atom without its having been held before."""
        if isinstance(atom, AbstractReceived):
            return atom.round == round
        return isinstance(atom, Feature) or (isinstance(atom, Carried) and round == 0)

    def _born(self, atom: Atom, until: Moment, order: Mapping[Moment, int]) -> int:
        """From which position on an atom has to be held so that it is there at a later moment."""
        if isinstance(atom, Unit):
            return order[self.moments[atom]]
        if isinstance(atom, AbstractReceived):
            return order[Moment(atom.round, 0)]
        return order[Moment(until.round, 0)] if isinstance(atom, Feature) else 0
