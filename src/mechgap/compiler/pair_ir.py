"""The intermediate form at pairs of nodes: numbers at the ends, slots, and ReLU units of pairs.

What a pair knows: the numbers at its sender and at its receiver, the edge inputs, the numbers that it
keeps from step to step, and its own units, each also read at the opposite pair.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..lang.expression import End
from .ir import AbstractPairAtom, Atom, EdgeColumn, Fetch, Form, PairForm, level
from .values import Bit, Category, Number, Value

OPPOSITE = {End.SENDER: End.RECEIVER, End.RECEIVER: End.SENDER}


@dataclass(frozen=True)
class EndAtom(AbstractPairAtom):
    """A number of the sender or of the receiver of every pair."""

    source: Atom
    end: End

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
class PairCarried(AbstractPairAtom):
    """A slot of the state at pairs, as it was before the step.

    Attributes:
        slot: its name.
        against: whether it is read at (receiver, sender) instead of (sender, receiver).
    """

    slot: str
    against: bool


@dataclass(frozen=True, eq=False)
class AbstractPairMade(AbstractPairAtom):
    """A number that is computed at pairs, and must be held there to be read later."""


@dataclass(frozen=True, eq=False)
class PairUnit(AbstractPairMade):
    """relu(form), of numbers of the same pair; it is computed at the end of round ``ready`` - 1."""

    earliest: ClassVar[int] = 1

    form: Form
    rounds: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        found = max([self.earliest, *(level(atom) for atom in self.form.atoms)])
        object.__setattr__(self, "rounds", found)

    @property
    def ready(self) -> int:
        return self.rounds

    @property
    def parts(self) -> tuple[Atom, ...]:
        return self.form.atoms


@dataclass(frozen=True, eq=False)
class MessageUnit(PairUnit):
    """relu(form) of numbers of one pair, computed in the first round before which they are there."""

    earliest: ClassVar[int] = 0


@dataclass(frozen=True)
class Turned(AbstractPairAtom):
    """A number that is computed at pairs, read at the opposite pair."""

    source: AbstractPairMade

    @property
    def low(self) -> float:
        return self.source.low

    @property
    def ready(self) -> int:
        return self.source.ready

    @property
    def parts(self) -> tuple[Atom, ...]:
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Followed(AbstractPairAtom):
    """A number of pairs, at the pair of which one end is the node that this end attends.

    Only units that are computed right after the round of the fetch read it.
    """

    fetch: Fetch
    source: Atom
    end: End

    @property
    def ready(self) -> int:
        return self.fetch.level + 1


def turned_atom(atom: Atom) -> Atom:
    """The number that an atom of pairs is at the opposite pair."""
    match atom:
        case EdgeColumn() | PairCarried():
            return replace(atom, against=not atom.against)
        case EndAtom():
            return replace(atom, end=OPPOSITE[atom.end])
        case AbstractPairMade():
            return Turned(atom.high, atom.whole, atom.origin, atom)
        case Turned():
            return atom.source
    raise TypeError(f"{atom.origin} is no number of pairs")


def at_end(form: Form, end: End) -> Form:
    """A form of nodes, at one end of every pair."""
    terms = tuple((EndAtom(a.high, a.whole, a.origin, a, end), c) for a, c in form.terms)
    return Form(terms, form.constant)


def turned_form(form: Form) -> Form:
    """A form of pairs, at the opposite pair."""
    return Form(tuple((turned_atom(atom), c) for atom, c in form.terms), form.constant)


def lifted(value: Value, end: End) -> Value:
    """A value of nodes, at one end of every pair."""
    match value:
        case Number():
            return replace(value, form=at_end(value.form, end))
        case Bit():
            return Bit(tuple(at_end(form, end) for form in value.factors), value.negated)
        case Category():
            return Category(tuple(_bit(lifted(bit, end)) for bit in value.bits))


def turned(value: Value) -> Value:
    """A value of pairs, at the opposite pair."""
    match value:
        case Number():
            return replace(value, form=turned_form(value.form))
        case Bit():
            return Bit(tuple(turned_form(form) for form in value.factors), value.negated)
        case Category():
            return Category(tuple(_bit(turned(bit)) for bit in value.bits))


def apart(form: Form) -> PairForm:
    """A form of pairs as what belongs to the sender, to the receiver, and to the pair itself."""
    ends: dict[End, list[tuple[Atom, float]]] = {End.SENDER: [], End.RECEIVER: []}
    pair: list[tuple[AbstractPairAtom, float]] = []
    for atom, coefficient in form.terms:
        if isinstance(atom, EndAtom):
            ends[atom.end].append((atom.source, coefficient))
        else:
            assert isinstance(atom, AbstractPairAtom), atom.origin
            pair.append((atom, coefficient))
    sender = Form(tuple(ends[End.SENDER]))
    return PairForm(sender, Form(tuple(ends[End.RECEIVER]), form.constant), tuple(pair))


def _bit(value: Value) -> Bit:
    assert isinstance(value, Bit)
    return value
