"""Topological order of a directed acyclic graph, by the finishing order of depth-first search."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    edge,
    first,
    follow,
    me,
    node,
    otherwise,
    rules,
    size,
    when,
    where,
)
from ..answers.orders import valid_topological_order
from ..requirements import ACYCLIC
from ..samplers.graphs import sample_dag
from ..task import About, Complexity, Task
from .depth_first import (
    Event,
    below,
    color,
    current,
    discover,
    finish,
    here,
    is_first,
    is_here,
    plant,
    push,
    root,
    seen,
    top,
    tree_done,
    white,
    white_neighbours,
)

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A")
adj = edge.mask("adj")

# The order is a list of the nodes that are done: head, after(head), …; its last node is after itself.
after = node.pointer("topo_h")
head = node.mask_one("topo_head_h")

out_of = white_neighbours(adj)
next_child = follow(here, first(out_of)).named("next_child")
is_child = (me == next_child).named("is_child")
next_root = first(white).named("next_root")

discovering = follow(top, white).named("discovering")
pushing = follow(here, any_of(out_of)).named("pushing")

# Until a node is done, the list is empty, and head is a node that is not done.
listed = follow(head, color == "black").named("listed")
finish_in_order: Event = {**finish, after: where(is_here & listed, follow(head, me), after), head: is_here}

program = Program(
    "topological_sort",
    inputs=(pos, A, adj),
    init={
        after: me,
        head: is_first,
        color: "white",
        below: me,
        root: is_first,
        current: is_first,
        seen: is_first,
        top: is_first,
    },
    step=rules(
        when(discovering, discover),
        when(tree_done, plant(next_root)),
        when(pushing, push(is_child)),
        otherwise(finish_in_order),
    ),
    halt=tree_done & ~anywhere(white),
    outputs={"topo": after, "topo_head": head},
    limit=3 * size,
    text="""Topological order (Tarjan 1976; Cormen et al.). A depth-first search puts each node that is done
        in front of a list. All nodes that it leads to are done by then, so they come later in the list.""",
)

task = Task(
    program,
    sample_dag,
    valid_topological_order,
    About(
        family="graphs",
        source="Tarjan 1976",
        complexity=Complexity.NC,
        reference="from the transitive closure: Cook 1985; in acyclic graphs even the depth-first search "
        "that takes neighbours in their given order: de la Torre and Kruskal 1995",
        steps="2 n + number of trees",
    ),
    requires=(ACYCLIC,),
)
