"""Partitions of an array, one comparison in every step: what quicksort and quickselect have in common.

A partition of the slots from ``low`` to ``high`` moves the elements whose keys are not greater than
that of the last one, the pivot, to the front (Lomuto's way, in Cormen et al.). The pivot itself comes
last, so that in the step that closes the partition it changes places with the first greater element.
"""

from __future__ import annotations

from ...lang.expression import Expression, Operand, Variable
from ...lang.vocabulary import follow, graph, me, node, where
from ..bounds import LARGEST_KEY
from .order import end, exchanged, in_given_order, put, start, to_the_next

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
part_begin = node.mask_one("p")
part_end = node.mask_one("r")
first_greater = node.mask_one("i")
compared = node.mask_one("j")

held = node.pointer("held", internal=True)  # the element in each slot
preceding = node.pointer("preceding", internal=True)  # of each slot; never changes
following = node.pointer("following", internal=True)
low = graph.pointer("low", internal=True)
high = graph.pointer("high", internal=True)
gap = graph.pointer("gap", internal=True)  # the first slot with a greater key, or that to look at
scan = graph.pointer("scan", internal=True)  # the slot to look at

pivot = follow(high, held).named("pivot")
looked_at = follow(scan, held).named("looked_at")
fits = (follow(looked_at, key) <= follow(pivot, key)).named("fits")
closing = (scan == high).named("closing")

# An element that fits changes places with the one in the gap; else that one does with itself.
after_gap = follow(gap, following).named("after_gap")
after_scan = follow(scan, following).named("after_scan")
near = follow(gap, held).named("near")
far = where(fits, looked_at, near).named("far")
beyond_gap = follow(after_gap, held).named("beyond_gap")
beyond_far = where(fits, follow(after_scan, held), beyond_gap).named("beyond_far")
far_slot = where(fits, scan, gap).named("far_slot")
new_gap = where(fits & ~closing, after_gap, gap).named("new_gap")
in_new_gap = where(fits & (after_gap != scan), beyond_gap, near).named("in_new_gap")

second = follow(start, to_the_next).named("second")
first_fits = follow(start, key) <= follow(end, key)
first_gap = where(first_fits, second, start).named("first_gap")

first_state: dict[Variable, Operand] = {
    before: in_given_order,
    held: me,
    part_begin: me == start,
    part_end: me == end,
    first_greater: me == first_gap,
    compared: me == start,
    preceding: in_given_order,
    following: to_the_next,
    low: start,
    high: end,
    gap: first_gap,
    scan: second,
}
"""The state after the first step, which compares the first element with the last one."""

only_one = start == end
"""Whether that was the whole run, because there is but one element."""

exchange: dict[Variable, Expression] = {
    before: exchanged(before, near, far, (beyond_gap, beyond_far)),
    held: put(gap, far, put(far_slot, near, held)),
    part_begin: where(gap == low, me == far, part_begin),
    part_end: me == where(closing, near, pivot),
    first_greater: me == where(closing, pivot, in_new_gap),
    compared: me == where(fits, near, looked_at),
}
"""What every step does to the array, and the elements that the hints show."""


def turn(next_low: Expression, next_high: Expression) -> dict[Variable, Expression]:
    """Where the next step works: in this partition, or where it is closed in another one."""
    return {
        low: where(closing, next_low, low),
        high: where(closing, next_high, high),
        gap: where(closing, next_low, new_gap),
        scan: where(closing, next_low, after_scan),
    }
