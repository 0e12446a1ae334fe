"""Minimum spanning forest by parts: each takes its lightest edge to another, all at once."""

from __future__ import annotations

from ...lang.expression import Expression
from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    edge,
    first,
    follow,
    graph,
    index,
    maximum,
    me,
    min_of,
    minimum,
    node,
    otherwise,
    receiver,
    reverse,
    rules,
    sender,
    size,
    when,
    where,
)
from ..answers.spanning import valid_spanning_forest
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_weighted_undirected
from ..task import About, Complexity, Task

HEAVIEST = 64

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A", low=0, high=HEAVIEST)
adj = edge.mask("adj")

in_forest = edge.mask("in_mst_h")
part = node.pointer("pi")
merging = graph.mask("merging", internal=True)

leaving = (adj & (sender(part) != receiver(part))).named("leaving")
together = (sender(part) == receiver(part)).named("together")


def smallest_of_part(key: Expression, among: Expression) -> Expression:
    """At every node, the smallest key of the edges into its part (receivers) among those of a mask."""
    own = min_of(key, among)
    return min_of(sender(own), together & sender(any_of(among)))


# The lightest edge that leaves a part; of equal ones the first by their ends, so that no cycle is made.
low_end = minimum(sender(index(me)), receiver(index(me)))
high_end = maximum(sender(index(me)), receiver(index(me)))
light = (leaving & (receiver(smallest_of_part(A, leaving)) == A)).named("light")
lower = (light & (low_end == receiver(smallest_of_part(low_end, light)))).named("lower")
picked = (lower & (high_end == receiver(smallest_of_part(high_end, lower)))).named("picked")

# The part at the other end of the picked edge; of two parts that picked each other one stays.
gate = first(together & sender(any_of(picked))).named("gate")
goal = follow(gate, follow(first(picked), part)).named("goal")
mutual = (follow(goal, goal) == me).named("mutual")
hangs = ((part == me) & any_of(together & sender(any_of(picked))) & ~(mutual & (me < goal))).named("hangs")

root = follow(part, part).named("root")
flat = ~anywhere(root != part)

program = Program(
    "boruvka",
    inputs=(pos, A, adj),
    init={in_forest: False, part: me, merging: False},
    step=rules(
        when(
            ~merging,
            {
                in_forest: in_forest | picked | reverse(picked),
                part: where(hangs, goal, part),
                merging: True,
            },
        ),
        when(flat, {merging: False}),
        otherwise({part: root}),
    ),
    halt=~merging & ~anywhere(any_of(leaving)),
    outputs={"in_mst": in_forest},
    limit=size * size + 4,
    text="""Minimum spanning forest (Borůvka 1926). Every part, at first a node, picks its lightest edge to
        another part and hangs its root below the other's; then pointers jump until each names the root
        of its part, and the next round begins. Ties are broken by the ends of the edges, as in
        mst_kruskal, so that the forests are the same. Its sequential rival is mst_kruskal_light.""",
)

task = Task(
    program,
    sample_weighted_undirected,
    valid_spanning_forest,
    About(
        family="graphs",
        source="Borůvka 1926",
        complexity=Complexity.NC,
        reference="minimum spanning trees in polylogarithmic time: Savage and JáJá 1981",
        steps="at most log2(n) rounds of at most 3 + log2(n) frames",
    ),
    (UNDIRECTED,),
)
