"""The binary search tree of the least expected cost, all ranges of one length in every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.program import Program
from ...lang.vocabulary import (
    argmin,
    at_pair,
    direct,
    edge,
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
from ..samplers.arrays import sample_search_tree
from ..sorting.order import in_given_order, start
from ..task import About, Complexity, Requirement, Task
from .tables import back, front, known, pos, pred, span, splits

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch

LONGEST = 2**18
LARGEST = 2.0**10
SUM = 2 * LONGEST * LARGEST

p = node.scalar("p", low=0, high=LARGEST)
q = node.scalar("q", low=0, high=LARGEST)
root = edge.pointer("root_h")
e = edge.scalar("e", low=0, high=LONGEST * SUM)
w = edge.scalar("w", low=0, high=SUM)
length = graph.scalar("length", low=1, high=LONGEST, whole=True, internal=True)

is_current = (span == length).named("is_current")
shorter = at_pair(w, sender(me), receiver(pred))
weight = (shorter + receiver(follow(pred, p)) + receiver(q)).named("weight")
cost = (front(e) + back(e) + direct(weight)).named("cost")

program = Program(
    "optimal_bst",
    inputs=(pos, p, q),
    init={
        pred: in_given_order,
        root: start,
        e: where(span == 0, sender(q), 0),
        w: where(span == 0, sender(q), 0),
        known: span == 0,
        length: 1,
    },
    step={
        root: where(is_current, argmin(cost, splits, free=True).named("best_root"), root),
        e: where(is_current, min_of(cost, splits).named("lowest"), e),
        w: where(is_current, weight, w),
        known: known | is_current,
        length: length + 1,
    },
    halt=length == size,
    outputs={"root": root},
    limit=size,
    text="""Binary search trees over n - 1 keys of the least expected cost (Knuth 1971; Cormen et al.). Key k
        is looked for with chance p[k], the gap before it with chance q[k] (the last node is a gap only).
        At the pair (i, j), e is the cost of the best tree of the keys from i to j - 1, root its root and w
        the sum of its chances. Every step makes all ranges longer by one key.""",
)


def ends_in_a_gap(batch: Batch) -> Tensor:
    """[B], whether the last node, which is no key, has the chance 0 of one."""
    return batch.values["p"].gather(1, batch.sizes[:, None] - 1)[:, 0] == 0


task = Task(
    program,
    sample_search_tree,
    None,
    About(
        family="dynamic programming",
        source="Knuth 1971; Aho, Hopcroft and Ullman 1974",
        complexity=Complexity.NC,
        reference="Rytter 1988: O(log^2 n) time",
        steps="n, one key more in every step",
    ),
    (
        Requirement(
            ends_in_a_gap,
            "a chance p of the last node that is not 0",
            "chances p of n - 1 keys, then a 0; and chances q of n gaps",
            "put a 0 behind the chances of the keys",
        ),
    ),
)
