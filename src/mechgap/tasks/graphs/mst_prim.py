"""Minimum spanning tree that grows from one node."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import anywhere, argmin, at_pair, edge, me, node, size, where
from ..answers.spanning import valid_spanning_tree
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_shortest_paths
from ..task import About, Complexity, Task

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A", low=0, high=64)
adj = edge.mask("adj")

parent = node.pointer("pi_h")
key = node.scalar("key", low=0, high=64)
in_tree = node.mask("mark")
in_queue = node.mask("in_queue")
current = node.mask_one("u")

nearest = argmin(key, in_queue, free=True).named("nearest")
is_nearest = (me == nearest).named("is_nearest")
open_neighbour = (at_pair(adj, nearest, me) & ~in_tree & ~is_nearest).named("open_neighbour")
weight = at_pair(A, nearest, me).named("weight")
better = (open_neighbour & (~in_queue | (weight < key))).named("better")

program = Program(
    "mst_prim",
    inputs=(pos, s, A, adj),
    init={parent: me, key: 0, in_tree: False, in_queue: s, current: s},
    step={
        parent: where(better, nearest, parent),
        key: where(better, weight, key),
        in_tree: in_tree | is_nearest,
        in_queue: (in_queue & ~is_nearest) | better,
        current: is_nearest,
    },
    halt=~anywhere(in_queue),
    outputs={"pi": parent},
    limit=size + 1,
    text="""Minimum spanning tree of the nodes within reach of the source (Jarník 1930, Prim 1957). In every
        step the node of the queue with the lightest edge to the tree joins it, and its neighbours outside
        of the tree keep the edge to it if that is lighter.""",
)

task = Task(
    program,
    sample_shortest_paths,
    valid_spanning_tree,
    About(
        family="graphs",
        source="Jarník 1930, Prim 1957",
        complexity=Complexity.NC,
        reference="minimum spanning trees in polylogarithmic time: Savage and JáJá 1981",
        steps="1 + the number of nodes within reach of the source",
    ),
    (UNDIRECTED,),
)
