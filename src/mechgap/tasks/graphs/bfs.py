"""Breadth-first search, all nodes of a level at once."""

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

offers = (sender(reached) & adj).named("offers")
newly = (any_of(offers) & ~reached).named("newly")

program = Program(
    "bfs",
    inputs=(pos, s, A, adj),
    init={reached: s, parent: me},
    step={
        reached: reached | newly,
        parent: where(newly, choose(offers).named("offering"), parent),
    },
    halt=~anywhere(newly),
    outputs={"pi": parent},
    limit=size,
    text="""Breadth-first search (Moore 1959). In every step the reached nodes offer themselves to
        their neighbours, and a node that is reached for the first time takes one of them for its parent.""",
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
