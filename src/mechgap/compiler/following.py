"""Lowers reads at other pairs: those of the nodes that one end attends, or both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import Refusal
from ..lang.expression import At, End, Expression, Follow, Lift, Own
from ..lang.location import Location
from .fetches import Fetches, nothing
from .ir import Atom, EdgeColumn, Fetch, Form
from .pair_ir import OPPOSITE, EndAtom, Followed, at_end, lifted, turned, turned_atom
from .pair_schedule import kept
from .values import Bit, Category, Number, Value

if TYPE_CHECKING:
    from .pair_values import PairValues


class Following:
    """Lowers Follow and At, where the pointers are of the ends of every pair.

    Args:
        values: lowers expressions of edges.
        fetches: copies.
    """

    def __init__(self, values: PairValues, fetches: Fetches) -> None:
        self._values = values
        self._fetches = fetches
        self._gadgets = values.gadgets
        self._known: dict[tuple[Fetch, Atom, End], Form] = {}

    def follow(self, expression: Follow) -> Value:
        """The value at the node to which a pointer of an end points."""
        pointer, end = self._pointer(expression.reference)
        reference, value = self._values.nodes.of(pointer), self._values.nodes.of(expression.value)
        assert isinstance(reference, (Bit, Number))
        fetch = self._fetches.named(reference)
        return lifted(
            self._fetches.checked(fetch, reference, self._fetches.copied(fetch, value)), end or End.RECEIVER
        )

    def at(self, expression: At) -> Value:
        """The value at the pair of the nodes to which pointers of the ends point.

        The vectors of pairs are read along the attention of one end, and then along that of the other.
        """
        (sender, first), (receiver, second) = map(self._pointer, (expression.sender, expression.receiver))
        first = first or OPPOSITE[second or End.RECEIVER]
        second = second or OPPOSITE[first]
        if first is second:
            return lifted(self.at_nodes(expression.value, sender, receiver), first)
        value = self._values.of(expression.value)
        if first is End.RECEIVER:
            value = turned(value)
        return self._moved(self._moved(value, sender, first), receiver, second)

    def at_nodes(self, value: Expression, sender: Expression, receiver: Expression) -> Value:
        """At every node, a value at the pair of the nodes to which two pointers of it point.

        Every pair finds what its sender's and its receiver's pointer lead to; a node looks at its own loop.
        """
        there = self._moved(self._values.of(value), sender, End.SENDER)
        there = self._moved(there, receiver, End.RECEIVER)
        return self._fetches.at_pair(
            self._fetches.named(self._values.nodes.own), self._gadgets.readable(there)
        )

    def _pointer(self, reference: Expression) -> tuple[Expression, End | None]:
        """A pointer of nodes, and of which end of every pair it is; of either, if it is of the graph."""
        if isinstance(reference, Lift):
            return reference.value, reference.end
        if self._values.nodes.location(reference) is not Location.EDGE:
            return reference, None
        raise self._refusal()

    def _refusal(self) -> Refusal:
        return self._gadgets.refuse(
            "a pointer that differs from pair to pair, and is followed",
            "pointers of the two ends: sender(pointer), receiver(pointer)",
            "keep the pointer at the nodes",
        )

    def _moved(self, value: Value, pointer: Expression, end: End) -> Value:
        """A value of pairs, at the pair where one end is the node that it points to."""
        if isinstance(pointer, Own):
            return value
        reference = self._values.nodes.of(pointer)
        assert isinstance(reference, (Bit, Number))
        fetch = self._fetches.named(reference)
        read = self._read(fetch, value, end)
        if not (isinstance(reference, Number) and reference.loose):
            return read
        fetch.notes.checked = True
        found = lifted(self._values.nodes.gadgets.equal(self._fetches.index(fetch), reference), end)
        assert isinstance(found, Bit)
        return self._gadgets.choose([(found, read), (~found, nothing(read))])

    def _read(self, fetch: Fetch, value: Value, end: End) -> Value:
        match value:
            case Number():
                value = self._gadgets.simple(value)
                return replace(value, form=self._form(fetch, value.form, end))
            case Bit():
                return Bit(tuple(self._form(fetch, f, end) for f in value.factors), value.negated)
            case Category():
                bits = tuple(self._read(fetch, bit, end) for bit in value.bits)
                return Category(tuple(bit for bit in bits if isinstance(bit, Bit)))

    def _form(self, fetch: Fetch, form: Form, end: End) -> Form:
        total = Form((), form.constant)
        for atom, coefficient in form.terms:
            total = total + self._atom(fetch, atom, end) * coefficient
        return total

    def _atom(self, fetch: Fetch, atom: Atom, end: End) -> Form:
        """A number of pairs, read at the pair where one end is the node that it attends."""
        memory = (fetch, atom, end)
        if memory not in self._known:
            self._known[memory] = self._found(fetch, atom, end)
        return self._known[memory]

    def _found(self, fetch: Fetch, atom: Atom, end: End) -> Form:
        if isinstance(atom, EndAtom):
            return at_end(self._fetches.copy(fetch, atom.source), end) if atom.end is end else Form.of(atom)
        if isinstance(atom, EdgeColumn):
            atom = self._gadgets.made(Form.of(atom), atom.high, atom.whole)
        if kept(atom) != atom:
            opposite = self._atom(fetch, turned_atom(atom), OPPOSITE[end])
            return Form(tuple((turned_atom(a), c) for a, c in opposite.terms), opposite.constant)
        fetch = self._fetches.after(fetch, atom)
        read = Followed(atom.high, atom.whole, atom.origin, fetch, atom, end)
        return Form.of(self._gadgets.made(Form.of(read), atom.high, atom.whole))
