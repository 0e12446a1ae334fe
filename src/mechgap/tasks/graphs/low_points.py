"""Depth-first search of an undirected graph that finds low points, as macros.

The low point of a node is the earliest discovery time that an edge leads to from its subtree, the edge
to its parent left aside (Hopcroft and Tarjan 1973). Here the search looks at the neighbours of a node
one by one, and begins anew whenever it comes back to the node:

- look: the next neighbour is no longer white, and its discovery time may lower the low point;
- push: the next neighbour is white, and the search goes on to it;
- finish: there is none left; the low points of the children may lower that of the node.
"""

from __future__ import annotations

from ...lang.vocabulary import (
    any_of,
    edge,
    first,
    follow,
    graph,
    index,
    me,
    min_of,
    minimum,
    node,
    receiver,
    reverse,
    sender,
    where,
)
from .depth_first import (
    COUNTS,
    Event,
    below,
    current,
    discover_in_time,
    finish_in_time,
    found_at,
    here,
    is_here,
    push,
    seen,
    time,
    top,
    tree_done,
    unstacked,
    white,
)

A = edge.scalar("A", low=0, high=64)
adj = edge.mask("adj")

parent = node.pointer("pi_h")
low = node.scalar("low", low=0, high=COUNTS, whole=True, unit=0.01)
cursor = graph.scalar("cursor", low=0, high=COUNTS, whole=True, internal=True)

# At the pair (neighbour, node): adj has all loops, and those that are edges are in A.
apart = sender(me) != receiver(me)
neighbours = reverse(adj & (apart | (A != 0)))
of_interest = sender(white) | (sender(me) != receiver(parent))
ahead = (neighbours & of_interest & (sender(index(me)) >= cursor)).named("ahead")
next_seen = follow(here, first(ahead)).named("next_seen")
is_next = (me == next_seen).named("is_next")

discovering = follow(top, found_at == 0).named("discovering")
scanning = follow(here, any_of(ahead)).named("scanning")
pushing = (scanning & follow(next_seen, white)).named("pushing")
finishing = (~discovering & ~tree_done & ~scanning).named("finishing")

found_here = follow(here, found_at)
children = ((parent == here) & ~is_here).named("children")
lowest_child = min_of(low, children, default=COUNTS).named("lowest_child")

discover: Event = {**discover_in_time, low: where(top, time + 1, low), cursor: 0}
descend: Event = {**push(is_next), parent: where(is_next, here, parent)}
look: Event = {
    current: is_here,
    seen: is_next,
    top: is_here,
    below: unstacked,
    low: where(is_here, minimum(low, follow(next_seen, found_at)), low),
    cursor: index(next_seen) + 1,
}
finish: Event = {**finish_in_time, low: where(is_here, minimum(low, lowest_child), low), cursor: 0}
