"""Shortest paths between all pairs, with one more node to pass through in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    at_pair,
    edge,
    first,
    follow,
    me,
    node,
    receiver,
    sender,
    size,
    where,
)
from ..answers.paths import valid_all_shortest_paths
from ..samplers.graphs import sample_all_paths
from ..task import About, Complexity, Task

FARTHEST = 2**18

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A", low=0, high=64)
adj = edge.mask("adj")

before = edge.pointer("Pi_h")
distance = edge.scalar("D", low=0, high=FARTHEST)
joined = edge.mask("msk")
stage = node.mask_one("k")
middle = follow(stage, me).named("middle")

# At the pair (i, j): the path from i to the middle node, and on from there to j.
passable = (sender(at_pair(joined, me, middle)) & receiver(at_pair(joined, middle, me))).named("passable")
through = (sender(at_pair(distance, me, middle)) + receiver(at_pair(distance, middle, me))).named("through")
better = (passable & (~joined | (through < distance))).named("better")
new_before = where(better, receiver(at_pair(before, middle, me)), before).named("new_before")

anyone = me == me
next_middle = first(me > middle, default=middle).named("next_middle")

program = Program(
    "floyd_warshall",
    inputs=(pos, A, adj),
    init={before: sender(me), distance: A, joined: adj, stage: me == first(anyone)},
    step={
        before: new_before,
        distance: where(better, through, distance),
        joined: joined | passable,
        stage: me == next_middle,
    },
    halt=middle == next_middle,
    outputs={"Pi": new_before},
    limit=size,
    text="""Shortest paths between all pairs (Floyd 1962, Warshall 1962). In every step paths may pass through
        one more node, in the order of the nodes; Pi holds the last node but one of each path. The paths
        through the last node are found between the last frame and the output. A loop is the first path
        from a node to itself. Weights are not negative.""",
)

task = Task(
    program,
    sample_all_paths,
    valid_all_shortest_paths,
    About(
        family="graphs",
        source="Floyd 1962, Warshall 1962",
        complexity=Complexity.NC,
        reference="shortest paths by squaring matrices over (min, +): Dekel, Nassimi and Sahni 1981",
        steps="n",
    ),
)
