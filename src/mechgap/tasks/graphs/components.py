"""Connected components, all nodes at once: the smallest index spreads."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import anywhere, edge, index, me, min_of, minimum, node, node_at, sender, size
from ..answers.partitions import valid_components
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_undirected
from ..samplers.sparse import SparseSampler
from ..task import About, Complexity, Task

MOST = 2**12

pos = node.scalar("pos", low=0, high=1)
adj = edge.mask("adj")

label = node.scalar("label", low=0, high=MOST, whole=True, unit=0.01)

heard = min_of(sender(label), adj, default=MOST).named("heard")

program = Program(
    "components",
    inputs=(pos, adj),
    init={label: index(me)},
    step={label: minimum(label, heard)},
    halt=~anywhere(heard < label),
    outputs={"component": node_at(label)},
    limit=size + 1,
    text="""Connected components by label propagation. Every node starts with its own index, and takes the
        smallest around it in every step; a component is named by its first node. Its sequential rival
        is components_seq.""",
)

task = Task(
    program,
    SparseSampler(sample_undirected, degree=1.5),
    valid_components,
    About(
        family="graphs",
        source="folklore: propagation of the smallest label",
        complexity=Complexity.NC,
        reference="connected components in polylogarithmic time: Hirschberg, Chandra and Sarwate 1979",
        steps="1 + the largest distance of a node from the first node of its component",
    ),
    (UNDIRECTED,),
)
