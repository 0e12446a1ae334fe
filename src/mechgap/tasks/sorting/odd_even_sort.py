"""Odd-even transposition sort: every second pair of neighbours at once."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, follow, graph, index, me, node, node_at, receiver, sender, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_keys
from ..task import About, Complexity, Task
from .order import in_given_order

MOST = 2**12

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
held = node.pointer("held", internal=True)  # at every slot, the element in it
place = node.pointer("place", internal=True)  # at every element, the slot that it is in
is_left = node.mask("is_left", internal=True)  # at every slot, whether it is the left one of a pair
done = graph.scalar("done", low=0, high=MOST, whole=True, internal=True)

even = any_of(sender(index(me) + index(me)) == receiver(index(me)))
beside = where(is_left, index(me) + 1, index(me) - 1)
partner = where((beside >= 0) & (beside < size), node_at(beside), me).named("partner")
mine = follow(held, key).named("mine")
theirs = follow(partner, mine).named("theirs")
moves = where(is_left, theirs < mine, mine < theirs).named("moves")

new_held = where(moves, follow(partner, held), held).named("new_held")
new_place = where(follow(place, moves), follow(place, partner), place).named("new_place")
ahead = follow(node_at(index(new_place) - 1), new_held).named("ahead")

program = Program(
    "odd_even_sort",
    inputs=(pos, key),
    init={before: in_given_order, held: me, place: me, is_left: even, done: 0},
    step={
        before: where(index(new_place) == 0, me, ahead),
        held: new_held,
        place: new_place,
        is_left: ~is_left,
        done: done + 1,
    },
    halt=done == size,
    outputs={"pred": before},
    limit=size + 1,
    text="""Odd-even transposition sort (Habermann 1972). In every step each pair of neighbouring slots is
        compared and put in order, pairs that start at an even slot and pairs that start at an odd one
        in turn; after n steps all is in order, and equal keys keep theirs. pred_h is the order. Its
        sequential rivals are bubble_sort_light and insertion_sort_light.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="sorting",
        source="Habermann 1972",
        complexity=Complexity.NC,
        reference="Ajtai, Komlós and Szemerédi 1983: sorting networks of logarithmic depth",
        steps="n + 1",
    ),
)
