"""Transitive closure with one more node to pass through in every step (a rival of transitive_closure)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import at_pair, graph, me, node_at, receiver, sender, size
from ..samplers.graphs import sample_directed
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task
from .transitive_closure import adj, pos, reach

MOST = 2**12

done = graph.scalar("done", low=0, high=MOST, whole=True, internal=True)

middle = node_at(done).named("middle")
passing = (sender(at_pair(reach, me, middle)) & receiver(at_pair(reach, middle, me))).named("passing")

program = Program(
    "transitive_closure_seq",
    inputs=(pos, adj),
    init={reach: adj, done: 0},
    step={reach: reach | passing, done: done + 1},
    halt=done == size,
    outputs={"reach": reach},
    limit=size + 1,
    text="""Transitive closure of a directed graph (Warshall 1962). In every step paths may pass through one
        more node, in the order of the nodes. Inputs, hints and outputs are those of
        transitive_closure.""",
)

task = Task(
    program,
    SparseSampler(sample_directed, degree=1.5, undirected=False),
    about=About(
        family="graphs",
        source="Warshall 1962",
        complexity=Complexity.NC,
        reference="reachability is in NL, and NL is in NC: Borodin 1977",
        steps="n + 1",
    ),
)
