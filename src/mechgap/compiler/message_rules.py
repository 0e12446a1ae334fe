"""How networks of messages read beyond a node: by maxima over senders, and over third nodes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..lang.expression import Any, At, Best, End, Expression, Follow, Own, Select
from ..lang.location import Location
from .fetches import nothing
from .gadgets import Gadgets
from .ir import Atom, Form
from .maxima import AbstractWide, Maxima
from .message_ir import Pooled
from .origin import Origin
from .pair_ir import lifted, turned
from .pair_schedule import is_turned
from .pair_values import PairValues
from .rules import AbstractRules
from .thirds import ThirdRules
from .values import Bit, Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering, Scope


class Senders(AbstractWide):
    """Pairs as what is wider than their receivers.

    Args:
        nodes: lowers what lives at nodes.
        values: lowers what lives at pairs.
    """

    def __init__(self, nodes: NodeLowering, values: PairValues) -> None:
        own = lifted(nodes.own, End.SENDER)
        assert isinstance(own, Number)
        super().__init__(values.gadgets, own)
        self._nodes = nodes
        self._values = values
        self._straightened: dict[Atom, Atom] = {}

    def of(self, expression: Expression) -> Value:
        if self._nodes.location(expression) is Location.EDGE:
            return self._values.of(expression)
        value = self._nodes.of(expression)
        return lifted(self._nodes.gadgets.readable(value), End.SENDER)

    def lifted(self, value: Value) -> Value:
        return lifted(value, End.RECEIVER)

    def largest(self, form: Form, low: float, high: float, whole: bool) -> Pooled:
        return Pooled(high, whole, self.gadgets.origin, self._straight(form), low)

    def _straight(self, form: Form) -> Form:
        """A form of which messages read nothing at the opposite pair."""
        terms = []
        for atom, coefficient in form.terms:
            if is_turned(atom) and atom not in self._straightened:
                self._straightened[atom] = self.gadgets.made(Form.of(atom), atom.high, atom.whole)
            terms.append((self._straightened.get(atom, atom), coefficient))
        return Form(tuple(terms), form.constant)


class MessageRules(AbstractRules):
    """Reductions and reads as maxima of messages.

    Args:
        nodes: lowers what lives at nodes.
        scope: what the compiler was asked for.
    """

    def __init__(self, nodes: NodeLowering, scope: Scope) -> None:
        assert scope.pairs is not None
        self._nodes = nodes
        self._gadgets: Gadgets = scope.pairs
        self._values = PairValues(nodes, scope.pairs)
        self._wide = Senders(nodes, self._values)
        self._maxima = Maxima(self._wide, nodes, self._default)
        self._thirds = ThirdRules(nodes, self._values, self)

    def any(self, expression: Any) -> Value:
        with self._about(expression):
            return self._maxima.any(expression)

    def best(self, expression: Best) -> Value:
        with self._about(expression):
            return self._maxima.best(expression)

    def select(self, expression: Select) -> Value:
        with self._about(expression):
            return self._maxima.select(expression)

    def follow(self, expression: Follow) -> Value:
        with self._about(expression):
            return self.read(self._reference(expression.reference), self._nodes.of(expression.value))

    def at(self, expression: At) -> Value:
        with self._about(expression):
            return self.at_nodes(expression.value, expression.sender, expression.receiver)

    def last_node(self) -> Number:
        with self._gadgets.about(self._nodes.gadgets.origin):
            return self._maxima.last()

    def at_pairs(self, expression: Expression) -> Value:
        return self._values.of(expression)

    def read(self, reference: Bit | Number, value: Value) -> Value:
        """A value of nodes at the node that a reference names."""
        return self._read(reference, lifted(self._nodes.gadgets.readable(value), End.SENDER))

    def at_nodes(self, value: Expression, sender: Expression, receiver: Expression) -> Value:
        """At every node, a value of edges at the pair that two references name."""
        if isinstance(receiver, Own):
            return self._beside(value, sender, False)
        if isinstance(sender, Own):
            return self._beside(value, receiver, True)
        if self._shared(sender):
            return self.read(self._reference(receiver), self._beside(value, sender, False))
        if self._shared(receiver):
            return self.read(self._reference(sender), self._beside(value, receiver, True))
        return self._read(self._reference(sender), self._thirds.moved(value, receiver, End.RECEIVER))

    # ---- parts

    def _about(self, expression: Expression) -> AbstractContextManager[None]:
        return self._gadgets.about(Origin(expression))

    def _beside(self, value: Expression, reference: Expression, swapped: bool) -> Value:
        """At every node, a value of edges at the pair with the node that a reference names."""
        found = self._gadgets.readable(self._values.of(value))
        return self._read(self._reference(reference), turned(found) if swapped else found)

    def _read(self, reference: Bit | Number, value: Value) -> Value:
        """A value of pairs at the pair whose sender a reference of the receiver names."""
        named = self._named(reference)
        read = self._maxima.read(named, value)
        if not (isinstance(reference, Number) and reference.loose):
            return read
        found = self._maxima.found(named)
        return self._nodes.gadgets.choose([(found, read), (~found, nothing(read))])

    def _named(self, reference: Bit | Number) -> Bit:
        """Whether the sender is the node that a reference of the receiver names."""
        if isinstance(reference, Bit):
            found = lifted(reference, End.SENDER)
            assert isinstance(found, Bit)
            return found
        pointer = lifted(self._nodes.gadgets.near(reference, self._nodes.n), End.RECEIVER)
        assert isinstance(pointer, Number)
        return self._gadgets.equal(self._wide.own, pointer)

    def _shared(self, reference: Expression) -> bool:
        """Whether a reference names the same node everywhere."""
        return self._nodes.location(reference) is Location.GRAPH or isinstance(
            self._reference(reference), Bit
        )

    def _reference(self, reference: Expression) -> Bit | Number:
        value = self._nodes.of(reference)
        assert isinstance(value, (Bit, Number))
        return value

    def _default(self, expression: Select) -> Number:
        if self._nodes.location(expression) is Location.NODE:
            return self._nodes.own
        return Number(Form(), 0, 0, True)
