"""Single-source shortest paths by relaxing all edges at once."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, argmin, edge, me, min_of, node, sender, size, where
from ..samplers.graphs import sample_shortest_paths
from ..task import About, Complexity, Task
from ..validity import valid_shortest_paths

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A", low=0, high=64)
adj = edge.mask("adj")

parent = node.pointer("pi_h")
distance = node.scalar("d", low=0, high=64)
reached = node.mask("msk")

offers = (sender(reached) & adj).named("offers")
through = (sender(distance) + A).named("through")
best = min_of(through, offers).named("best")
better = (any_of(offers) & (~reached | (best < distance))).named("better")

program = Program(
    "bellman_ford",
    inputs=(pos, s, A, adj),
    init={parent: me, distance: 0, reached: s},
    step={
        parent: where(better, argmin(through, offers, free=True).named("nearest"), parent),
        distance: where(better, best, distance),
        reached: reached | better,
    },
    halt=~anywhere(better),
    outputs={"pi": parent},
    limit=size + 1,
    text="""Shortest paths from one source (Bellman 1958, Ford 1956). In every step each node looks at the
        distances of its reached neighbours plus the edge between, and takes the smallest if it improves.
        Weights are not negative. A node keeps its parent while its distance does not improve.""",
)

task = Task(
    program,
    sample_shortest_paths,
    valid_shortest_paths,
    About(
        family="graphs",
        source="Bellman 1958, Ford 1956",
        complexity=Complexity.NC,
        reference="shortest paths by squaring matrices over (min, +): Dekel, Nassimi and Sahni 1981",
        steps="1 + number of rounds that improve a distance; at most n",
    ),
)
