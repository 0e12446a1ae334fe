"""Bubble sort on a list, one comparison in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import follow, graph, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_keys
from ..task import About, Complexity, Task
from .order import end, in_given_order, put, start

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
settling = node.mask_one("i")  # the element in the place that this pass fills
compared = node.mask_one("j")  # the right one of the two elements that were compared
tail = graph.pointer("tail", internal=True)

# A pass runs from the tail to the place that it fills; the next one fills the place after that.
settled, last_right = follow(settling, me), follow(compared, me)
ahead_of_right = follow(compared, before)
starting = (ahead_of_right == settled).named("starting")
upper = where(starting, tail, ahead_of_right).named("upper")
lower = follow(upper, before).named("lower")
swapping = (follow(upper, key) < follow(lower, key)).named("swapping")

left = where(swapping, upper, lower).named("left")
right = where(swapping, lower, upper).named("right")
behind = where(starting, right, last_right).named("behind")
ahead = follow(lower, before).named("ahead")
before_left = where(ahead == lower, left, ahead).named("before_left")
goal = where(starting, last_right, settled).named("goal")

program = Program(
    "bubble_sort",
    inputs=(pos, key),
    init={before: in_given_order, settling: me == start, compared: me == start, tail: end},
    step={
        before: put(left, before_left, put(right, left, put(behind, right, before))),
        settling: me == where(lower == goal, left, goal),
        compared: me == right,
        tail: where(starting, right, tail),
    },
    halt=(last_right == tail) & starting,
    outputs={"pred": before},
    limit=size * size,
    text="""Bubble sort (Friend 1956; Cormen et al.) of a list. Each pass goes from the tail of the list
        towards its head, compares two neighbours in every step, and swaps them if the right one is
        smaller. So pass i brings the smallest of the rest to place i. pred_h is the list; j marks the
        right one of the two that were compared, i the element in the place that the pass fills.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="sorting",
        source="Friend 1956; Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Ajtai, Komlós and Szemerédi 1983: sorting networks of logarithmic depth",
        steps="1 + n (n - 1) / 2",
    ),
)
