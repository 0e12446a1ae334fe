"""Bubble sort that shows the list only (a sequential rival of odd_even_sort)."""

from __future__ import annotations

from ..samplers.arrays import sample_keys
from ..task import Task
from ..variants import showing
from . import bubble_sort

program = showing(
    bubble_sort.program,
    "bubble_sort_light",
    hints=("pred_h",),
    text="""Bubble sort of which only the list is a hint. Inputs, hints and outputs are those of
        odd_even_sort.""",
)

task = Task(program, sample_keys, about=bubble_sort.task.about)
