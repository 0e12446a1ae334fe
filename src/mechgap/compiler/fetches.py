"""Fetches: every node attends a sender and copies from it; each fetch and each copy is made only once."""

from __future__ import annotations

from dataclasses import replace

from ..lang.expression import Expression
from ..lang.program import Program
from ..lang.selections import selecting_expressions
from .conditions import Alternative
from .gadgets import Gadgets
from .ir import (
    AbstractPairAtom,
    Atom,
    Condition,
    Fetch,
    Fetched,
    FetchedEdge,
    Form,
    Notes,
    Order,
    PairForm,
    Relation,
    level,
)
from .pair_ir import apart
from .values import FALSE, TRUE, Bit, Category, Number, Value


class Fetches:
    """Makes fetches, and copies through them.

    Args:
        program: whose selecting expressions are noted at the fetches that make their choices.
        gadgets: makes units.
        own: the index of each node.
    """

    def __init__(self, program: Program, gadgets: Gadgets, own: Number) -> None:
        self._gadgets = gadgets
        self._own = own
        self._fetches: dict[object, Fetch] = {}
        self._copies: dict[tuple[Fetch, Atom], Atom] = {}
        self.names: dict[Expression, str] = {x: name for name, x in selecting_expressions(program).items()}

    def fetch(
        self,
        conditions: Alternative,
        key: PairForm | None = None,
        order: Order | None = Order.FIRST,
        span: tuple[float, float] = (0.0, 0.0),
        cut: bool = False,
    ) -> Fetch:
        """The fetch of the best sender that fulfils some conditions."""
        memory = (frozenset(conditions), key, order, span)
        if memory not in self._fetches:
            forms = [condition.form for condition in conditions] + ([key] if key is not None else [])
            ready = max((level(atom) for form in forms for atom in form.atoms), default=0)
            origin = self._gadgets.origin
            self._fetches[memory] = Fetch(conditions, key, order, *span, ready, origin, Notes(), cut)
        return self._fetches[memory]

    def named(self, reference: Bit | Number) -> Fetch:
        """The fetch of the node that a mask_one or a pointer names."""
        if isinstance(reference, Bit):
            form = self._gadgets.form(reference)
            return self.fetch((Condition(PairForm(sender=form), Relation.TRUE),))
        near = self._gadgets.near(reference, int(self._own.high) + 1)
        gap = PairForm(sender=self._own.form) - PairForm(receiver=near.form)
        return self.fetch((Condition(gap, Relation.ZERO),))

    def checked(self, fetch: Fetch, reference: Bit | Number, read: Value) -> Value:
        """What was read at the node that a reference names; nothing if it may name none and does."""
        if not (isinstance(reference, Number) and reference.loose):
            return read
        fetch.notes.checked = True
        found = self._gadgets.equal(self.index(fetch), reference)
        return self._gadgets.choose([(found, read), (~found, nothing(read))])

    def anchor(self, fetch: Fetch, expression: Expression) -> None:
        """Note that a fetch makes the choice of a selecting expression, if it is one."""
        name = self.names.get(expression)
        if name is not None and name not in fetch.notes.selections:
            fetch.notes.selections.append(name)

    def copy(self, fetch: Fetch, source: Atom) -> Form:
        """A number at the sender or on the pair, copied to the receiver."""
        fetch = self.after(fetch, source)
        memory = (fetch, source)
        if memory not in self._copies:
            if isinstance(source, AbstractPairAtom):
                self._copies[memory] = FetchedEdge(source.high, source.whole, source.origin, fetch, source)
            else:
                self._copies[memory] = Fetched(source.high, source.whole, source.origin, fetch, source)
        return self._gadgets.split(self._copies[memory])

    def moved(self, fetch: Fetch, form: Form) -> Form:
        """A form of the sender, copied to the receiver."""
        total = Form((), form.constant)
        for atom, coefficient in form.terms:
            total = total + self.copy(fetch, atom) * coefficient
        return total

    def landed(self, fetch: Fetch, form: PairForm) -> Form:
        """A form of the pair, at the receiver."""
        total = self.moved(fetch, form.sender) + form.receiver
        for column, coefficient in form.pair:
            total = total + self.copy(fetch, column) * coefficient
        return total

    def index(self, fetch: Fetch) -> Number:
        """The index of the sender."""
        return Number(self.moved(fetch, self._own.form), 0, self._own.high, True)

    def copied(self, fetch: Fetch, value: Value) -> Value:
        """A value of the sender, copied to the receiver."""
        match value:
            case Number():
                number = self._gadgets.simple(value)
                form = self.moved(fetch, number.form)
                return Number(form, value.low, value.high, value.whole, True, value.loose)
            case Bit():
                return Bit(tuple(self.moved(fetch, f) for f in value.factors), value.negated)
            case Category():
                bits = tuple(self.copied(fetch, bit) for bit in value.bits)
                return Category(tuple(bit for bit in bits if isinstance(bit, Bit)))

    def at_pair(self, fetch: Fetch, value: Value) -> Value:
        """A value of pairs, at the pair of the sender and the receiver; numbers must be simple."""
        match value:
            case Number():
                return replace(value, form=self.landed(fetch, apart(value.form)))
            case Bit():
                return Bit(tuple(self.landed(fetch, apart(f)) for f in value.factors), value.negated)
            case Category():
                bits = tuple(self.at_pair(fetch, bit) for bit in value.bits)
                return Category(tuple(bit for bit in bits if isinstance(bit, Bit)))

    def after(self, fetch: Fetch, source: Atom) -> Fetch:
        """The same fetch, not before a number is there that is to be copied."""
        ready = level(source)
        if ready <= fetch.level:
            return fetch
        memory = (fetch, ready)
        if memory not in self._fetches:
            self._fetches[memory] = replace(fetch, level=ready)
        return self._fetches[memory]


def nothing(value: Value) -> Value:
    """What a pointer to no node reads."""
    match value:
        case Number():
            return Number(Form(), 0, 0, True)
        case Bit():
            return FALSE
        case Category():
            return Category((TRUE, *[FALSE] * (len(value.bits) - 1)))
