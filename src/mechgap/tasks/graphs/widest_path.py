"""Widest paths from one source: the lightest edge of a path shall be heavy."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, argmax, edge, max_of, me, minimum, node, sender, size, where
from ..answers.paths import valid_widest_paths
from ..samplers.graphs import sample_shortest_paths
from ..task import About, Complexity, Task

WIDEST = 64

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
A = edge.scalar("A", low=0, high=WIDEST)
adj = edge.mask("adj")

parent = node.pointer("pi_h")
width = node.scalar("width", low=0, high=WIDEST)
reached = node.mask("msk")

offers = (sender(reached) & adj).named("offers")
through = minimum(sender(width), A).named("through")
best = max_of(through, offers).named("best")
better = (any_of(offers) & (~reached | (best > width))).named("better")

program = Program(
    "widest_path",
    inputs=(pos, s, A, adj),
    init={parent: me, width: where(s, WIDEST, 0), reached: s},
    step={
        parent: where(better, argmax(through, offers, free=True).named("widest"), parent),
        width: where(better, best, width),
        reached: reached | better,
    },
    halt=~anywhere(better),
    outputs={"pi": parent},
    limit=size + 1,
    text="""Widest paths from one source (Pollack 1960, Hu 1961): Bellman-Ford with the smaller for the sum
        and the largest for the smallest. The width of a path is that of its lightest edge, and the
        source is as wide as can be.""",
)

task = Task(
    program,
    sample_shortest_paths,
    valid_widest_paths,
    About(
        family="graphs",
        source="Pollack 1960, Hu 1961",
        complexity=Complexity.NC,
        reference="widest paths by squaring matrices over (max, min): Dekel, Nassimi and Sahni 1981",
        steps="at most n: 1 + the number of passes over all edges that find a wider path",
    ),
)
