"""Insertion sort that shows the list only (a sequential rival of odd_even_sort)."""

from __future__ import annotations

from ..samplers.arrays import sample_keys
from ..task import Task
from ..variants import showing
from . import insertion_sort

program = showing(
    insertion_sort.program,
    "insertion_sort_light",
    hints=("pred_h",),
    text="""Insertion sort of which only the list is a hint. Inputs, hints and outputs are those of
        odd_even_sort.""",
)

task = Task(program, sample_keys, about=insertion_sort.task.about)
