"""Reductions and reads as maxima: over the senders of a node, or over the third nodes of a pair.

What is reduced lives at a *wide* place, a pair (or a triple); the maximum of a form there, over one of its
nodes, lives at a *narrow* one, a node (or a pair). A maximum copies the largest number as it is, so that
nothing is rounded: real keys are ordered exactly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..lang.expression import Any, Best, Expression, Select, Tie
from .gadgets import EXACT, Gadgets, power_above
from .ir import Atom, Form
from .pointwise import AbstractPointwise
from .values import FALSE, TRUE, Bit, Category, Number, Value


class AbstractWide(ABC):
    """A place that is wider than another one by a node.

    Args:
        gadgets: makes its units.
        own: the index of that node.
    """

    def __init__(self, gadgets: Gadgets, own: Number) -> None:
        self.gadgets = gadgets
        self.own = own

    @abstractmethod
    def of(self, expression: Expression) -> Value:
        """The value of an expression that is reduced."""

    @abstractmethod
    def lifted(self, value: Value) -> Value:
        """A value of the narrow place, in all wide ones of it; numbers must be simple."""

    @abstractmethod
    def largest(self, form: Form, low: float, high: float, whole: bool) -> Atom:
        """The largest value of a form over the node."""


class Maxima:
    """Lowers Any, Best and Select, and reads at the one place where something holds.

    Args:
        wide: where what is reduced lives.
        narrow: where the results live.
        default: the index that a selection gives where nothing can be selected and no default is named.
    """

    def __init__(
        self, wide: AbstractWide, narrow: AbstractPointwise, default: Callable[[Select], Number]
    ) -> None:
        self._wide = wide
        self._narrow = narrow
        self._default = default
        self._largest: dict[object, Form] = {}

    def any(self, expression: Any) -> Value:
        """Whether a mask holds anywhere."""
        return self.found(self._mask(expression.mask))

    def best(self, expression: Best) -> Value:
        """The smallest or largest number."""
        mask, default = self._mask(expression.among), self._narrow.number(expression.default)
        if mask.constant is False:
            return default
        found, key = self.found(mask), self._key(expression.value)
        best = self._best(mask, key, expression.largest)
        return self._narrow.gadgets.pick([(found, best), (~found, default)])

    def select(self, expression: Select) -> Value:
        """The index of the chosen node."""
        default = self._default(expression)
        if expression.default is not None:
            default = self._narrow.number(expression.default)
        mask, first = self._mask(expression.among), expression.tie is Tie.FIRST
        if mask.constant is False:
            return default
        found = self.found(mask)
        if expression.key is None:
            index = self._ranked(mask, first)
        else:
            index = self._chosen(mask, self._key(expression.key), expression.largest, first)
        return self._narrow.gadgets.pick([(found, index), (~found, default)])

    def found(self, bit: Bit) -> Bit:
        """Whether a truth value holds anywhere."""
        if bit.constant is not None:
            return TRUE if bit.constant else FALSE
        return Bit((self._maximum(self._wide.gadgets.form(bit), 1.0),))

    def read(self, bit: Bit, value: Value) -> Value:
        """A value at the one place where a truth value holds; it means nothing where there is none."""
        gadgets = self._wide.gadgets
        match value:
            case Number() if value.form.terms:
                number = gadgets.simple(value)
                form = self._whole_at(bit, number) if number.whole else self._real_at(bit, number)
                return Number(form, number.low, number.high, number.whole, True, number.loose)
            case Bit() if value.constant is None:
                return self.found(gadgets.both(bit, value))
            case Category():
                bits = tuple(self.read(bit, one) for one in value.bits)
                return Category(tuple(one for one in bits if isinstance(one, Bit)))
        return value

    def last(self) -> Number:
        """The largest index of a node."""
        own = self._wide.own
        return Number(self._maximum(own.form, own.high), 0, own.high, True)

    # ---- parts

    def _mask(self, expression: Expression) -> Bit:
        value = self._wide.of(expression)
        assert isinstance(value, Bit)
        return value

    def _key(self, expression: Expression) -> Number:
        value = self._wide.of(expression)
        assert isinstance(value, Number)
        return self._wide.gadgets.simple(value)

    def _whole_at(self, bit: Bit, number: Number) -> Form:
        span = number.high - number.low
        moved = Number(number.form.plus(-number.low), 0.0, span, True)
        return self._maximum(self._wide.gadgets.gated(moved, bit), span).plus(number.low)

    def _real_at(self, bit: Bit, number: Number) -> Form:
        total = Form()
        for sign, high in ((1.0, number.high), (-1.0, -number.low)):
            if high > 0:
                part = Number(number.form * sign, 0.0, high, False)
                found = self._wide.gadgets.gated(part, bit, clean=True)
                total = total + self._maximum(found, high, False) * sign
        return total

    def _best(self, bit: Bit, key: Number, largest: bool) -> Number:
        """The smallest or largest key where a truth value holds; it means nothing where it does nowhere."""
        if key.whole:
            code = self._maximum(self._wide.gadgets.gated(_rank(key, largest), bit), key.high - key.low + 1.0)
            form = code.plus(key.low - 1.0) if largest else (code * -1.0).plus(key.high + 1.0)
            return Number(form, key.low, key.high, True)
        return Number(self._best_real(bit, key, largest), key.low, key.high, False)

    def _best_real(self, bit: Bit, key: Number, largest: bool) -> Form:
        """A penalty that is exactly 0 where the truth value holds leaves the keys as they are."""
        sign = 1.0 if largest else -1.0
        penalty = self._wide.gadgets.clean_penalty(bit)
        scale = 4.0 * power_above(max(abs(key.form.top), abs(key.form.bottom)))
        form = key.form * sign - penalty * scale
        reach = max(form.top, -form.bottom)
        found = self._maximum(form, reach, False, form.bottom) * sign
        up = self._positive(found, reach) if key.high > 0 else Form()
        return up - self._positive(found * -1.0, reach) if key.low < 0 else up

    def _positive(self, form: Form, reach: float) -> Form:
        """The positive part of a maximum, made once."""
        memory = ("positive", frozenset(form.terms))
        if memory not in self._largest:
            self._largest[memory] = Form.of(self._narrow.gadgets.made(form, reach, False))
        return self._largest[memory]

    def _ranked(self, bit: Bit, first: bool) -> Number:
        """The first or last index where a truth value holds."""
        own = self._wide.own
        code = self._maximum(self._wide.gadgets.gated(_rank(own, not first), bit), own.high + 1.0)
        form = (code * -1.0).plus(own.high + 1.0) if first else code.plus(-1.0)
        return Number(form, 0, own.high, True)

    def _chosen(self, mask: Bit, key: Number, largest: bool, first: bool) -> Number:
        """The index of the best key: together with it if both fit into one number, otherwise after it."""
        gadgets, own = self._wide.gadgets, self._wide.own
        room = power_above(own.high + 1.0)
        best = self._best(mask, key, largest)
        if key.whole and 8.0 * (key.form.reach + key.high - key.low + 2.0) * room <= EXACT:
            rank, place = _rank(key, largest), _rank(own, not first)
            together = Number(rank.form * room + place.form, 1.0, (rank.high + 1.0) * room, True)
            code = self._maximum(gadgets.gated(together, mask), together.high)
            known = _rank(best, largest).form * room
            form = code - known
            form = (form * -1.0).plus(own.high + 1.0) if first else form.plus(-1.0)
            return Number(form, 0, own.high, True)
        value = self._wide.lifted(self._narrow.gadgets.simple(best))
        assert isinstance(value, Number)
        worse = gadgets.less(key, value) if largest else gadgets.less(value, key)
        return self._ranked(gadgets.both(mask, ~worse), first)

    def _maximum(self, form: Form, high: float, whole: bool = True, low: float = 0.0) -> Form:
        """The largest value of a form, made once."""
        if not form.terms:
            return form
        memory = (frozenset(form.terms), form.constant)
        if memory not in self._largest:
            self._largest[memory] = Form.of(self._wide.largest(form, low, high, whole))
        return self._largest[memory]


def _rank(number: Number, largest: bool) -> Number:
    """A whole number counted from 1, the larger the better."""
    span = number.high - number.low
    form = number.form.plus(1.0 - number.low) if largest else (number.form * -1.0).plus(number.high + 1.0)
    return Number(form, 1.0, span + 1.0, True)
