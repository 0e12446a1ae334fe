"""The eccentricity of a node: how far the farthest node within reach is."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, edge, graph, node, sender, size
from ..samplers.graphs import sample_reachability
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task

MOST = 2**12

pos = node.scalar("pos", low=0, high=1)
s = node.mask_one("s")
adj = edge.mask("adj")

reached = node.mask("reach_h")
rounds = graph.scalar("rounds", low=0, high=MOST, whole=True)

newly = (any_of(sender(reached) & adj) & ~reached).named("newly")

program = Program(
    "eccentricity",
    inputs=(pos, s, adj),
    init={reached: s, rounds: 0},
    step={reached: reached | newly, rounds: rounds + 1},
    halt=~anywhere(newly),
    outputs={"eccentricity": rounds},
    limit=size,
    text="""The eccentricity of the source, by flooding (Moore 1959): in every step the reached nodes reach
        their neighbours, and the number of steps is the distance of the farthest node within reach.""",
)

task = Task(
    program,
    SparseSampler(sample_reachability, degree=3),
    about=About(
        family="graphs",
        source="Moore 1959",
        complexity=Complexity.NC,
        reference="distances by squaring matrices: Dekel, Nassimi and Sahni 1981",
        steps="1 + the eccentricity",
    ),
)
