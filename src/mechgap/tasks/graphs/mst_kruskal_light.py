"""Kruskal's algorithm that shows the forest and its parts only (a sequential rival of boruvka)."""

from __future__ import annotations

from ..answers.spanning import valid_spanning_forest
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_weighted_undirected
from ..task import Task
from ..variants import showing
from . import mst_kruskal

program = showing(
    mst_kruskal.program,
    "mst_kruskal_light",
    hints=("in_mst_h", "pi"),
    text="""Kruskal's minimum spanning forest of which only the forest and the pointers of its parts are
        hints. Inputs, hints and outputs are those of boruvka.""",
)

task = Task(program, sample_weighted_undirected, valid_spanning_forest, mst_kruskal.task.about, (UNDIRECTED,))
