"""Lowers what a pair reads beyond itself, in networks with layers at triples of nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from typing import Any as Anything

from ..errors import Refusal
from ..lang.expression import (
    Along,
    Any,
    Apply,
    At,
    Best,
    Constant,
    End,
    Expression,
    Follow,
    Leg,
    Lift,
    Own,
    Select,
)
from ..lang.location import Location
from .fetches import nothing
from .gadgets import Gadgets
from .ir import AbstractPairAtom, AbstractTripleAtom, Atom, Form
from .maxima import AbstractWide, Maxima
from .message_ir import Corner, CornerAtom, LegAtom, Third, TripleUnit
from .origin import Origin
from .pair_ir import OPPOSITE, EndAtom, lifted, turned
from .pair_values import PairValues
from .pointwise import AbstractPointwise
from .values import Bit, Category, Number, Value

if TYPE_CHECKING:
    from .message_rules import MessageRules
    from .nodes import NodeLowering

ENDS = {
    (Leg.FIRST, End.SENDER): Corner.SENDER,
    (Leg.FIRST, End.RECEIVER): Corner.THIRD,
    (Leg.SECOND, End.SENDER): Corner.THIRD,
    (Leg.SECOND, End.RECEIVER): Corner.RECEIVER,
    (Leg.DIRECT, End.SENDER): Corner.SENDER,
    (Leg.DIRECT, End.RECEIVER): Corner.RECEIVER,
}
"""Which node of a triple an end of one of its pairs is."""


class TripleValues(AbstractPointwise):
    """Values of expressions of triples as forms over numbers of triples.

    Args:
        nodes: lowers what lives at nodes.
        pairs: lowers what lives at pairs.
    """

    def __init__(self, nodes: NodeLowering, pairs: PairValues) -> None:
        super().__init__(nodes.program, Gadgets(pairs.gadgets.where, TripleUnit), nodes.n)
        self._nodes = nodes
        self._pairs = pairs
        self._values: dict[Expression, Value] = {}
        self._rules: dict[type[Expression], Callable[[Anything], Value]] = {
            Constant: self.constant,
            Along: lambda e: self._along(e.leg, e.value),
            Apply: self.apply,
        }

    def of(self, expression: Expression) -> Value:
        """The lowered value of an expression of triples, or of the graph."""
        if expression not in self._values:
            here = self._nodes.location(expression) is Location.TRIPLE or isinstance(expression, Constant)
            with self.gadgets.about(Origin(expression)):
                rule = self._rules[type(expression)] if here else partial(self._along, Leg.DIRECT)
                self._values[expression] = rule(expression)
        return self._values[expression]

    def _along(self, leg: Leg, value: Expression) -> Value:
        found = self._pairs.of(value)
        return along(self._pairs.gadgets.readable(found), leg)


class Thirds(AbstractWide):
    """Triples as what is wider than their direct pairs.

    Args:
        nodes: lowers what lives at nodes.
        values: lowers what lives at triples.
    """

    def __init__(self, nodes: NodeLowering, values: TripleValues) -> None:
        super().__init__(values.gadgets, replace(nodes.own, form=at_corner(nodes.own.form, Corner.THIRD)))
        self._values = values

    def of(self, expression: Expression) -> Value:
        return self._values.of(expression)

    def lifted(self, value: Value) -> Value:
        return along(value, Leg.DIRECT)

    def largest(self, form: Form, low: float, high: float, whole: bool) -> Third:
        return Third(high, whole, self.gadgets.origin, form, low)


class ThirdRules:
    """Reductions over the node between, and reads at other pairs.

    Args:
        nodes: lowers what lives at nodes.
        pairs: lowers what lives at pairs; gets these rules.
        reading: of what nodes read.
    """

    def __init__(self, nodes: NodeLowering, pairs: PairValues, reading: MessageRules) -> None:
        self._nodes = nodes
        self._pairs = pairs
        self._reading = reading
        self._wide = Thirds(nodes, TripleValues(nodes, pairs))
        self._maxima = Maxima(self._wide, pairs, self._default)
        rules: dict[type[Expression], Callable[[Anything], Value]] = {
            Any: self._maxima.any,
            Best: self._maxima.best,
            Select: self._maxima.select,
            Follow: self._follow,
            At: self._at,
        }
        pairs.extend({kind: self._about(rule) for kind, rule in rules.items()})

    def moved(self, value: Expression, pointer: Expression, end: End) -> Value:
        """A value of pairs, at the pair where one end is the node that a pointer leads to."""
        return self._moved(self._pairs.of(value), pointer, end, end)

    def _about(self, rule: Callable[[Anything], Value]) -> Callable[[Anything], Value]:
        """A rule during which units at triples are about the expression at hand."""

        def lowered(expression: Expression) -> Value:
            with self._wide.gadgets.about(Origin(expression)):
                return rule(expression)

        return lowered

    def _follow(self, expression: Follow) -> Value:
        """The value at the node to which a pointer of an end, or of the pair, points."""
        pointer, end = self._pointer(expression.reference)
        value = self._nodes.of(expression.value)
        if end is None and self._nodes.location(pointer) is Location.EDGE:
            return self._read(pointer, None, at_third(self._nodes.gadgets.readable(value)))
        reference = self._nodes.of(pointer)
        assert isinstance(reference, (Bit, Number))
        return self._lifted(self._reading.read(reference, value), end or End.RECEIVER)

    def _at(self, expression: At) -> Value:
        """The value at the pair of the nodes to which two pointers point, one of each end."""
        (sender, first), (receiver, second) = map(self._pointer, (expression.sender, expression.receiver))
        paired = [self._nodes.location(p) is Location.EDGE for p in (sender, receiver)]
        if (paired[0] and not _stays(receiver, second, End.RECEIVER)) or (
            paired[1] and not _stays(sender, first, End.SENDER)
        ):
            raise self._refusal()
        if not any(paired):
            first = first or OPPOSITE[second or End.RECEIVER]
            second = second or OPPOSITE[first]
            if first is second:
                found = self._reading.at_nodes(expression.value, sender, receiver)
                return self._lifted(found, first)
        value = self._pairs.of(expression.value)
        if first is End.RECEIVER:
            # The pair's receiver says which sender: the same as at the opposite pair, with ends exchanged.
            value, sender, receiver, first, second = turned(value), receiver, sender, second, first
        value = self._moved(value, sender, End.SENDER, first)
        return self._moved(value, receiver, End.RECEIVER, second)

    def _lifted(self, value: Value, end: End) -> Value:
        return lifted(self._nodes.gadgets.readable(value), end)

    def _moved(self, value: Value, pointer: Expression, end: End, of: End | None) -> Value:
        """A value of pairs with one end moved to where a pointer leads: of an end, or of the pair."""
        if isinstance(pointer, Own) and of is end:
            return value
        value = self._pairs.gadgets.readable(value)
        return self._read(pointer, of, along(value, Leg.SECOND if end is End.SENDER else Leg.FIRST))

    def _read(self, pointer: Expression, of: End | None, value: Value) -> Value:
        """A value of triples at the third node that a pointer names: of an end, or of the pair."""
        gadgets, reference = self._wide.gadgets, self._reference(pointer, of)
        named = reference if isinstance(reference, Bit) else gadgets.equal(self._wide.own, reference)
        read = self._maxima.read(named, value)
        if not (isinstance(reference, Number) and reference.loose):
            return read
        found = self._maxima.found(named)
        return self._pairs.gadgets.choose([(found, read), (~found, nothing(read))])

    def _reference(self, pointer: Expression, of: End | None) -> Bit | Number:
        if of is None and self._nodes.location(pointer) is Location.EDGE:
            found = along(self._pairs.of(pointer), Leg.DIRECT)
        else:
            reference = self._nodes.of(pointer)
            if isinstance(reference, Bit):
                found = at_third(reference)
            else:
                assert isinstance(reference, Number)
                near = self._nodes.gadgets.near(reference, self._nodes.n)
                found = along(lifted(near, of or End.RECEIVER), Leg.DIRECT)
        assert isinstance(found, (Bit, Number))
        return found

    def _pointer(self, reference: Expression) -> tuple[Expression, End | None]:
        """A pointer, and of which end of every pair it is; of either, or of the pair, if of none."""
        return (reference.value, reference.end) if isinstance(reference, Lift) else (reference, None)

    def _refusal(self) -> Refusal:
        return self._pairs.gadgets.refuse(
            "a pair whose ends are named by a pointer of the pair and by another pointer",
            "one such pointer, and the pair's own end on the other side",
            "keep one of the pointers at the nodes",
        )

    def _default(self, expression: Select) -> Number:
        found = lifted(self._nodes.own, End.RECEIVER)
        assert isinstance(found, Number)
        return found


def _stays(pointer: Expression, of: End | None, end: End) -> bool:
    """Whether a reference is the pair's own end."""
    return isinstance(pointer, Own) and of is end


def along(value: Value, leg: Leg) -> Value:
    """A value of pairs, at one pair of every triple; numbers must be simple."""
    return _mapped(value, lambda form: _leg_form(form, leg))


def at_third(value: Value) -> Value:
    """A value of nodes, at the third node of every triple; numbers must be simple."""
    return _mapped(value, lambda form: at_corner(form, Corner.THIRD))


def at_corner(form: Form, corner: Corner) -> Form:
    """A form of nodes, at one node of every triple."""
    terms = tuple((CornerAtom(a.high, a.whole, a.origin, a, corner), c) for a, c in form.terms)
    return Form(terms, form.constant)


def _leg_form(form: Form, leg: Leg) -> Form:
    return Form(tuple((_leg_atom(atom, leg), c) for atom, c in form.terms), form.constant)


def _leg_atom(atom: Atom, leg: Leg) -> AbstractTripleAtom:
    if isinstance(atom, EndAtom):
        return CornerAtom(atom.high, atom.whole, atom.origin, atom.source, ENDS[leg, atom.end])
    assert isinstance(atom, AbstractPairAtom), atom.origin
    return LegAtom(atom.high, atom.whole, atom.origin, atom, leg)


def _mapped(value: Value, change: Callable[[Form], Form]) -> Value:
    match value:
        case Number():
            return replace(value, form=change(value.form))
        case Bit():
            return Bit(tuple(map(change, value.factors)), value.negated)
        case Category():
            bits = tuple(_mapped(bit, change) for bit in value.bits)
            return Category(tuple(bit for bit in bits if isinstance(bit, Bit)))
