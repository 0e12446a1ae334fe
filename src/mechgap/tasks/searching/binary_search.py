"""Binary search in sorted keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.program import Program
from ...lang.vocabulary import follow, graph, index, last, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_search
from ..sorting.order import end, in_given_order, start, to_the_next
from ..task import About, Complexity, Requirement, Task

if TYPE_CHECKING:
    from torch import Tensor

    from ...lang.expression import Expression
    from ...semantics.batch import Batch

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)
target = graph.scalar("target", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
low = node.mask_one("low")
high = node.mask_one("high")
mid = node.mask_one("mid")
following = node.pointer("following", internal=True)


def half_way(one: Expression, other: Expression) -> Expression:
    """The node in the middle of two nodes, the left one of two middles."""
    return last(index(me) + index(me) <= index(one) + index(other))


bottom, middle, top = follow(low, me), follow(mid, me), follow(high, me)
not_after = (target <= follow(mid, key)).named("not_after")
new_top = where(not_after, middle, top).named("new_top")
new_bottom = where(not_after, bottom, follow(mid, following)).named("new_bottom")

program = Program(
    "binary_search",
    inputs=(pos, key, target),
    init={
        before: in_given_order,
        low: me == start,
        high: me == end,
        mid: me == half_way(start, end),
        following: to_the_next,
    },
    step={
        low: me == new_bottom,
        high: me == new_top,
        mid: me == half_way(new_bottom, new_top),
    },
    halt=bottom == top,
    outputs={"return": high},
    limit=size + 1,
    text="""Binary search (Mauchly 1946; Cormen et al.) for the first key that is not less than the target.
        Every step compares the target with the key in the middle and keeps one half. If all keys are
        less, the last node is the answer.""",
)


def _ascending(batch: Batch) -> Tensor:
    """[B] bool, whether no key is less than the one before it."""
    keys = batch.values["key"]
    return ((keys[:, 1:] >= keys[:, :-1]) | ~batch.nodes[:, 1:]).all(1)


task = Task(
    program,
    sample_search,
    about=About(
        family="searching",
        source="Mauchly 1946; Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Snir 1985: with p processors in log(n + 1) / log(p + 1) rounds, which is optimal",
        steps="1 + ⌈log2 n⌉, or one less",
    ),
    requires=(
        Requirement(
            _ascending,
            "keys that are not sorted",
            "keys in ascending order; equal keys may follow each other",
            "sort the keys first",
        ),
    ),
)
