"""Connected components by search, one node in every step (a sequential rival of components)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import at_pair, everywhere, first, follow, index, me, node, node_at, size, where
from ..answers.partitions import valid_components
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_undirected
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task
from .components import adj, label, pos

found = node.mask("found", internal=True)
scanned = node.mask("scanned", internal=True)

# The first node that was found and not scanned yet; if there is none, a new search starts.
scanning = first(found & ~scanned, default=first(~found)).named("scanning")
is_scanning = (me == scanning).named("is_scanning")
newly = (at_pair(adj, scanning, me) & ~found & ~is_scanning).named("newly")

program = Program(
    "components_seq",
    inputs=(pos, adj),
    init={label: index(me), found: False, scanned: False},
    step={
        label: where(newly, follow(scanning, label), label),
        found: found | newly | is_scanning,
        scanned: scanned | is_scanning,
    },
    halt=everywhere(scanned),
    outputs={"component": node_at(label)},
    limit=size + 1,
    text="""Connected components by search (Hopcroft and Tarjan 1973), one node in every step: its neighbours
        that were not found yet get its label. Inputs, hints and outputs are those of components.""",
)

task = Task(
    program,
    SparseSampler(sample_undirected, degree=1.5),
    valid_components,
    About(
        family="graphs",
        source="Hopcroft and Tarjan 1973",
        complexity=Complexity.NC,
        reference="connected components in polylogarithmic time: Hirschberg, Chandra and Sarwate 1979",
        steps="n + 1",
    ),
    (UNDIRECTED,),
)
