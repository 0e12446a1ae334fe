"""Shortest paths from one source, one node in every step: the nearest that is still open."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import anywhere, argmin, at_pair, edge, follow, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.graphs import sample_shortest_paths
from ..task import About, Complexity, Task
from ..validity import valid_shortest_paths

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A", low=0, high=64)
adj = edge.mask("adj")

parent = node.pointer("pi_h")
distance = node.scalar("d", low=0, high=LARGEST_KEY)
settled = node.mask("mark")
in_queue = node.mask("in_queue")
current = node.mask_one("u")

nearest = argmin(distance, in_queue, free=True).named("nearest")
is_nearest = (me == nearest).named("is_nearest")
open_neighbour = (at_pair(adj, nearest, me) & ~settled & ~is_nearest).named("open_neighbour")
through = (follow(nearest, distance) + at_pair(A, nearest, me)).named("through")
better = (open_neighbour & (~in_queue | (through < distance))).named("better")

program = Program(
    "dijkstra",
    inputs=(pos, s, A, adj),
    init={parent: me, distance: 0, settled: False, in_queue: s, current: s},
    step={
        parent: where(better, nearest, parent),
        distance: where(better, through, distance),
        settled: settled | is_nearest,
        in_queue: (in_queue & ~is_nearest) | better,
        current: is_nearest,
    },
    halt=~anywhere(in_queue),
    outputs={"pi": parent},
    limit=size + 1,
    text="""Shortest paths from one source (Dijkstra 1959). In every step the nearest node of the queue is
        settled, and each of its neighbours that is not settled takes it for its parent if that is
        shorter. Weights are not negative.""",
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
