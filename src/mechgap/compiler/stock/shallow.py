"""How deep messages are, and how they are kept shallow."""

from __future__ import annotations

from ..ir import Atom, Form, Unit
from ..pair_ir import MessageUnit

DEEPEST = 2
"""Layers of units that a message of the benchmark's network has."""


def depth(atom: Atom) -> int:
    """How many layers of units of messages a number of pairs takes."""
    if isinstance(atom, MessageUnit):
        return 1 + max((depth(part) for part in atom.form.atoms), default=0)
    return 0


def shorter(form: Form) -> Form:
    """The same unit, a layer shallower: a gate that K relu(1 - L) opens is shut by K L as well.

    L is 0 or at least 1. Where it is not 0 the rest must shut the gate alone, so that more does no harm.
    """
    for atom, factor in form.terms:
        source = _closed_by(atom)
        if source is not None and factor > 0:
            rest = form - Form(((atom, factor),))
            if highest(rest) <= 0 and factor * source.high < 2.0**126:
                return shorter(rest.plus(factor) - Form(((source, factor),)))
    return form


def highest(form: Form) -> float:
    """Upper bound of a form; relu(g + 1) - 2 relu(g) + relu(g - 1) is at most 1, unlike its parts."""
    total, terms = form.constant, dict(form.terms)
    for atom, factor in form.terms:
        if atom not in terms or factor >= 0 or not isinstance(atom, (Unit, MessageUnit)):
            continue
        beside = [
            other
            for other, weight in terms.items()
            if isinstance(other, type(atom)) and weight == -factor / 2 and _next_to(other.form, atom.form)
        ]
        if len(beside) == 2:
            total -= factor / 2
            for gone in (atom, *beside):
                del terms[gone]
    return total + Form(tuple(terms.items())).top


def _next_to(form: Form, middle: Form) -> bool:
    same = frozenset(form.terms) == frozenset(middle.terms)
    return same and abs(form.constant - middle.constant) == 1.0


def _closed_by(atom: Atom) -> Atom | None:
    """L, if a unit is relu(1 - L) and a truth value."""
    if not (isinstance(atom, MessageUnit) and atom.whole and atom.form.constant == 1.0):
        return None
    ((source, factor), *others) = atom.form.terms or ((None, 0.0),)
    found = not others and factor == -1.0 and isinstance(source, MessageUnit)
    return source if found else None
