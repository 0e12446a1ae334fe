"""The stretch of numbers with the greatest sum, one number in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import follow, graph, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_signed_keys
from ..sorting.order import in_given_order, start, to_the_next
from ..task import About, Complexity, Task

LARGEST = LARGEST_KEY * 2**12

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
best_low = node.mask_one("best_low")
best_high = node.mask_one("best_high")
best_sum = graph.scalar("best_sum", low=-LARGEST, high=LARGEST)
begin = node.mask_one("i")  # where the stretch begins that ends at the number seen last
seen = node.mask_one("j")
current_sum = graph.scalar("sum", low=-LARGEST, high=LARGEST)
following = node.pointer("following", internal=True)

coming = follow(seen, following).named("coming")
number = follow(coming, key).named("number")
longer_sum = (current_sum + number).named("longer_sum")
going_on = (longer_sum >= number).named("going_on")
new_begin = where(going_on, follow(begin, me), coming).named("new_begin")
new_sum = where(going_on, longer_sum, number).named("new_sum")
better = (new_sum > best_sum).named("better")

program = Program(
    "find_maximum_subarray_kadane",
    inputs=(pos, key),
    init={
        before: in_given_order,
        best_low: me == start,
        best_high: me == start,
        best_sum: follow(start, key),
        begin: me == start,
        seen: me == start,
        current_sum: follow(start, key),
        following: to_the_next,
    },
    step={
        best_low: where(better, me == new_begin, best_low),
        best_high: where(better, me == coming, best_high),
        best_sum: where(better, new_sum, best_sum),
        begin: me == new_begin,
        seen: me == coming,
        current_sum: new_sum,
    },
    halt=coming == follow(seen, me),
    outputs={"start": best_low, "end": best_high},
    limit=size,
    text="""Kadane's algorithm (Bentley 1984) for the stretch of numbers, not empty, with the greatest sum.
        The best stretch that ends at a number is that number alone, or with the best one that ends
        before it. Of stretches that are equally good, the one that ends first is the answer.""",
)

task = Task(
    program,
    sample_signed_keys,
    about=About(
        family="dynamic programming",
        source="Kadane; Bentley 1984",
        complexity=Complexity.NC,
        reference="Perumalla and Deo 1995: by parallel sums of prefixes in logarithmic time",
        steps="n",
    ),
)
