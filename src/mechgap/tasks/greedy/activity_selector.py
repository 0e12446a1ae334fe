"""As many activities as possible that do not overlap, one considered in every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.program import Program
from ...lang.vocabulary import argmin, everywhere, follow, graph, me, min_of, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_activities
from ..sorting.order import in_given_order, put, start
from ..task import About, Complexity, Requirement, Task

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch

pos = node.scalar("pos", low=0, high=1)
begins = node.scalar("s", low=-LARGEST_KEY, high=LARGEST_KEY)
ends = node.scalar("f", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
selected = node.mask("selected_h")
considered = node.mask_one("m")
latest = node.mask_one("k")
done = node.mask("done", internal=True)
free_at = graph.scalar(
    "free_at", low=-LARGEST_KEY, high=LARGEST_KEY, internal=True
)  # when the activity that was selected last ends

coming = argmin(ends, ~done, free=True).named("coming")
fits = (follow(coming, begins) >= free_at).named("fits")

program = Program(
    "activity_selector",
    inputs=(pos, begins, ends),
    init={
        before: in_given_order,
        selected: False,
        considered: me == start,
        latest: me == start,
        done: False,
        free_at: min_of(begins, me == me),
    },
    step={
        selected: put(coming, fits, selected),
        considered: me == coming,
        latest: where(fits, me == coming, latest),
        done: put(coming, True, done),
        free_at: where(fits, follow(coming, ends), free_at),
    },
    halt=everywhere(done),
    outputs={"selected": selected},
    limit=size + 1,
    text="""Greedy choice of activities that do not overlap (Gavril 1972; Cormen et al.): as many as
        possible, if each takes some time. They are considered in the order in which they end (m), and
        one is selected (k) if it does not begin before the one that was selected last has ended.""",
)


def _in_time(batch: Batch) -> Tensor:
    """[B] bool, whether no activity ends before it begins."""
    return ((batch.values["s"] <= batch.values["f"]) | ~batch.nodes).all(1)


task = Task(
    program,
    sample_activities,
    about=About(
        family="greedy",
        source="Gavril 1972; Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="pointer jumping (JáJá 1992) along the first activity that fits after each",
        steps="n + 1",
    ),
    requires=(
        Requirement(
            _in_time,
            "an activity that ends (f) before it begins (s)",
            "s <= f for every activity",
            "exchange the two, or leave the activity out",
        ),
    ),
)
