"""A lowered program as a circuit that settles, for messages of two layers and their maxima."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...lang.expression import End
from ..ir import Atom, EdgeColumn, Feature, Form
from ..message_ir import Pooled, Third
from ..pair_ir import EndAtom, MessageUnit, PairCarried, Turned, turned_form
from ..slots import Lowered
from .circuit import AbstractSettling
from .shallow import DEEPEST, depth, shorter

EFFORTS = range(3)
"""How much is tried to keep messages shallow: nothing, shorter gates, and units of one end at its node."""


class MessageSettling(AbstractSettling):
    """Rewrites a lowered program into numbers that settle: messages are made shallow enough.

    Args:
        lowered: the program in the intermediate form of message passing.
        everywhere: names of inputs that are the same at all nodes.
        where: for refusals.
        undirected: whether inputs of edges are the same in both directions.
    """

    def __init__(
        self, lowered: Lowered, everywhere: Iterable[str], where: str, undirected: bool = False
    ) -> None:
        self._pairs: dict[tuple[Atom, int], Form] = {}
        super().__init__(lowered, everywhere, where, undirected)

    def brought(self, atom: Feature) -> Atom:
        """An input of the graph, which only messages and decoders know: what messages bring of it."""
        source = Form.of(at(self.entered(atom), End.SENDER))
        form, signs = Form(), (1.0, -1.0) if atom.signed else (1.0,)
        for sign in signs:
            part = MessageUnit(atom.high, atom.whole, atom.origin, source * sign)
            form = form + Form.of(part) * sign
        return Pooled(atom.high, atom.whole, atom.origin, form, atom.low)

    def received(self, atom: Atom) -> Atom:
        assert isinstance(atom, Pooled), atom.origin
        return self._pool(atom)

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
            case EndAtom(source=Feature() as feature) if feature.port in self.everywhere:
                return Form.of(at(self.entered(feature), atom.end))
            case EndAtom():
                return Form.of(at(self.held(self.node(atom.source)), atom.end))
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
            case PairCarried() if atom.slot in self.static:
                form = self.lowered.start[atom.slot]
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
            return at(made, end)
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


def at(atom: Atom, end: End) -> EndAtom:
    """A number of one end of every pair."""
    return EndAtom(atom.high, atom.whole, atom.origin, atom, end)
