"""Depth-first search that also shows which child each node chose last (a control of dfs)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import me, node, size, where
from ..samplers.graphs import sample_directed
from ..task import Task
from ..validity import valid_dfs
from . import dfs
from .depth_first import is_here

chosen = node.pointer("child_h")

program = Program(
    "dfs_reverse",
    inputs=dfs.program.inputs,
    init={**dfs.program.init, chosen: me},
    step={**dfs.program.step, chosen: where(dfs.pushing & is_here, dfs.next_child, chosen)},
    halt=dfs.program.halt,
    outputs=dfs.program.outputs,
    limit=3 * size,
    text="Depth-first search with one more pointer: from each node to the child that it chose last.",
)

task = Task(program, sample_directed, valid_dfs, dfs.about)
