"""The intermediate form: ReLU units and fetches over non-negative numbers that live at nodes.

Everything that a network of the supported families can do in a step is one of two things:

* a *unit*, relu(affine form of numbers at the same node), or
* a *fetch*: every node attends one sender that fulfils a list of conditions (the one with the best
  key, ties broken by index) and copies numbers from it.

A number that lives at a node is an *atom*; it is not negative, so that it survives a ReLU. A real number
that may be negative is the difference of two atoms, of which one is 0.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from enum import Enum

from .origin import Words

INDEX_PORT = "index"
"""Port of the features that hold the index of a node, and its square."""


@dataclass(frozen=True, eq=False)
class Atom:
    """A number at every node; not negative, except for inputs and what is copied of them.

    Attributes:
        high: upper bound of its values, and of the magnitude of those that may be negative.
        whole: whether its values are whole numbers.
        origin: what it stands for, in the words of the program.
    """

    high: float
    whole: bool
    origin: Words

    @property
    def low(self) -> float:
        """Lower bound of its values."""
        return 0.0


@dataclass(frozen=True, eq=False)
class Feature(Atom):
    """A column of the node inputs: the index of the node (port "index") or a component of a port.

    Attributes:
        port, component: which column; of "index", component 0 is the index and 1 its square.
        signed: whether it may be negative; only units read it then, never what a layer holds.
    """

    port: str
    component: int
    signed: bool = False

    @property
    def low(self) -> float:
        return -self.high if self.signed else 0.0


@dataclass(frozen=True, eq=False)
class Carried(Atom):
    """A slot of the state, as it was before the step."""

    slot: str


@dataclass(frozen=True, eq=False)
class Unit(Atom):
    """relu(form).

    Attributes:
        level: see ``level``.
    """

    form: Form
    level: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", max([1, *(level(atom) for atom in self.form.atoms)]))


@dataclass(frozen=True, eq=False)
class AbstractReceived(Atom):
    """A number that a node receives from others in a round, before its layers."""

    @property
    @abstractmethod
    def round(self) -> int:
        """In which round."""


@dataclass(frozen=True, eq=False)
class Fetched(AbstractReceived):
    """An atom of the sender that a fetch selects."""

    fetch: Fetch
    source: Atom

    @property
    def round(self) -> int:
        return self.fetch.level


@dataclass(frozen=True, eq=False)
class FetchedEdge(AbstractReceived):
    """A number of pairs, at the pair that a fetch selects."""

    fetch: Fetch
    source: AbstractPairAtom

    @property
    def round(self) -> int:
        return self.fetch.level

    @property
    def low(self) -> float:
        return self.source.low


@dataclass(frozen=True, eq=False)
class AbstractPairAtom(Atom):
    """A number at every ordered pair of nodes."""

    @property
    def ready(self) -> int:
        """How many rounds must be over before it can be read."""
        return 0

    @property
    def parts(self) -> tuple[Atom, ...]:
        """What must be there before it is."""
        return ()


@dataclass(frozen=True, eq=False)
class AbstractTripleAtom(Atom):
    """A number at every triple of nodes."""

    @property
    def ready(self) -> int:
        """How many rounds must be over before it can be computed."""
        return 0

    @property
    def parts(self) -> tuple[Atom, ...]:
        """What must be there before it is."""
        return ()


@dataclass(frozen=True)
class EdgeColumn(AbstractPairAtom):
    """A column of the edge inputs.

    Attributes:
        port: name of the edge input.
        component: which of its features.
        against: whether it is read at (receiver, sender) instead of (sender, receiver).
        signed: whether it may be negative.
    """

    port: str
    component: int
    against: bool
    signed: bool = False

    @property
    def low(self) -> float:
        return -self.high if self.signed else 0.0


@dataclass(frozen=True)
class Form:
    """An affine form: the sum of coefficient times atom, plus a constant."""

    terms: tuple[tuple[Atom, float], ...] = ()
    constant: float = 0.0

    @staticmethod
    def of(atom: Atom) -> Form:
        """The form that is one atom."""
        return Form(((atom, 1.0),))

    def __add__(self, other: Form) -> Form:
        total: dict[Atom, float] = dict(self.terms)
        for atom, coefficient in other.terms:
            total[atom] = total.get(atom, 0.0) + coefficient
        kept = tuple((atom, c) for atom, c in total.items() if c != 0.0)
        return Form(kept, self.constant + other.constant)

    def __mul__(self, factor: float) -> Form:
        if factor == 0.0:
            return Form()
        return Form(tuple((atom, c * factor) for atom, c in self.terms), self.constant * factor)

    def __sub__(self, other: Form) -> Form:
        return self + other * -1.0

    def plus(self, constant: float) -> Form:
        """The form moved by a constant."""
        return Form(self.terms, self.constant + constant)

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms of the form."""
        return tuple(atom for atom, _ in self.terms)

    @property
    def single(self) -> Atom | None:
        """The atom, if the form is just one atom."""
        if self.constant == 0.0 and len(self.terms) == 1 and self.terms[0][1] == 1.0:
            return self.terms[0][0]
        return None

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        whole = all(atom.whole and float(c).is_integer() for atom, c in self.terms)
        return whole and float(self.constant).is_integer()

    @property
    def reach(self) -> float:
        """Largest absolute value that any partial sum can have."""
        return abs(self.constant) + sum(abs(c) * atom.high for atom, c in self.terms)

    @property
    def summed(self) -> float:
        """The reach, if anything is summed; a number times one truth value is exact however large."""
        product = self.constant == 0.0 and len(self.terms) == 1 and self.terms[0][0].high <= 1.0
        return 0.0 if product else self.reach

    @property
    def top(self) -> float:
        """Upper bound of the values, from the bounds of the atoms alone."""
        return self.constant + sum(c * (atom.high if c > 0 else atom.low) for atom, c in self.terms)

    @property
    def bottom(self) -> float:
        """Lower bound of the values, from the bounds of the atoms alone."""
        return self.constant + sum(c * (atom.low if c > 0 else atom.high) for atom, c in self.terms)


@dataclass(frozen=True)
class PairForm:
    """An affine form of the numbers at a sender, at a receiver and on the pair of both."""

    sender: Form = Form()
    receiver: Form = Form()
    pair: tuple[tuple[AbstractPairAtom, float], ...] = ()

    def __add__(self, other: PairForm) -> PairForm:
        total: dict[AbstractPairAtom, float] = dict(self.pair)
        for column, coefficient in other.pair:
            total[column] = total.get(column, 0.0) + coefficient
        pair = tuple((column, c) for column, c in total.items() if c != 0.0)
        return PairForm(self.sender + other.sender, self.receiver + other.receiver, pair)

    def __mul__(self, factor: float) -> PairForm:
        pair = tuple((column, c * factor) for column, c in self.pair) if factor else ()
        return PairForm(self.sender * factor, self.receiver * factor, pair)

    def __sub__(self, other: PairForm) -> PairForm:
        return self + other * -1.0

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms of the form: of the sender, of the receiver, and of the pair."""
        return (*self.sender.atoms, *self.receiver.atoms, *(atom for atom, _ in self.pair))

    def plus(self, constant: float) -> PairForm:
        """The form moved by a constant."""
        return PairForm(self.sender, self.receiver.plus(constant), self.pair)

    @property
    def constant(self) -> float:
        """The sum of the constants."""
        return self.sender.constant + self.receiver.constant

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        pair = all(column.whole and float(c).is_integer() for column, c in self.pair)
        return pair and self.sender.whole and self.receiver.whole

    @property
    def reach(self) -> float:
        """Largest absolute value that any partial sum can have."""
        pair = sum(abs(c) * column.high for column, c in self.pair)
        return self.sender.reach + self.receiver.reach + pair


class Relation(Enum):
    """How a condition relates a pair form to zero; TRUE is for forms that are 0 or 1."""

    TRUE = "= 1"
    ZERO = "= 0"
    NOT_POSITIVE = "<= 0"
    NEGATIVE = "< 0"


@dataclass(frozen=True)
class Condition:
    """What a sender must fulfil for a receiver.

    Attributes:
        form: what is related to zero.
        relation: how.
        sides: of a comparison of real numbers, the two whose difference the form is.
    """

    form: PairForm
    relation: Relation
    sides: tuple[PairForm, PairForm] | None = None


class Order(Enum):
    """Which of several equally good senders is attended."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, eq=False)
class Fetch:
    """Every node attends one sender and copies numbers from it.

    Attributes:
        conditions: the sender must fulfil all; if none does, what is copied is meaningless.
        key: smallest first; None if only the index counts.
        order: which sender is taken among those with the best key; None if the keys are real
            numbers, so that index and key do not fit into one float (equal keys are averaged).
        low, high: bounds of the key.
        level: how many rounds must be over before it, for what it reads and what is copied.
        origin: the expression that it stands for.
        notes: what the rest of the compiler says about it.
        cut: whether a sender with a key above ``high`` is never chosen, so that its logit may be rounded.
    """

    conditions: tuple[Condition, ...]
    key: PairForm | None
    order: Order | None
    low: float
    high: float
    level: int
    origin: Words
    notes: Notes
    cut: bool = False

    @property
    def whole(self) -> bool:
        """Whether keys and conditions are all whole numbers, so that logits can be too."""
        ordered = self.order is not None and (self.key is None or self.key.whole)
        return ordered and all(condition.form.whole for condition in self.conditions)

    @property
    def plain(self) -> bool:
        """Whether all conditions are truth values; they are then seen to fail even in an average."""
        return all(condition.relation is Relation.TRUE for condition in self.conditions)


@dataclass
class Notes:
    """What the compiler remembers about a fetch.

    Attributes:
        selections: names of the selecting expressions of the program whose choice it makes.
        checked: whether the conditions are computed again from what it copies; it must then
            attend a single sender even where none fulfils them.
    """

    selections: list[str] = field(default_factory=list)
    checked: bool = False


def level(atom: Atom) -> int:
    """How many rounds must be over before an atom can be attended by or copied."""
    if isinstance(atom, AbstractPairAtom):
        return atom.ready
    if isinstance(atom, Unit):
        return atom.level
    return atom.round + 1 if isinstance(atom, AbstractReceived) else 0
