"""The cheapest order of multiplying a chain of matrices, in passes over the whole table."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    direct,
    edge,
    first_leg,
    follow,
    graph,
    me,
    min_of,
    node,
    receiver,
    sender,
    size,
    where,
)
from ..samplers.arrays import sample_chain
from ..sorting.order import in_given_order, start
from ..task import About, Complexity, Task
from .tables import back, front, known, pos, pred, span, splits

LONGEST = 2**18
LARGEST = 2.0**10

p = node.scalar("p", low=0, high=LARGEST)
m = edge.scalar("m", low=0, high=LONGEST * LARGEST**3)
split = edge.pointer("s_h")
passes = graph.scalar("passes", low=1, high=LONGEST, whole=True, internal=True)

# Matrix k has p[k - 1] rows and p[k] columns; there is no matrix 0.
rows = sender(follow(pred, p))
product = first_leg(rows * receiver(p)) * direct(receiver(p))
cost = (front(m) + back(m) + product).named("cost")
possible = (splits & front(known) & back(known)).named("possible")
lowest = min_of(cost, possible).named("lowest")
better = (any_of(possible) & (~known | (lowest < m))).named("better")

# Pass t can only change ranges of more than t matrices: what shorter ones are made of is settled.
unsettled = (span >= passes).named("unsettled")
improves = where(unsettled, better, False).named("improves")

program = Program(
    "matrix_chain_order",
    inputs=(pos, p),
    init={
        pred: in_given_order,
        m: 0,
        split: start,
        known: (span == 0) & (sender(me) != start),
        passes: 1,
    },
    step={
        m: where(improves, lowest, m),
        split: where(improves, argmin(cost, possible, free=True).named("cut"), split),
        known: known | improves,
        passes: passes + 1,
    },
    halt=~anywhere(any_of(improves)),
    outputs={"s": split},
    limit=size + 1,
    text="""For every range of a chain of matrices the least number of scalar multiplications m that its
        product takes, and the matrix s after which to split it (Godbole 1973; Cormen et al.). Matrix k has
        p[k - 1] rows and p[k] columns. Every pass looks at all splits into ranges that are known (msk),
        with the costs of the pass before, until a pass improves nothing.""",
)

task = Task(
    program,
    sample_chain,
    None,
    About(
        family="dynamic programming",
        source="Godbole 1973",
        complexity=Complexity.NC,
        reference="Valiant, Skyum, Berkowitz and Rackoff 1983; Rytter 1988: polylogarithmic time",
        steps="one for each pass that changes the table, plus 1; n at most",
    ),
)
