"""Strongly connected components of a directed graph, by two depth-first searches."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    argmax,
    edge,
    first,
    follow,
    graph,
    me,
    node,
    otherwise,
    reverse,
    rules,
    size,
    when,
    where,
)
from ..answers.partitions import valid_strong_components
from ..samplers.graphs import sample_communities
from ..task import About, Complexity, Task
from .depth_first import (
    below,
    color,
    current,
    discover_in_time,
    done_at,
    finish_in_time,
    found_at,
    here,
    is_first,
    is_here,
    plant,
    push,
    root,
    seen,
    time,
    top,
    tree_done,
    white,
    white_neighbours,
)

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A")
adj = edge.mask("adj")

component = node.pointer("scc_id_h")
against = edge.mask("A_t")
second = graph.mask("phase")

out_of = white_neighbours(where(second, against, adj))
next_child = follow(here, first(out_of)).named("next_child")
is_child = (me == next_child).named("is_child")

discovering = follow(top, white | (found_at == 0)).named("discovering")
first_tree_done = (tree_done & ~second).named("first_tree_done")
more = anywhere(white).named("more")
latest = argmax(done_at, white | ~second).named("latest")  # the second search begins with all
pushing = follow(here, any_of(out_of)).named("pushing")
joining = (second & ~tree_done & is_here).named("joining")

program = Program(
    "strongly_connected_components",
    inputs=(pos, A, adj),
    init={
        component: me,
        against: reverse(adj),
        color: "white",
        found_at: 0,
        done_at: 0,
        below: me,
        root: is_first,
        current: is_first,
        seen: is_first,
        top: is_first,
        time: 0,
        second: False,
    },
    step={
        component: where(joining, follow(root, me), component),
        **rules(
            when(discovering, discover_in_time),
            when(first_tree_done & more, plant(first(white))),
            when(first_tree_done, {**plant(latest), color: "white", second: True}),
            when(tree_done, plant(latest)),
            when(pushing, push(is_child)),
            otherwise(finish_in_time),
        ),
    },
    halt=tree_done & second & ~more,
    outputs={"scc_id": component},
    limit=6 * size,
    text="""Strongly connected components (Kosaraju 1978, Sharir 1981; Cormen et al.). A first depth-first
        search notes when each node is done. A second one goes against the edges and begins each tree at
        the white node that was done last; a tree is a component, and its root names it. Only roots are
        discovered in the second search: the other nodes keep the discovery time of the first.""",
)

task = Task(
    program,
    sample_communities,
    valid_strong_components,
    About(
        family="graphs",
        source="Kosaraju 1978, Sharir 1981",
        complexity=Complexity.NC,
        reference="from the transitive closure: Cook 1985. The names of the components depend on a "
        "depth-first search; whether they can be found in NC is not known to us.",
        steps="5 n + number of components",
    ),
)
