"""Breadth-first search by distances: Bellman-Ford with unit weights (a rival of bfs)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, argmin, edge, me, min_of, node, sender, size, where
from ..samplers.graphs import sample_reachability
from ..task import About, Complexity, Task
from ..validity import valid_bfs

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A")
adj = edge.mask("adj")

reached = node.mask("reach_h")
parent = node.pointer("pi_h")
distance = node.scalar("distance", low=0, high=2**12, whole=True, internal=True)

offers = (sender(reached) & adj).named("offers")
through = sender(distance) + 1
best = min_of(through, offers).named("best")
better = (any_of(offers) & (~reached | (best < distance))).named("better")

program = Program(
    "bfs_distance",
    inputs=(pos, s, A, adj),
    init={reached: s, parent: me, distance: 0},
    step={
        reached: reached | better,
        parent: where(better, argmin(through, offers, free=True).named("nearest"), parent),
        distance: where(better, best, distance),
    },
    halt=~anywhere(better),
    outputs={"pi": parent},
    limit=size,
    text="""Shortest paths with unit weights (Bellman 1958): each node keeps its distance from the source
        and takes the reached neighbour of the smallest one for its parent. Its trace is that of bfs.""",
)

task = Task(
    program,
    sample_reachability,
    valid_bfs,
    About(
        family="graphs",
        source="Bellman 1958",
        complexity=Complexity.NC,
        reference="shortest paths by squaring matrices over (min, +): Dekel, Nassimi and Sahni 1981",
        steps="1 + largest number of edges on a shortest path from the source",
    ),
)
