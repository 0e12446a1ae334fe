"""How many rounds a step needs until its circuit has settled."""

from __future__ import annotations

from ..ir import AbstractPairAtom, Atom, Carried, Fetched, Unit
from ..message_ir import Pooled
from .circuit import Circuit, parts_of

FEWEST = 3
"""Rounds that the clock needs."""

_CLEAN = 2
"""The round from which on slots are right, if they are 0 at first: the very first one leaves rubbish."""


def rounds(circuit: Circuit) -> int:
    """The number of rounds of a step, of which the last one writes the slots."""
    moments = _Moments(circuit)
    written = max([0, *(moments.of(atom) for form in circuit.step.values() for atom in form.atoms)])
    shown = max([0, *(moments.of(atom) for atom in circuit.shown.values())])
    return max(FEWEST, 1 + written, shown)


class _Moments:
    """From which round of the first step on each number is right."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._known: dict[Atom, int] = {}

    def of(self, atom: Atom) -> int:
        """The first round before which the number is there."""
        if atom not in self._known:
            self._known[atom] = self._found(atom)
        return self._known[atom]

    def _found(self, atom: Atom) -> int:
        match atom:
            case Carried():
                start = self._circuit.start.get(atom.slot)
                return _CLEAN if start is None else max(_CLEAN, 1 + self._latest(start.atoms))
            case Unit():
                return 1 + self._latest(atom.form.atoms)
            case Pooled() | Fetched():
                return self._latest(parts_of(atom))
            case AbstractPairAtom():
                return self._latest(atom.parts)
        return 0

    def _latest(self, atoms: tuple[Atom, ...]) -> int:
        return max([0, *(self.of(atom) for atom in atoms)])
