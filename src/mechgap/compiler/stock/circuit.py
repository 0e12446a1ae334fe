"""A lowered program as a circuit that settles: numbers at nodes, messages of two layers, and their maxima.

All rounds of a step of the benchmark's network share their parameters; only the hidden vectors change.
So every number has a dimension of the hidden vector of its own and is computed again in every round, from
what the last one left: after as many rounds as the circuit is deep, all of it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ...errors import Refusal
from ...lang.expression import End
from ..ir import (
    AbstractPairAtom,
    Atom,
    Carried,
    EdgeColumn,
    Feature,
    Fetch,
    Fetched,
    Form,
    Lowered,
    Slot,
    Unit,
)
from ..message_ir import Pooled, Third
from ..pair_ir import EndAtom, MessageUnit, PairCarried, Turned, turned_form
from .shallow import DEEPEST, depth, shorter

EFFORTS = range(3)
"""How much is tried to keep messages shallow: nothing, shorter gates, and units of one end at its node."""


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


class Settling:
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
        self._lowered = lowered
        self.undirected = undirected
        self._where = where
        self._slots = {slot.name: slot for slot in lowered.slots}
        self._static = {name for name in self._slots if _stays(name, lowered.step[name])}
        self._everywhere = frozenset(everywhere)
        self._uniform: dict[Atom, bool] = {}
        self._same_slots: set[str] = set()
        self._nodes: dict[Atom, Atom] = {}
        self._pairs: dict[tuple[Atom, int], Form] = {}
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
        reads |= {atom.origin: self.node(atom) for atom in beside}
        pending = list(reads.values())
        found: dict[Atom, None] = {}
        while pending:
            for atom in _ordered(pending, found):
                if isinstance(atom, Carried) and atom.slot not in step:
                    start[atom.slot] = self.form(self._lowered.start[atom.slot])
                    step[atom.slot] = self.form(self._lowered.step[atom.slot])
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
                return self.brought(atom) if atom.port in self._everywhere else self._entered(atom)
            case Carried() if atom.slot in self._static:
                form = self.form(self._lowered.start[atom.slot])
                return form.single or self.unit(atom.high, atom.whole, atom.origin, form)
            case Carried():
                return self.once(("slot", atom.slot), lambda: atom)
            case Unit():
                return self.unit(atom.high, atom.whole, atom.origin, self.form(atom.form))
            case Pooled():
                return self._pool(atom)
        return self.received(atom)

    def received(self, atom: Atom) -> Atom:
        """A number that a node gets in another way than as a maximum."""
        raise TypeError(atom.origin)

    def _entered(self, atom: Feature) -> Atom:
        return self.once(("feature", atom.port, atom.component), lambda: atom)

    def brought(self, atom: Feature) -> Atom:
        """An input of the graph, which only messages and decoders know: what messages bring of it."""
        source = Form.of(_at(self._entered(atom), End.SENDER))
        form, signs = Form(), (1.0, -1.0) if atom.signed else (1.0,)
        for sign in signs:
            part = MessageUnit(atom.high, atom.whole, atom.origin, source * sign)
            form = form + Form.of(part) * sign
        return Pooled(atom.high, atom.whole, atom.origin, form, atom.low)

    def unit(self, high: float, whole: bool, origin: str, form: Form) -> Atom:
        """relu(form), made once."""
        key = ("unit", frozenset(form.terms), form.constant)
        return self.once(key, lambda: Unit(high, whole, origin, form))

    def once(self, key: object, make: Callable[[], Atom]) -> Atom:
        """What is made for a key, once."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _pool(self, pool: Pooled) -> Atom:
        """A maximum whose messages are shallow enough; relu(max f) is max relu(f)."""
        deepest = 0
        for effort in EFFORTS:
            form = self.pair_form(pool.form, effort)
            deepest = max(depth(atom) for atom in form.atoms) if form.terms else 0
            if deepest <= DEEPEST:
                return self._pooled(pool, form, pool.floor)
            single = form.single
            if isinstance(single, MessageUnit) and depth(single) == DEEPEST + 1:
                inner = self._pooled(pool, single.form, single.form.bottom)
                return self.unit(pool.high, pool.whole, pool.origin, Form.of(inner))
        raise self.refusal(
            pool.origin, f"a message of {deepest} layers of units", f"at most {DEEPEST} layers in a message"
        )

    def _pooled(self, pool: Pooled, form: Form, floor: float) -> Atom:
        key = ("pool", frozenset(form.terms), form.constant)
        return self.once(key, lambda: Pooled(pool.high, pool.whole, pool.origin, form, floor))

    def held(self, atom: Atom) -> Atom:
        """A number of the circuit that the hidden vectors hold, so that messages can read it."""
        if not isinstance(atom, Pooled):
            return atom
        if atom.floor < 0:
            raise self.refusal(atom.origin, "a maximum that may be negative in a message", "its two parts")
        return self.unit(atom.high, atom.whole, atom.origin, Form.of(atom))

    # ---- pairs

    def pair_form(self, form: Form, effort: int) -> Form:
        """A form of pairs over numbers that messages of the network know."""
        total = Form((), form.constant)
        for atom, coefficient in form.terms:
            total = total + self._pair(atom, effort) * coefficient
        return total

    def _pair(self, atom: Atom, effort: int) -> Form:
        if (atom, effort) not in self._pairs:
            self._pairs[atom, effort] = self._found(atom, effort)
        return self._pairs[atom, effort]

    def _found(self, atom: Atom, effort: int) -> Form:
        match atom:
            case EndAtom(source=Feature() as feature) if feature.port in self._everywhere:
                return Form.of(_at(self._entered(feature), atom.end))
            case EndAtom():
                return Form.of(_at(self.held(self.node(atom.source)), atom.end))
            case EdgeColumn() if self.undirected or not atom.against:
                return Form.of(replace(atom, against=False))
            case EdgeColumn():
                raise self.refusal(
                    atom.origin,
                    "the edge from the receiver to the sender in a message",
                    "the edge it comes along",
                )
            case MessageUnit():
                form = self.pair_form(atom.form, effort)
                return Form.of(self._message(atom, shorter(form) if effort else form, effort > 1))
            case Turned(source=MessageUnit() as unit):
                turned = MessageUnit(unit.high, unit.whole, unit.origin, turned_form(unit.form))
                return self._pair(turned, effort)
            case PairCarried() if atom.slot in self._static:
                form = self._lowered.start[atom.slot]
                return self.pair_form(turned_form(form) if atom.against else form, effort)
            case PairCarried():
                raise self.refusal(
                    atom.origin, "state at pairs of nodes", "nothing is kept there between steps"
                )
            case Third():
                raise self.refusal(
                    atom.origin, "a maximum over a third node", "triples reach only the decoders of edges"
                )
        raise TypeError(atom.origin)

    def _message(self, unit: MessageUnit, form: Form, hoist: bool) -> Atom:
        """A unit of a message; with ``hoist``, at the node that it is all about."""
        end = self._one_end(form) if hoist else None
        if end is not None:
            terms = tuple((atom.source, c) for atom, c in form.terms if isinstance(atom, EndAtom))
            made = self.unit(unit.high, unit.whole, unit.origin, Form((), form.constant) + Form(terms))
            return _at(made, end)
        key = ("message", frozenset(form.terms), form.constant)
        return self.once(key, lambda: MessageUnit(unit.high, unit.whole, unit.origin, form))

    def _one_end(self, form: Form) -> End | None:
        """The end that knows all of a form, if one does."""
        ends = set()
        for atom in form.atoms:
            if not isinstance(atom, EndAtom):
                return None
            if not self.is_uniform(atom.source):
                ends.add(atom.end)
        if len(ends) > 1:
            return None
        return ends.pop() if ends else End.SENDER

    # ---- what is the same at all nodes

    def is_uniform(self, atom: Atom) -> bool:
        """Whether a number is for certain the same at all nodes of a graph, if all nodes are heard."""
        if atom not in self._uniform:
            self._uniform[atom] = self._same(atom)
        return self._uniform[atom]

    def _same(self, atom: Atom) -> bool:
        match atom:
            case Feature():
                return atom.port in self._everywhere
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
        lowered = self._lowered
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

    def refusal(self, origin: str, given: str, expected: str) -> Refusal:
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


def _at(atom: Atom, end: End) -> EndAtom:
    return EndAtom(atom.high, atom.whole, atom.origin, atom, end)


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
