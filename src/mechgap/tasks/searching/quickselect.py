"""The median by partitions of the side that it is on, one comparison in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import follow, graph, index, last, me, node, size, where
from ..samplers.arrays import sample_keys
from ..sorting.order import end, start
from ..sorting.partition import (
    after_gap,
    closing,
    exchange,
    first_gap,
    first_greater,
    first_state,
    gap,
    high,
    key,
    low,
    new_gap,
    only_one,
    pivot,
    pos,
    preceding,
    turn,
)
from ..task import About, Complexity, Task

# Ranks are fractions of n, as positions are.
rank = graph.scalar("i_rank", low=-1, high=1)
wanted = graph.scalar("target", low=-1, high=1)
pivot_h = node.mask_one("pivot")
goal = graph.pointer("goal", internal=True)  # the slot of the median
found = graph.mask("found", internal=True)

middle = last(index(me) + index(me) <= size).named("middle")
on_the_left = (goal < gap).named("on_the_left")
next_low = where(on_the_left, low, after_gap).named("next_low")
next_high = where(on_the_left, follow(gap, preceding), high).named("next_high")

program = Program(
    "quickselect",
    inputs=(pos, key),
    init={
        **first_state,
        rank: follow(first_gap, pos),
        wanted: follow(middle, pos) - follow(start, pos),
        pivot_h: me == end,
        goal: middle,
        found: only_one,
    },
    step={
        **exchange,
        **turn(next_low, next_high),
        rank: follow(new_gap, pos) - where(closing, follow(low, pos), 0),
        wanted: follow(goal, pos) - follow(low, pos),
        pivot_h: me == pivot,
        found: closing & (goal == gap),
    },
    halt=found,
    outputs={"median": first_greater},
    limit=size * size,
    text="""Quickselect (Hoare 1961) of the element that comes at place ⌊n / 2⌋, counted from 0, in the sorted
        order. A part of the array, from p to r, is partitioned by the key of its last element, the
        pivot, one comparison (j) in every step; i is the first element that is greater. Then the side
        that holds the place is partitioned, until the pivot comes to that place. target is the place
        within the part, and i_rank that of i (within the part when the pivot has come to its place),
        both as fractions of n, read off pos. The first frame is that after the first comparison.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="searching",
        source="Hoare 1961",
        complexity=Complexity.NC,
        reference="Ajtai, Komlós and Szemerédi 1983: sorting networks of logarithmic depth",
        steps="sum of the sizes of the parts visited; at most n (n + 1) / 2",
    ),
)
