"""Shortest paths with the hints of bellman_ford, one node in every step (a sequential rival of it)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import anywhere, argmin, at_pair, follow, me, node, size, where
from ..samplers.graphs import sample_shortest_paths
from ..task import About, Complexity, Task
from ..validity import valid_shortest_paths
from .bellman_ford import A, adj, distance, parent, pos, reached, s

settled = node.mask("settled", internal=True)

waiting = (reached & ~settled).named("waiting")
nearest = argmin(distance, waiting, free=True).named("nearest")
is_nearest = (me == nearest).named("is_nearest")
open_neighbour = (at_pair(adj, nearest, me) & ~settled & ~is_nearest).named("open_neighbour")
through = (follow(nearest, distance) + at_pair(A, nearest, me)).named("through")
better = (open_neighbour & (~reached | (through < distance))).named("better")

program = Program(
    "bellman_ford_seq",
    inputs=(pos, s, A, adj),
    init={parent: me, distance: 0, reached: s, settled: False},
    step={
        parent: where(better, nearest, parent),
        distance: where(better, through, distance),
        reached: reached | better,
        settled: settled | is_nearest,
    },
    halt=~anywhere(waiting),
    outputs={"pi": parent},
    limit=size + 1,
    text="""Shortest paths from one source in the order of Dijkstra (1959): the nearest node that is reached
        and not settled relaxes its edges. Inputs, hints and outputs are those of bellman_ford, and so
        is the tree wherever one path to each node is shorter than all others.""",
)

task = Task(
    program,
    sample_shortest_paths,
    valid_shortest_paths,
    About(
        family="graphs",
        source="Dijkstra 1959",
        complexity=Complexity.NC,
        reference="shortest paths by squaring matrices over (min, +): Dekel, Nassimi and Sahni 1981",
        steps="1 + the number of nodes within reach of the source",
    ),
)
