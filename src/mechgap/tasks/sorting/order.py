"""Orders of elements: lists of predecessors, and arrays whose slots are exchanged.

The nodes are the elements, and they are also the slots of an array: slot 0 is node 0, and so on. At
first every slot holds the element of its own number. An order is recorded as in CLRS: every element
points to the one before it, and the first one to itself.
"""

from __future__ import annotations

from ...lang.expression import Expression, Operand
from ...lang.vocabulary import first, follow, index, last, me, node_at, where

start = first(me == me).named("start")
"""The first node."""

end = last(me == me).named("end")
"""The last node."""


def slot_at(position: Operand) -> Expression:
    """The node at a position that is inside of the graph for certain."""
    return follow(node_at(position), me)


in_given_order = where(me == start, me, slot_at(index(me) - 1)).named("in_given_order")
"""At every node, the node before it; at the first node, the node itself."""

to_the_next = where(me == end, me, slot_at(index(me) + 1)).named("to_the_next")
"""At every node, the node after it; at the last node, the node itself."""


def put(place: Expression, value: Operand, values: Expression) -> Expression:
    """Values of nodes with one of them replaced, at the node that a graph pointer names."""
    return where(me == place, value, values)


def exchanged(
    before: Expression, near: Expression, far: Expression, after: tuple[Expression, Expression]
) -> Expression:
    """An order after two of its elements changed places.

    Args:
        before: at every element, the one before it.
        near: an element.
        far: the same element, which changes nothing, or one that comes later.
        after: the elements after ``near`` and after ``far``; that element itself if there is none.
    """
    after_near, after_far = after
    before_near = follow(near, before).named("before_near")
    before_far = follow(far, before).named("before_far")
    others = put(after_near, far, put(after_far, near, before))
    behind = put(near, where(before_far == near, far, before_far), others)
    return put(far, where(before_near == near, far, before_near), behind)
