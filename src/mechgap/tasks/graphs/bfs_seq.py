"""Breadth-first search made sequential: one edge in every step (a control of bfs)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    edge,
    first,
    follow,
    index,
    me,
    node,
    receiver,
    reverse,
    rules,
    sender,
    size,
    when,
)
from ..samplers.graphs import sample_reachability
from ..task import About, Complexity, Task
from ..validity import valid_bfs

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A")
adj = edge.mask("adj")

reached = node.mask("reach_h")
parent = node.pointer("pi_h")
level = node.scalar("level", low=0, high=2**12, whole=True, internal=True)
cursor = node.scalar("cursor", low=0, high=2**12, whole=True, internal=True)

# At the pair (neighbour, scanning node): the edges that the scanning node has not visited yet.
ahead = (sender(index(me)) >= receiver(cursor)) & (sender(me) != receiver(me))
unvisited = (reverse(adj) & ahead).named("unvisited")
busy = (reached & any_of(unvisited)).named("busy")
scanning = argmin(level, busy).named("scanning")
visited = follow(scanning, first(unvisited)).named("visited")
newly = ((me == visited) & ~reached).named("newly")

program = Program(
    "bfs_seq",
    inputs=(pos, s, A, adj),
    init={reached: s, parent: me, level: 0, cursor: 0},
    step=rules(
        when(me == scanning, {cursor: index(visited) + 1}),
        when(newly, {reached: True, parent: scanning, level: follow(scanning, level) + 1}),
    ),
    halt=~anywhere(busy),
    outputs={"pi": parent},
    limit=size * size + 1,
    text="""Breadth-first search, one edge in every step: the reached node of the lowest level that has
        unvisited edges visits its next one (ties and edges in the order of the nodes; loops are no edges).
        Inputs, hints and outputs are those of bfs, and so is the tree.""",
)

task = Task(
    program,
    sample_reachability,
    valid_bfs,
    About(
        family="graphs",
        source="Moore 1959",
        complexity=Complexity.NC,
        reference="shortest paths by squaring matrices over (min, +): Dekel, Nassimi and Sahni 1981",
        steps="1 + number of edges that leave the nodes within reach of the source, loops left aside",
    ),
)
