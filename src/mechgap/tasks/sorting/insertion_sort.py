"""Insertion sort on a list, one element in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import argmin, follow, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_keys
from ..task import About, Complexity, Task
from .order import in_given_order, put, start, to_the_next

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
displaced = node.mask_one("i")
inserted = node.mask_one("j")
following = node.pointer("following", internal=True)

new = follow(inserted, following).named("new")
greater = ((me < new) & (key > follow(new, key))).named("greater")
after = argmin(key, greater, default=new).named("after")  # equal keys stay in their order
stays = (after == new).named("stays")

ahead = follow(after, before).named("ahead")
last_sorted = follow(new, before).named("last_sorted")
before_new = where(stays, last_sorted, where(ahead == after, new, ahead)).named("before_new")
before_rest = where(stays, new, last_sorted).named("before_rest")
linked = put(after, new, put(follow(new, following), before_rest, before))

program = Program(
    "insertion_sort",
    inputs=(pos, key),
    init={
        before: in_given_order,
        displaced: me == start,
        inserted: me == start,
        following: to_the_next,
    },
    step={before: put(new, before_new, linked), displaced: me == after, inserted: me == new},
    halt=new == follow(inserted, me),
    outputs={"pred": before},
    limit=size,
    text="""Insertion sort (Cormen et al.) of a list. Elements are taken in the order of the nodes. Each is
        put before the first of the sorted elements that has a greater key (hint i), or stays where it
        is, so that equal keys keep their order. pred_h is the list: sorted elements, then the others.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="sorting",
        source="Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Ajtai, Komlós and Szemerédi 1983: sorting networks of logarithmic depth",
        steps="n",
    ),
)
