"""The intermediate form of message passing: units at pairs and at triples, and maxima over one of the nodes.

In a round of message passing, numbers at triples of nodes are computed first, then their maxima over the
third node, then numbers at pairs, then their maxima over the senders, and last numbers at the nodes. All
of it reads what the nodes and the pairs hold before the round.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from ..lang.expression import Leg
from .ir import AbstractPairAtom, AbstractReceived, AbstractTripleAtom, Atom, Form, level
from .pair_ir import AbstractPairMade


@dataclass(frozen=True, eq=False)
class Pooled(AbstractReceived):
    """The largest value of a form of pairs over all senders.

    Attributes:
        form: of numbers of pairs.
        floor: lower bound of the largest value.
    """

    form: Form
    floor: float = 0.0
    rounds: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rounds", max((level(atom) for atom in self.form.atoms), default=0))

    @property
    def round(self) -> int:
        return self.rounds

    @property
    def low(self) -> float:
        return self.floor


class Corner(IntEnum):
    """One node of a triple (sender, third, receiver)."""

    SENDER = 0
    THIRD = 1
    RECEIVER = 2


@dataclass(frozen=True)
class CornerAtom(AbstractTripleAtom):
    """A number of one node of every triple."""

    source: Atom
    corner: Corner

    @property
    def low(self) -> float:
        return self.source.low

    @property
    def ready(self) -> int:
        return level(self.source)

    @property
    def parts(self) -> tuple[Atom, ...]:
        return (self.source,)


@dataclass(frozen=True)
class LegAtom(AbstractTripleAtom):
    """A number of one pair of every triple; units of pairs must have been computed a round before."""

    source: AbstractPairAtom
    leg: Leg

    @property
    def low(self) -> float:
        return self.source.low

    @property
    def ready(self) -> int:
        return self.source.ready + 1 if self.source.parts else self.source.ready

    @property
    def parts(self) -> tuple[Atom, ...]:
        return (self.source,)


@dataclass(frozen=True, eq=False)
class TripleUnit(AbstractTripleAtom):
    """relu(form) of numbers of one triple."""

    form: Form
    rounds: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rounds", max((_ready(atom) for atom in self.form.atoms), default=0))

    @property
    def ready(self) -> int:
        return self.rounds

    @property
    def parts(self) -> tuple[Atom, ...]:
        return self.form.atoms


@dataclass(frozen=True, eq=False)
class Third(AbstractPairMade):
    """The largest value of a form of triples over all third nodes.

    Attributes:
        form: of numbers of triples.
        floor: lower bound of the largest value.
    """

    form: Form
    floor: float = 0.0
    rounds: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rounds", max((_ready(atom) for atom in self.form.atoms), default=0))

    @property
    def low(self) -> float:
        return self.floor

    @property
    def ready(self) -> int:
        return self.rounds

    @property
    def parts(self) -> tuple[Atom, ...]:
        return self.form.atoms


def _ready(atom: Atom) -> int:
    assert isinstance(atom, AbstractTripleAtom), atom.origin
    return atom.ready
