"""Two strings as one row of nodes: the letters of the first string, then those of the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.vocabulary import first, me, node, where
from ..sorting.order import in_given_order, start, to_the_next
from ..task import Requirement

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch

string = node.mask("string")
pos = node.scalar("pos", low=0, high=1)
key = node.categorical("key", ["a", "b", "c", "d"])

pred = node.pointer("pred_h")
after = node.pointer("after", internal=True)

head = first(string).named("head")
"""The first letter of the second string."""

ORDER = {
    pred: where((me == start) | (me == head), me, in_given_order),
    after: to_the_next,
}
"""Pointers that never change: to the letter before in the same string, and to the next node.

The first letter of a string is its own predecessor, the last node its own successor.
"""


def has_two_strings(batch: Batch) -> Tensor:
    """[B], whether the first nodes are one string and the others another, each with a letter or more."""
    second = batch.values["string"] & batch.nodes
    falls = second[:, :-1] & ~second[:, 1:] & batch.nodes[:, 1:]
    return ~second[:, 0] & second.any(1) & ~falls.any(1)


TWO_STRINGS = Requirement(
    has_two_strings,
    "`string` that does not mark a second string behind a first one",
    "false at each letter of the first string and true at each of the second, one letter or more in each",
    "put the nodes of the second string (the needle) behind those of the first (the text)",
)
"""What tasks on two strings require of their inputs."""
