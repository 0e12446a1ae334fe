"""Depth-first search of a directed graph, one event in every step."""

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
from ..samplers.graphs import sample_directed
from ..task import About, Complexity, Task
from ..validity import valid_dfs
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

parent = node.pointer("pi_h")

out_of = white_neighbours(adj)
child = first(out_of).named("child")
next_child = follow(here, child).named("next_child")
is_child = (me == next_child).named("is_child")
next_root = first(white).named("next_root")

discovering = follow(top, found_at == 0).named("discovering")
pushing = (~discovering & ~tree_done & follow(here, any_of(out_of))).named("pushing")

program = Program(
    "dfs",
    inputs=(pos, A, adj),
    init={
        parent: me,
        color: "white",
        found_at: 0,
        done_at: 0,
        below: me,
        root: is_first,
        current: is_first,
        seen: is_first,
        top: is_first,
        time: 0,
    },
    step=rules(
        when(discovering, discover_in_time),
        when(tree_done, plant(next_root)),
        when(pushing, {**push(is_child), parent: where(is_child, here, parent)}),
        otherwise(finish_in_time),
    ),
    halt=tree_done & ~anywhere(white),
    outputs={"pi": parent},
    limit=3 * size,
    text="""Depth-first search (Tarjan 1972; Cormen et al.) with discovery and finishing times, an explicit
        stack, and a new tree at the first white node whenever a tree is done. Each node takes three
        frames: put on the stack, discovered, done. Neighbours are tried in the order of the nodes.""",
)

about = About(
    family="graphs",
    source="Tarjan 1972",
    complexity=Complexity.P_COMPLETE,
    reference="depth-first search that takes neighbours in their given order: Reif 1985",
    steps="3 n",
)

task = Task(program, sample_directed, valid_dfs, about)
