"""Quicksort, one comparison in every step, with a stack of the parts that wait."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import follow, graph, me, node, size, where
from ..samplers.arrays import sample_keys
from ..task import About, Complexity, Task
from .order import put, start
from .partition import (
    after_gap,
    before,
    closing,
    exchange,
    first_state,
    gap,
    high,
    key,
    low,
    only_one,
    pos,
    preceding,
    turn,
)

# The stack is the list top, below(top), …: each is the first slot of a part that waits, and
# until(slot) its last one. The first slot of all never waits: it is the bottom of the stack.
top = graph.pointer("top", internal=True)
below = node.pointer("below", internal=True)
until = node.pointer("until", internal=True)
sorted_all = graph.mask("sorted_all", internal=True)

before_gap = follow(gap, preceding).named("before_gap")
left_open = (low < before_gap).named("left_open")  # two elements or more to be sorted
right_open = (after_gap < high).named("right_open")
pushing = (closing & left_open & right_open).named("pushing")
popping = (closing & ~left_open & ~right_open).named("popping")

next_low = where(left_open, low, where(right_open, after_gap, top)).named("next_low")
next_high = where(left_open, before_gap, where(right_open, high, follow(top, until))).named("next_high")

program = Program(
    "quicksort",
    inputs=(pos, key),
    init={**first_state, top: start, below: me, until: me, sorted_all: only_one},
    step={
        **exchange,
        **turn(next_low, next_high),
        top: where(pushing, after_gap, where(popping, follow(top, below), top)),
        below: where(pushing, put(after_gap, top, below), below),
        until: where(pushing, put(after_gap, high, until), until),
        sorted_all: popping & (top == start),
    },
    halt=sorted_all,
    outputs={"pred": before},
    limit=size * size,
    text="""Quicksort (Hoare 1962; Lomuto's partition, as in Cormen et al.). A part of the array, from p to
        r, is partitioned by the key of its last element: every step compares one element with it (j),
        and moves it to the front if it is not greater (i is the first that is). Then the left side is
        sorted, then the right one; sides of one element are sorted. The first frame is that after the
        first comparison. pred_h is the order of the array, and all marks are at elements.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="sorting",
        source="Hoare 1962; Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Ajtai, Komlós and Szemerédi 1983: sorting networks of logarithmic depth",
        steps="sum of the sizes of the parts of two elements or more; at most n (n + 1) / 2 - 1",
    ),
)
