"""Bridges of an undirected graph: the edges without which a part of it falls apart."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    anywhere,
    edge,
    first,
    me,
    node,
    otherwise,
    receiver,
    rules,
    sender,
    size,
    when,
    where,
)
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_undirected
from ..task import About, Complexity, Task
from .depth_first import (
    below,
    color,
    current,
    done_at,
    found_at,
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
    finishing,
    found_here,
    look,
    low,
    parent,
    pushing,
    scanning,
)

pos = node.scalar("pos", low=0, high=1)

is_bridge = edge.mask("is_bridge_h", defined=adj)

cut_off = (children & (low > found_here)).named("cut_off")
outward = sender(is_here) & receiver(cut_off)
inward = sender(cut_off) & receiver(is_here)
bridging = (outward | inward).named("bridging")

program = Program(
    "bridges",
    inputs=(pos, A, adj),
    init={
        is_bridge: False,
        parent: me,
        color: "white",
        found_at: 0,
        done_at: 0,
        low: 0,
        below: me,
        root: is_first,
        current: is_first,
        seen: is_first,
        top: is_first,
        time: 0,
        cursor: 0,
    },
    step={
        is_bridge: where(finishing, where(bridging, True, is_bridge), is_bridge),
        **rules(
            when(discovering, discover),
            when(tree_done, plant(first(white))),
            when(pushing, descend),
            when(scanning, look),
            otherwise(finish),
        ),
    },
    halt=tree_done & ~anywhere(white),
    outputs={"is_bridge": is_bridge},
    limit=2 * size * size + 3 * size,
    text="""Bridges (Tarjan 1974), by low points as Hopcroft and Tarjan (1973) find them. A depth-first
        search finds how far up the edges of each subtree lead. The edge from a node to its child is a
        bridge if no other edge of the child's subtree leads to the node or above it.""",
)

task = Task(
    program,
    sample_undirected,
    None,
    About(
        family="graphs",
        source="Tarjan 1974",
        complexity=Complexity.NC,
        reference="biconnected components, and so bridges, in logarithmic time: Tarjan and Vishkin 1985",
        steps="3 n + number of looks at neighbours that are not white; at most 2 n^2 + 3 n",
    ),
    requires=(UNDIRECTED,),
)
