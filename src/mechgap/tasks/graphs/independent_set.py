"""The maximal independent set that takes nodes in order, as many of them at once as the order allows."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, edge, me, node, receiver, sender, size
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_undirected
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task

pos = node.scalar("pos", low=0, high=1)
adj = edge.mask("adj")

chosen = node.mask("chosen_h")
ruled_out = node.mask("ruled_out")

undecided = (~chosen & ~ruled_out).named("undecided")
neighbour = (adj & (sender(me) != receiver(me))).named("neighbour")
waits = any_of(neighbour & sender(undecided) & (sender(me) < receiver(me))).named("waits")
joins = (undecided & ~waits).named("joins")

program = Program(
    "independent_set",
    inputs=(pos, adj),
    init={chosen: False, ruled_out: False},
    step={chosen: chosen | joins, ruled_out: ruled_out | any_of(neighbour & sender(joins))},
    halt=~anywhere(undecided),
    outputs={"chosen": chosen},
    limit=size + 1,
    text="""The lexicographically first maximal independent set. In every step all nodes join that have no
        undecided neighbour of lower index, and their neighbours are ruled out (Blelloch, Fineman and
        Shun 2012). Its sequential rival is independent_set_seq.""",
)

task = Task(
    program,
    SparseSampler(sample_undirected, degree=4),
    about=About(
        family="graphs",
        source="Cook 1985; Blelloch, Fineman and Shun 2012",
        complexity=Complexity.P_COMPLETE,
        reference="the lexicographically first maximal independent set is complete for P: Cook 1985",
        steps="at most n + 1: 1 + the number of rounds, which falls to order log(n)^2 for random orders",
    ),
    requires=(UNDIRECTED,),
)
