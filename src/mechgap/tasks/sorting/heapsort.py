"""Heapsort, one place of the heap mended in every step."""

from __future__ import annotations

from ...lang.expression import Expression
from ...lang.program import Program
from ...lang.vocabulary import (
    first,
    follow,
    graph,
    index,
    last,
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
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_keys
from ..task import About, Complexity, Task
from .order import end, exchanged, in_given_order, put, start, to_the_next

PHASES = ("build", "extract", "mend")

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
parent = node.pointer("parent")
treated = node.mask_one("i")
mended = node.mask_one("j")
largest = node.mask_one("largest")
heap_end = node.mask_one("heap_size")
phase = graph.categorical("phase", PHASES)

# Slots of the array, which never change: neighbours, and in the tree children (or itself).
preceding = node.pointer("preceding", internal=True)
following = node.pointer("following", internal=True)
left_child = node.pointer("left_child", internal=True)
right_child = node.pointer("right_child", internal=True)

held = node.pointer("held", internal=True)  # the element in each slot
to_do = graph.categorical("to_do", PHASES, internal=True)
place = graph.pointer("place", internal=True)  # the slot to be mended; the root while extracting
outer = graph.pointer("outer", internal=True)  # the slot where mending began, or that is extracted
bottom = graph.pointer("bottom", internal=True)  # the last slot of the heap
sorted_all = graph.mask("sorted_all", internal=True)

extracting = (to_do == "extract").named("extracting")
new_bottom = where(extracting, follow(bottom, preceding), bottom).named("new_bottom")
near = follow(place, held).named("near")
extracted = follow(outer, held).named("extracted")

# Which child, if any, has a greater key than its parent in the place to be mended.
left = follow(place, left_child).named("left")
right = follow(place, right_child).named("right")
in_left, in_right = follow(left, held).named("in_left"), follow(right, held).named("in_right")
has_left = (left <= new_bottom).named("has_left")
has_right = (right <= new_bottom).named("has_right")
near_key, left_key = follow(near, key).named("near_key"), follow(in_left, key).named("left_key")
right_key = follow(in_right, key).named("right_key")
left_wins = (has_left & (left_key > near_key)).named("left_wins")
right_wins = (has_right & (right_key > where(left_wins, left_key, near_key))).named("right_wins")
winner = where(right_wins, in_right, where(left_wins, in_left, near)).named("winner")
greatest = where(right_wins, right, where(left_wins, left, place)).named("greatest")

# That child comes up; in an extraction the last element of the heap changes places with the root.
far = where(extracting, extracted, winner).named("far")
other = where(extracting, outer, greatest).named("other")
moving = (other != place).named("moving")


def at_slot(slot: Expression) -> Expression:
    """The element in a slot after the step."""
    return where(slot == place, far, where(slot == other, near, follow(slot, held)))


def adopt(children: tuple[Expression, Expression], new: Expression, old: Expression) -> Expression:
    """The tree where the elements in two slots, as far as they are in the heap, have a new parent."""
    for slot in children:
        child = where(slot <= new_bottom, follow(slot, held), far)
        old = put(child, new, old)
    return old


# The order of these matters: a slot without children is its own child.
adopted = adopt((follow(other, left_child), follow(other, right_child)), near, parent)
siblings = put(where(has_left, in_left, far), far, put(where(has_right, in_right, far), far, adopted))
sunk = put(near, where(extracting, near, far), siblings)
above = follow(near, parent).named("above")
after = (follow(follow(place, following), held), follow(follow(other, following), held))

earlier = follow(outer, preceding).named("earlier")
own_index = index(receiver(me))

program = Program(
    "heapsort",
    inputs=(pos, key),
    init={
        before: in_given_order,
        parent: last(2 * index(sender(me)) + 1 <= own_index),
        treated: me == end,
        mended: me == end,
        largest: me == end,
        heap_end: me == end,
        phase: "build",
        preceding: in_given_order,
        following: to_the_next,
        left_child: first(index(sender(me)) == 2 * own_index + 1),
        right_child: first(index(sender(me)) == 2 * own_index + 2),
        held: me,
        to_do: "build",
        place: end,
        outer: end,
        bottom: end,
        sorted_all: False,
    },
    step={
        before: exchanged(before, near, far, after),
        parent: put(far, where(above == near, far, above), sunk),
        treated: me == where(extracting | (outer == place), far, extracted),
        mended: me == where(extracting, near, far),
        largest: me == where(extracting, start, near),
        heap_end: me == at_slot(new_bottom),
        phase: to_do,
        held: put(place, far, put(other, near, held)),
        bottom: new_bottom,
        **rules(
            when(extracting, {to_do: "mend"}),
            when(moving, {place: greatest}),
            when((to_do == "build") & (outer != start), {place: earlier, outer: earlier}),
            when(bottom != start, {to_do: "extract", place: start, outer: bottom}),
            otherwise({sorted_all: True}),
        ),
    },
    halt=sorted_all,
    outputs={"pred": before},
    limit=size * size + 3 * size,
    text="""Heapsort (Williams 1964; Cormen et al.). The array is a tree: the children of slot k are the
        slots 2 k + 1 and 2 k + 2. build: from the last slot to the first, an element sinks by one level
        in every step while a child is greater. extract: the greatest element, at the root, changes
        places with the last of the heap, which shrinks; mend: the new root sinks. pred_h is the order of
        the array; parent the tree, where elements outside of the heap point to themselves. i is the
        element in the slot where sinking began, j the one in the slot that was mended and largest the
        one that sank (the first node in extract), heap_size the last one of the heap.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="sorting",
        source="Williams 1964; Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Ajtai, Komlós and Szemerédi 1983: sorting networks of logarithmic depth",
        steps="3 n - 1 + number of exchanges while sinking, at most about n log2 n",
    ),
)
