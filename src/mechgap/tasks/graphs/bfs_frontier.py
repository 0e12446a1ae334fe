"""Breadth-first search in which only the nodes reached last offer themselves (a rival of bfs)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, choose, edge, me, node, sender, size, where
from ..samplers.graphs import sample_reachability
from ..task import About, Complexity, Task
from ..validity import valid_bfs

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A")
adj = edge.mask("adj")

reached = node.mask("reach_h")
parent = node.pointer("pi_h")
frontier = node.mask("frontier", internal=True)

offers = (sender(frontier) & adj).named("offers")
newly = (any_of(offers) & ~reached).named("newly")

program = Program(
    "bfs_frontier",
    inputs=(pos, s, A, adj),
    init={reached: s, parent: me, frontier: s},
    step={
        reached: reached | newly,
        parent: where(newly, choose(offers).named("offering"), parent),
        frontier: newly,
    },
    halt=~anywhere(newly),
    outputs={"pi": parent},
    limit=size,
    text="""Breadth-first search with a frontier: only the nodes reached in the last step offer themselves.
        Its trace is that of bfs, its inner state is not.""",
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
        steps="1 + largest number of edges on a shortest path from the source",
    ),
)
