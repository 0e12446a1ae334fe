"""Single-source shortest paths in a directed acyclic graph, by relaxing nodes in topological order."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    at_pair,
    edge,
    follow,
    graph,
    me,
    node,
    otherwise,
    rules,
    size,
    when,
    where,
)
from ..requirements import ACYCLIC
from ..samplers.graphs import sample_weighted_dag
from ..task import About, Complexity, Task
from ..validity import valid_shortest_paths
from .depth_first import below, color, current, discover, is_first, push, seen, top, tree_done
from .topological_sort import adj, after, discovering, finish_in_order, head, is_child, pos, pushing

FARTHEST = 2**18

s = node.mask_one("s")
A = edge.scalar("A", low=-64, high=64)

parent = node.pointer("pi_h")
distance = node.scalar("d", low=-FARTHEST, high=FARTHEST)
reached = node.mask("mark")
relaxing = graph.mask("phase")

through = (follow(head, distance) + at_pair(A, head, me)).named("through")
better = (at_pair(adj, head, me) & (~reached | (through < distance))).named("better")
next_head = follow(head, after).named("next_head")

program = Program(
    "dag_shortest_paths",
    inputs=(pos, s, A, adj),
    init={
        parent: me,
        distance: 0,
        reached: False,
        after: me,
        head: is_first,
        color: "white",
        below: me,
        current: s,
        seen: s,
        top: s,
        relaxing: False,
    },
    step=rules(
        when(
            relaxing,
            {
                parent: where(better, follow(head, me), parent),
                distance: where(better, through, distance),
                reached: reached | better,
                head: me == next_head,
            },
        ),
        when(discovering, discover),
        when(tree_done, {relaxing: True, reached: s}),
        when(pushing, push(is_child)),
        otherwise(finish_in_order),
    ),
    halt=relaxing & follow(head, after == me),
    outputs={"pi": parent},
    limit=3 * size + 1,
    text="""Shortest paths in an acyclic graph (Lawler 1976; Cormen et al.); weights may be negative. A
        depth-first search from the source puts the nodes that it reaches into topological order. Then each
        of them, in this order, offers its distance plus the edge between to its neighbours.""",
)

task = Task(
    program,
    sample_weighted_dag,
    valid_shortest_paths,
    About(
        family="graphs",
        source="Lawler 1976",
        complexity=Complexity.NC,
        reference="shortest paths by squaring matrices over (min, +): Dekel, Nassimi and Sahni 1981",
        steps="3 r + 1, where the source reaches r nodes (itself among them)",
    ),
    requires=(ACYCLIC,),
)
