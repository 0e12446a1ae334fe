"""Articulation points of an undirected graph: the nodes without which a part of it falls apart."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import anywhere, first, follow, me, node, otherwise, rules, size, when, where
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_undirected
from ..task import About, Complexity, Task
from .depth_first import (
    COUNTS,
    below,
    color,
    current,
    done_at,
    found_at,
    here,
    is_first,
    is_here,
    plant,
    root,
    seen,
    time,
    top,
    tree_done,
    white,
)
from .low_points import (
    A,
    adj,
    children,
    cursor,
    descend,
    discover,
    discovering,
    finish,
    found_here,
    look,
    low,
    parent,
    pushing,
    scanning,
)

pos = node.scalar("pos", low=0, high=1)

is_cut = node.mask("is_cut_h")
child_count = node.scalar("child_cnt", low=0, high=COUNTS, whole=True, unit=0.01)

# A root joins the subtrees of its children; any other node joins those that lead no higher.
joins = where(follow(here, root), follow(here, child_count > 1), anywhere(children & (low >= found_here)))

program = Program(
    "articulation_points",
    inputs=(pos, A, adj),
    init={
        is_cut: False,
        parent: me,
        color: "white",
        found_at: 0,
        done_at: 0,
        low: 0,
        child_count: 0,
        below: me,
        root: is_first,
        current: is_first,
        seen: is_first,
        top: is_first,
        time: 0,
        cursor: 0,
    },
    step=rules(
        when(discovering, discover),
        when(tree_done, plant(first(white))),
        when(pushing, {**descend, child_count: where(is_here, child_count + 1, child_count)}),
        when(scanning, look),
        otherwise({**finish, is_cut: where(is_here, joins.named("joins"), is_cut)}),
    ),
    halt=tree_done & ~anywhere(white),
    outputs={"is_cut": is_cut},
    limit=2 * size * size + 3 * size,
    text="""Articulation points (Hopcroft and Tarjan 1973). A depth-first search finds how far up the edges
        of each subtree lead. A node is one if no edge of the subtree of one of its children leads above
        it; a root is one if it has several children.""",
)

task = Task(
    program,
    sample_undirected,
    None,
    About(
        family="graphs",
        source="Hopcroft and Tarjan 1973",
        complexity=Complexity.NC,
        reference="biconnected components in logarithmic time: Tarjan and Vishkin 1985",
        steps="3 n + number of looks at neighbours that are not white; at most 2 n^2 + 3 n",
    ),
    requires=(UNDIRECTED,),
)
