"""What a family of networks can tell of a sender on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .ir import INDEX_PORT, Atom, Condition, Feature, Form, Relation

if TYPE_CHECKING:
    from .gadgets import Gadgets


@dataclass(frozen=True)
class Dialect:
    """Which conditions attention can tell; the others are left to units of pairs.

    Attributes:
        compares: whether a hidden layer compares numbers of both ends. Without one, attention tells
            truth values apart, and finds the sender of one index.
        messages: whether numbers are sent and the largest is kept, in place of attention.
        index: makes the number of each node, given the largest number of nodes and what makes units; without
            it that is a feature.
    """

    compares: bool
    messages: bool = False
    index: Callable[[int, Gadgets], Atom] | None = None

    def tells(self, conditions: Iterable[Condition]) -> bool:
        """Whether attention can find the senders that fulfil all of some conditions."""
        conditions = tuple(conditions)
        if self.compares or self.pin(conditions) is not None:
            return True
        return all(condition.relation is Relation.TRUE for condition in conditions)

    def pin(self, conditions: Iterable[Condition]) -> Form | None:
        """The number of the receiver that is the sender's index, where that alone says who is attended.

        Other conditions are then seen to hold or to fail by what is copied.
        """
        if self.compares:
            return None
        return next((form for form in map(_index_of_sender, conditions) if form is not None), None)


HIDDEN_LAYER = Dialect(True)
"""Attention whose logits are made by a layer of units, as in GATv2."""

DOT_PRODUCTS = Dialect(False)
"""Attention whose logits are products of a query and a key, as in transformers."""

MESSAGES = Dialect(False, True)
"""Messages of which the largest is kept, as in MPNN."""


def _index_of_sender(condition: Condition) -> Form | None:
    """What the sender's index must equal, if a condition says just that."""
    form = condition.form
    if condition.relation is not Relation.ZERO or form.pair or not form.whole or len(form.sender.terms) != 1:
        return None
    ((atom, factor),) = form.sender.terms
    if not isinstance(atom, Feature) or atom.port != INDEX_PORT or abs(factor) != 1.0:
        return None
    return form.receiver.plus(form.sender.constant) * -factor
