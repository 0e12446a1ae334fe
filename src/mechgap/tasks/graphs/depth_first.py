"""What depth-first searches share: the variables, the stack and the events, as macros.

A search (Tarjan 1972; Cormen et al.) keeps its stack in pointers: ``top``, ``s_prev(top)``, and so on.
In every step one of these happens:

- discover: the node on top is new and turns gray;
- plant: the tree is done, and a new one begins at a white node;
- push: the search, which is ``here``, puts a white neighbour on top;
- finish: ``here`` has no white neighbour left and turns black; it is popped in the step after.

An event says what becomes of the variables below. A program adds what becomes of its own, and says
with rules which event happens when.
"""

from __future__ import annotations

from ...lang.expression import Expression, Operand, Variable
from ...lang.vocabulary import first, follow, graph, last, me, node, reverse, sender, where

Event = dict[Variable, Operand]

COUNTS = 2**18
"""Largest number that a search can count to."""

color = node.categorical("color", ["white", "gray", "black"])
found_at = node.scalar("d", low=0, high=COUNTS, whole=True, unit=0.01)
done_at = node.scalar("f", low=0, high=COUNTS, whole=True, unit=0.01)
below = node.pointer("s_prev")
root = node.mask_one("s")
current = node.mask_one("u")
seen = node.mask_one("v")
top = node.mask_one("s_last")
time = graph.scalar("time", low=0, high=COUNTS, whole=True, unit=0.01)

anyone = me == me
is_first = me == first(anyone)

white = (color == "white").named("white")
popped = (top & (color == "black")).named("popped")
here = follow(top, where(popped, below, me)).named("here")
tree_done = follow(top, popped & (below == me)).named("tree_done")
is_here = (me == here).named("is_here")
unstacked = where(popped, me, below).named("unstacked")


def white_neighbours(edges: Expression) -> Expression:
    """At the pair (white neighbour, node): whether an edge leads from the node to it."""
    return (reverse(edges) & sender(white)).named("out_of")


discover: Event = {current: top, color: where(top, "gray", color)}
discover_in_time: Event = {**discover, time: time + 1, found_at: where(top, time + 1, found_at)}


def plant(new_root: Expression) -> Event:
    """A new tree begins at the node that a graph pointer names."""
    is_root = (me == new_root).named("is_root")
    return {root: is_root, current: is_root, seen: is_root, top: is_root}


def push(is_child: Expression) -> Event:
    """The search goes from here to the child that a mask_one marks."""
    return {
        current: is_here,
        seen: is_child,
        top: is_child,
        color: where(is_child, "gray", color),
        below: where(is_child, here, unstacked),
    }


finish: Event = {
    current: is_here,
    seen: me == last(anyone),
    top: is_here,
    color: where(is_here, "black", color),
    below: unstacked,
}
finish_in_time: Event = {**finish, time: time + 1, done_at: where(is_here, time + 1, done_at)}
