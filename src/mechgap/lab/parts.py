"""Runs of many graphs in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from ..lang.program import Program
from ..semantics.facts import Facts
from ..semantics.inputs import check_batch
from ..semantics.interpreter import interpret
from ..semantics.machine import Machine
from ..semantics.memory import keep_freed_memory

if TYPE_CHECKING:
    from ..semantics.batch import Batch
    from ..semantics.trace import Trace

BUDGET = 2**26
"""Bytes of the frames of a part, packed; a part has at least one run."""
_ELEMENTS = 2**19
"""Values of one expression in a part; a step holds some dozens of them."""
_GROWTH = 4
"""How many times as many runs a part may have as the one before."""


def interpret_in_parts(
    program: Program, batch: Batch, dtype: torch.dtype = torch.float32, budget: int = BUDGET
) -> Iterator[Trace]:
    """Run a program on a batch, some graphs after others.

    The first part is so small that it fits whatever the number of its frames; what that was says how many
    graphs the next one may have. The traces are those of ``interpret`` on the parts of the batch.

    Args:
        program: what to run.
        batch: on which inputs.
        dtype: floating point type of scalars.
        budget: bytes of hints that a part should not exceed.

    Raises:
        MechgapError: as ``interpret`` does.
    """
    check_batch(program, batch)
    keep_freed_memory()
    frame, limit = _frame(program, batch, dtype)
    most = max(1, _ELEMENTS // batch.width ** Facts.of(program).work)
    start, share = 0, max(1, budget // (frame * limit))
    while start < len(batch):
        part = batch.part(start, min(start + min(share, most), len(batch)))
        trace = interpret(program, part, dtype=dtype)
        yield trace
        start += len(part)
        share = max(1, min(_GROWTH * len(part), budget // (frame * trace.frames)))


def _frame(program: Program, batch: Batch, dtype: torch.dtype) -> tuple[int, int]:
    """The bytes of a frame of one run of a batch, and the most frames that it can have."""
    machine = Machine(program, batch.take(batch.sizes.argmax()[None]), dtype)
    start = machine.packed_start()
    size = sum(start[variable.name].nbytes for variable in program.hints)
    return max(size, 1), int(machine.limits().max())
