"""Tables over ranges of a row of nodes: at the pair (i, j), something about the nodes from i to j."""

from __future__ import annotations

from ...lang.expression import Expression
from ...lang.vocabulary import (
    at_pair,
    edge,
    first_leg,
    index,
    me,
    node,
    receiver,
    second_leg,
    sender,
)
from ..sorting.order import to_the_next

pos = node.scalar("pos", low=0, high=1)
pred = node.pointer("pred_h")
known = edge.mask("msk")

span = (receiver(index(me)) - sender(index(me))).named("span")
"""At the pair (i, j), j - i: what the range has beside its first node."""


def front(table: Expression) -> Expression:
    """At the triple (i, k, j), the entry of the range from i to k."""
    return first_leg(table)


def back(table: Expression) -> Expression:
    """At the triple (i, k, j), the entry of the range from k + 1 to j; k is to be before j."""
    return second_leg(at_pair(table, sender(to_the_next), receiver(me)))


splits = (first_leg(sender(me) <= receiver(me)) & second_leg(sender(me) < receiver(me))).named("splits")
"""Where the nodes from i to j fall into those up to k and those from k + 1 on."""
