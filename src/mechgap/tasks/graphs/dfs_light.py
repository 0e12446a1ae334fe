"""Depth-first search of which only the tree and the colours are shown (a control of dfs)."""

from __future__ import annotations

from ..samplers.graphs import sample_directed
from ..task import Task
from ..validity import valid_dfs
from ..variants import showing
from . import dfs

program = showing(
    dfs.program,
    "dfs_light",
    hints=("pi_h", "color"),
    text="Depth-first search whose trace shows parents and colours only; stack and times are internal.",
)

task = Task(program, sample_directed, valid_dfs, dfs.about)
