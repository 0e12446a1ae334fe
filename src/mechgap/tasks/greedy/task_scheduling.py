"""Jobs of one unit of time with deadlines, the most valuable ones first."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import argmax, everywhere, follow, graph, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_deadlines
from ..sorting.order import in_given_order, put, start
from ..task import About, Complexity, Task

LATEST = 2**18

pos = node.scalar("pos", low=0, high=1)
deadline = node.scalar("d", low=1, high=LATEST, whole=True)
value = node.scalar("w", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
selected = node.mask("selected_h")
considered = node.mask_one("i")
time = graph.scalar("t", low=0, high=LATEST, whole=True)
done = node.mask("done", internal=True)

coming = argmax(value, ~done, free=True).named("coming")
fits = (time < follow(coming, deadline)).named("fits")

program = Program(
    "task_scheduling",
    inputs=(pos, deadline, value),
    init={before: in_given_order, selected: False, considered: me == start, time: 0, done: False},
    step={
        selected: put(coming, fits, selected),
        considered: me == coming,
        time: where(fits, time + 1, time),
        done: put(coming, True, done),
    },
    halt=everywhere(done),
    outputs={"selected": selected},
    limit=size + 1,
    text="""Greedy choice of jobs with deadlines (Lawler 1985), as CLRS-30 has it: each takes one unit of
        time. They are considered in the order of their values, the greatest first, and one is selected
        if its deadline d is greater than the number t of jobs selected so far. Jobs that were selected
        are never moved to make room, so that the choice need not be the best one.""",
)

task = Task(
    program,
    sample_deadlines,
    about=About(
        family="greedy",
        source="Lawler 1985; Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="sorting, and parallel prefixes (Ladner and Fischer 1980) of the maps from t to the next t",
        steps="n + 1",
    ),
)
