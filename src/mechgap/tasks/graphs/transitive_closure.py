"""Transitive closure by squaring: paths double in length in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, edge, first_leg, node, second_leg, size
from ..samplers.graphs import sample_directed
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task

pos = node.scalar("pos", low=0, high=1)
adj = edge.mask("adj")

reach = edge.mask("reach_h")

in_two = any_of(first_leg(reach) & second_leg(reach)).named("in_two")

program = Program(
    "transitive_closure",
    inputs=(pos, adj),
    init={reach: adj},
    step={reach: reach | in_two},
    halt=~anywhere(any_of(in_two & ~reach)),
    outputs={"reach": reach},
    limit=size + 1,
    text="""Transitive closure of a directed graph by squaring its matrix (Munro 1971). In every step a pair
        is joined if both are joined to a node between them. Its sequential rival is
        transitive_closure_seq.""",
)

task = Task(
    program,
    SparseSampler(sample_directed, degree=1.5, undirected=False),
    about=About(
        family="graphs",
        source="Munro 1971, Warshall 1962",
        complexity=Complexity.NC,
        reference="reachability is in NL, and NL is in NC: Borodin 1977",
        steps="1 + log2 of the largest distance, rounded up",
    ),
)
