"""The greedy independent set, one node in every step (a sequential rival of independent_set)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import anywhere, at_pair, first, me, size
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_undirected
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task
from .independent_set import adj, chosen, pos, ruled_out

undecided = (~chosen & ~ruled_out).named("undecided")
joining = first(undecided).named("joining")
is_joining = (me == joining).named("is_joining")

program = Program(
    "independent_set_seq",
    inputs=(pos, adj),
    init={chosen: False, ruled_out: False},
    step={
        chosen: chosen | is_joining,
        ruled_out: ruled_out | (at_pair(adj, joining, me) & ~is_joining),
    },
    halt=~anywhere(undecided),
    outputs={"chosen": chosen},
    limit=size + 1,
    text="""The lexicographically first maximal independent set, greedily: in every step the first undecided
        node joins and rules out its neighbours. Inputs, hints and outputs are those of
        independent_set.""",
)

task = Task(
    program,
    SparseSampler(sample_undirected, degree=4),
    about=About(
        family="graphs",
        source="Cook 1985",
        complexity=Complexity.P_COMPLETE,
        reference="the lexicographically first maximal independent set is complete for P: Cook 1985",
        steps="1 + the size of the set",
    ),
    requires=(UNDIRECTED,),
)
