"""Forms computed in float32, in several orders of summation: what exact weights must not depend on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechgap.compiler.ir import Atom, Carried, Form, Unit
from mechgap.compiler.values import Bit, Number

Floats = NDArray[np.float32]
ORDERS = ("forward", "backward", "constant first", "fused")


def whole(low: float, high: float, name: str = "w") -> Number:
    """A whole number that is stored as its distance from ``low``."""
    low_part = min(low, 0.0)
    return Number(Form.of(Carried(high - low_part, True, name, name)).plus(low_part), low, high, True)


def real(high: float, name: str = "r") -> Number:
    """A real number in [0, high]."""
    return Number(Form.of(Carried(high, False, name, name)), 0, high, False)


@dataclass(frozen=True)
class Signed:
    """A real number in two atoms, its positive and its negative part."""

    positive: Atom
    negative: Atom
    number: Number

    def given(self, values: Floats) -> dict[Atom, Floats]:
        """What the atoms are for some values."""
        zero = np.float32(0.0)
        return {self.positive: np.maximum(values, zero), self.negative: np.maximum(-values, zero)}


def signed(high: float, name: str = "r", low: float | None = None) -> Signed:
    """A real number in [low, high]; by default it may be as low as -high."""
    low = -high if low is None else low
    positive, negative = (Carried(high, False, name + sign, name + sign) for sign in "+-")
    form = Form.of(positive) - Form.of(negative) if low < 0 else Form.of(positive)
    return Signed(positive, negative, Number(form, low, high, False))


def bit(name: str, *, negated: bool = False) -> Bit:
    """A truth value, or the negation of one."""
    return Bit((Form.of(Carried(1.0, True, name, name)),), negated)


def stored(number: Number | Bit) -> Atom:
    """The atom that holds a number or a truth value."""
    form = number.factors[0] if isinstance(number, Bit) else number.form
    (atom,) = form.atoms
    return atom


def columns(*values: object) -> list[Floats]:
    """All combinations of values, a column for each."""
    grid = itertools.product(*(np.asarray(v, dtype=np.float32) for v in values))
    return [np.array(column, dtype=np.float32) for column in zip(*grid, strict=True)]


def computed(form: Form, given: Mapping[Atom, Floats]) -> Floats:
    """The value of a form in float32, which must be the same in all orders of summation."""
    found = [_Summation(given, order).of(form) for order in ORDERS]
    for order, value in zip(ORDERS, found, strict=True):
        assert value.dtype == np.float32
        assert np.array_equal(value, found[0]), f"summed {order}, a value differs"
    return found[0]


class _Summation:
    """Computes forms as a matrix product may: in any order, with or without fused additions."""

    def __init__(self, given: Mapping[Atom, Floats], order: str) -> None:
        self._values = dict(given)
        self._add: Callable[[Floats, Floats, np.float32], Floats] = _fused if order == "fused" else _rounded
        self._order = order

    def of(self, form: Form) -> Floats:
        count = len(next(iter(self._values.values())))
        terms = list(reversed(form.terms)) if self._order == "backward" else list(form.terms)
        constant = np.float32(form.constant)
        first = constant if self._order == "constant first" else np.float32(0.0)
        total = np.full(count, first, dtype=np.float32)
        for atom, coefficient in terms:
            total = self._add(total, self._atom(atom), np.float32(coefficient))
        return total if self._order == "constant first" else total + constant

    def _atom(self, atom: Atom) -> Floats:
        if atom not in self._values:
            assert isinstance(atom, Unit), f"{atom.origin} has no value"
            self._values[atom] = np.maximum(self.of(atom.form), np.float32(0.0))
        return self._values[atom]


def _rounded(total: Floats, value: Floats, coefficient: np.float32) -> Floats:
    return total + coefficient * value


def _fused(total: Floats, value: Floats, coefficient: np.float32) -> Floats:
    return (total.astype(np.float64) + np.float64(coefficient) * value.astype(np.float64)).astype(np.float32)
