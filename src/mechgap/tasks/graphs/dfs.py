"""Depth-first search of a directed graph, one event in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    edge,
    first,
    follow,
    graph,
    last,
    me,
    node,
    otherwise,
    reverse,
    rules,
    sender,
    size,
    when,
    where,
)
from ..samplers.graphs import sample_directed
from ..task import Task
from ..validity import valid_dfs

EVENTS = 2**18

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A")
adj = edge.mask("adj")

parent = node.pointer("pi_h")
color = node.categorical("color", ["white", "gray", "black"])
found_at = node.scalar("d", low=0, high=EVENTS, whole=True, unit=0.01)
done_at = node.scalar("f", low=0, high=EVENTS, whole=True, unit=0.01)
below = node.pointer("s_prev")
root = node.mask_one("s")
current = node.mask_one("u")
seen = node.mask_one("v")
top = node.mask_one("s_last")
time = graph.scalar("time", low=0, high=EVENTS, whole=True, unit=0.01)

white = (color == "white").named("white")
out_of = (reverse(adj) & sender(white)).named("out_of")  # at the pair (white neighbour, node)
child = first(out_of).named("child")
next_root = first(white).named("next_root")

# The stack is the list top, s_prev(top), …; a node that is done is popped in the step after.
popped = (current & (color == "black")).named("popped")
here = follow(current, where(popped, below, me)).named("here")
tree_done = follow(current, popped & (below == me)).named("tree_done")
next_child = follow(here, child).named("next_child")
discovering = follow(top, found_at == 0).named("discovering")
pushing = (~discovering & ~tree_done & follow(here, any_of(out_of))).named("pushing")

anyone = me == me
is_first = me == first(anyone)
is_here = (me == here).named("is_here")
is_child = (me == next_child).named("is_child")
is_root = (me == next_root).named("is_root")
unstacked = where(popped, me, below).named("unstacked")

program = Program(
    "dfs",
    inputs=(pos, A, adj),
    init={
        parent: me,
        color: "white",
        found_at: 0,
        done_at: 0,
        below: me,
        root: is_first,
        current: is_first,
        seen: is_first,
        top: is_first,
        time: 0,
    },
    step=rules(
        when(
            discovering,
            {
                current: top,
                time: time + 1,
                found_at: where(top, time + 1, found_at),
                color: where(top, "gray", color),
            },
        ),
        when(tree_done, {root: is_root, current: is_root, seen: is_root, top: is_root}),
        when(
            pushing,
            {
                current: is_here,
                seen: is_child,
                top: is_child,
                parent: where(is_child, here, parent),
                color: where(is_child, "gray", color),
                below: where(is_child, here, unstacked),
            },
        ),
        otherwise(
            {
                current: is_here,
                seen: me == last(anyone),
                top: is_here,
                time: time + 1,
                done_at: where(is_here, time + 1, done_at),
                color: where(is_here, "black", color),
                below: unstacked,
            },
        ),
    ),
    halt=tree_done & ~anywhere(white),
    outputs={"pi": parent},
    limit=3 * size,
    text="""Depth-first search (Tarjan 1972; Cormen et al.) with discovery and finishing times, an explicit
        stack, and a new tree at the first white node whenever a tree is done. Each node takes three
        frames: put on the stack, discovered, done. Neighbours are tried in the order of the nodes.""",
)

task = Task(program, sample_directed, valid_dfs)
