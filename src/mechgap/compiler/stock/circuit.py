"""A lowered program as a circuit that settles: numbers at nodes, messages of two layers, and their maxima.

All rounds of a step of the benchmark's network share their parameters; only the hidden vectors change.
So every number has a dimension of the hidden vector of its own and is computed again in every round, from
what the last one left: after as many rounds as the circuit is deep, all of it is right.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ...errors import Refusal
from ...lang.expression import End
from ..ir import AbstractPairAtom, Atom, Carried, Feature, Fetch, Fetched, Form, Unit
from ..message_ir import Pooled
from ..origin import Words
from ..pair_ir import EndAtom, MessageUnit, PairCarried
from ..slots import Lowered, Slot


@dataclass(frozen=True)
class Circuit:
    """What the hidden vectors compute.

    Attributes:
        slots: the places of the state that change.
        start: what each holds in frame 0, over features, units and maxima; none where that is 0.
        step: what each holds in the next frame.
        shown: name of a slot -> what a decoder reads for it.
        units: all units of nodes, each after its parts.
        pools: all maxima.
        fetches: all fetches.
    """

    slots: tuple[Slot, ...]
    start: Mapping[str, Form]
    step: Mapping[str, Form]
    shown: Mapping[str, Atom]
    units: tuple[Unit, ...]
    pools: tuple[Pooled, ...]
    fetches: tuple[Fetch, ...] = ()


class AbstractSettling(ABC):
    """Rewrites a lowered program into numbers that settle.

    Args:
        lowered: the program in the intermediate form of message passing.
        everywhere: names of inputs that are the same at all nodes.
        where: for refusals.
        undirected: whether inputs of edges are the same in both directions.
    """

    def __init__(
        self, lowered: Lowered, everywhere: Iterable[str], where: str, undirected: bool = False
    ) -> None:
        self.lowered = lowered
        self.undirected = undirected
        self._where = where
        self._slots = {slot.name: slot for slot in lowered.slots}
        self.static = {name for name in self._slots if _stays(name, lowered.step[name])}
        self.everywhere = frozenset(everywhere)
        self._uniform: dict[Atom, bool] = {}
        self._same_slots: set[str] = set()
        self._nodes: dict[Atom, Atom] = {}
        self._made: dict[object, Atom] = {}
        self._find_same_slots()

    def circuit(self, shown: Iterable[str], beside: Iterable[Atom] = ()) -> Circuit:
        """The circuit of some slots and of all that they depend on.

        Args:
            shown: names of slots that decoders read.
            beside: further numbers of nodes that decoders read; they are shown under their origins.

        Raises:
            Refusal: if a message would have to be deeper, or to know more.
        """
        start: dict[str, Form] = {}
        step: dict[str, Form] = {}
        reads = {name: self.node(self._carried(name)) for name in shown}
        reads |= {str(atom.origin): self.node(atom) for atom in beside}
        pending = list(reads.values())
        found: dict[Atom, None] = {}
        while pending:
            for atom in _ordered(pending, found):
                if isinstance(atom, Carried) and atom.slot not in step:
                    start[atom.slot] = self.form(self.lowered.start[atom.slot])
                    step[atom.slot] = self.form(self.lowered.step[atom.slot])
            pending = [
                atom for form in (*start.values(), *step.values()) for atom in form.atoms if atom not in found
            ]
        return Circuit(
            tuple(self._slots[name] for name in step),
            {name: form for name, form in start.items() if form.terms or form.constant},
            step,
            reads,
            tuple(atom for atom in found if isinstance(atom, Unit)),
            tuple(atom for atom in found if isinstance(atom, Pooled)),
            tuple(dict.fromkeys(atom.fetch for atom in found if isinstance(atom, Fetched))),
        )

    def _carried(self, name: str) -> Carried:
        slot = self._slots[name]
        if slot.paired:
            raise self.refusal(
                name, "state at pairs of nodes", "the network keeps nothing there between steps"
            )
        return Carried(slot.high, slot.whole, slot.name, slot.name)

    # ---- nodes

    def form(self, form: Form) -> Form:
        """A form of nodes over the numbers of the circuit."""
        total = Form((), form.constant)
        for atom, coefficient in form.terms:
            total = total + Form.of(self.node(atom)) * coefficient
        return total

    def node(self, atom: Atom) -> Atom:
        """A number of nodes as one of the circuit."""
        if atom not in self._nodes:
            self._nodes[atom] = self._node(atom)
        return self._nodes[atom]

    def _node(self, atom: Atom) -> Atom:
        match atom:
            case Feature():
                return self.brought(atom) if atom.port in self.everywhere else self.entered(atom)
            case Carried() if atom.slot in self.static:
                form = self.form(self.lowered.start[atom.slot])
                return form.single or self.unit(atom.high, atom.whole, atom.origin, form)
            case Carried():
                return self.once(("slot", atom.slot), lambda: atom)
            case Unit():
                return self.unit(atom.high, atom.whole, atom.origin, self.form(atom.form))
        return self.received(atom)

    @abstractmethod
    def received(self, atom: Atom) -> Atom:
        """A number that a node receives from others."""

    def entered(self, atom: Feature) -> Atom:
        """An input, once."""
        return self.once(("feature", atom.port, atom.component), lambda: atom)

    @abstractmethod
    def brought(self, atom: Feature) -> Atom:
        """An input of the graph, at the nodes."""

    def unit(self, high: float, whole: bool, origin: Words, form: Form) -> Atom:
        """relu(form), made once."""
        key = ("unit", frozenset(form.terms), form.constant)
        return self.once(key, lambda: Unit(high, whole, origin, form))

    def once(self, key: object, make: Callable[[], Atom]) -> Atom:
        """What is made for a key, once."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # ---- what is the same at all nodes

    def is_uniform(self, atom: Atom) -> bool:
        """Whether a number is for certain the same at all nodes of a graph, if all nodes are heard."""
        if atom not in self._uniform:
            self._uniform[atom] = self._same(atom)
        return self._uniform[atom]

    def _same(self, atom: Atom) -> bool:
        match atom:
            case Feature():
                return atom.port in self.everywhere
            case Carried():
                return atom.slot in self._same_slots
            case Unit():
                return all(map(self.is_uniform, atom.form.atoms))
            case Pooled():
                return all(map(self._sent, atom.form.atoms))
        return False

    def _sent(self, atom: Atom) -> bool:
        match atom:
            case EndAtom():
                return atom.end is End.SENDER or self.is_uniform(atom.source)
            case MessageUnit():
                return all(map(self._sent, atom.form.atoms))
        return False

    def _find_same_slots(self) -> None:
        """The largest set of slots that stay the same at all nodes if they are at first."""
        lowered = self.lowered
        self._same_slots = {slot.name for slot in lowered.slots if not slot.paired}
        while True:
            self._uniform.clear()
            kept = {
                name
                for name in self._same_slots
                if all(map(self.is_uniform, (*lowered.start[name].atoms, *lowered.step[name].atoms)))
            }
            if kept == self._same_slots:
                return
            self._same_slots = kept

    def refusal(self, origin: Words, given: str, expected: str) -> Refusal:
        """What the network cannot compute."""
        return Refusal(
            f"{self._where}, in `{origin}`",
            given,
            expected,
            "compile for the networks of this package instead",
        )


def parts_of(atom: Atom) -> tuple[Atom, ...]:
    """What a number of nodes is computed of in the same step."""
    if isinstance(atom, (Unit, Pooled)):
        return atom.form.atoms
    if not isinstance(atom, Fetched):
        return ()
    fetch = atom.fetch
    forms = [condition.form for condition in fetch.conditions] + ([fetch.key] if fetch.key else [])
    return (atom.source, *(part for form in forms for part in (*form.sender.atoms, *form.receiver.atoms)))


def _stays(name: str, form: Form) -> bool:
    """Whether a slot keeps its value in every step."""
    single = form.single
    return isinstance(single, (Carried, PairCarried)) and single.slot == name


def _ordered(roots: Iterable[Atom], found: dict[Atom, None]) -> list[Atom]:
    """The numbers of nodes below some, each after its parts, that were not found before."""
    new: list[Atom] = []

    def visit(atom: Atom) -> None:
        if atom in found or isinstance(atom, AbstractPairAtom):
            for part in atom.parts if isinstance(atom, AbstractPairAtom) else ():
                visit(part)
            return
        for part in parts_of(atom):
            visit(part)
        found[atom] = None
        new.append(atom)

    for root in roots:
        visit(root)
    return new
