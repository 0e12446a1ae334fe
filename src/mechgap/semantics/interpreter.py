"""Runs programs exactly, on a whole batch of graphs at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..errors import MechgapError
from ..lang.program import Program
from ..lang.text import expression_text
from .batch import Batch
from .facts import Facts
from .frames import Frames
from .inputs import check_batch
from .machine import Machine, State
from .ranges import check_ranges
from .recording import Segment, collected, joined, last_frame
from .trace import Selection, Trace

_MOST_RUNS = 8192
_ELEMENTS = (2**19, 2**19, 2**20, 2**23)
"""Values of one expression that a part of a batch may have, by the number of node axes of a step."""
_FEW = 0.75
"""When a smaller share of the runs is still going, the others are left behind."""


def interpret(
    program: Program,
    batch: Batch,
    *,
    selections: bool = False,
    dtype: torch.dtype = torch.float32,
    max_frames: int | None = None,
) -> Trace:
    """Run a program to its halt.

    Large batches are run in parts that fit the processor's caches.

    Args:
        program: what to run.
        batch: on which inputs.
        selections: whether to record admissible sets and active flags (N x N for every step).
        dtype: floating point type of scalars.
        max_frames: stop with an error after that many frames; by default the program's own limit.

    Returns:
        The trace of every state variable, in recorded units.

    Raises:
        MechgapError: if a run does not halt within the limit.
        GraphError: if the inputs are not what the program declares.
        RangeError: if a scalar leaves the range that its variable declares.
    """
    check_batch(program, batch)
    if selections:
        return _Run(program, batch, dtype, max_frames).traced(selections=True)
    traces = [_Run(program, part, dtype, max_frames).traced() for part in _parts(program, batch)]
    return traces[0] if len(traces) == 1 else _joined(program, batch, traces)


def _parts(program: Program, batch: Batch) -> Iterator[Batch]:
    """A batch in parts to be run one after another."""
    work = Facts.of(program).work
    share = max(1, min(_MOST_RUNS, _ELEMENTS[work] // batch.width**work))
    for start in range(0, len(batch), share):
        yield batch.part(start, min(start + share, len(batch)))


class _Run:
    """One batch from its first frame to the halt of its last run."""

    def __init__(self, program: Program, batch: Batch, dtype: torch.dtype, max_frames: int | None) -> None:
        self.program = program
        self.batch = batch
        self.machine = Machine(program, batch, dtype)
        limits = self.machine.limits()
        self._limits = limits if max_frames is None else torch.full_like(limits, max_frames)
        self._lengths = torch.ones(len(batch), dtype=torch.int64, device=batch.nodes.device)
        self._changing = {v.name for v, x in program.step.items() if x is not v}
        self._selected: list[dict[str, Selection]] = []

    def traced(self, *, selections: bool = False) -> Trace:
        """The trace of the run."""
        segments = self._segments(selections)
        lengths = self._lengths
        packed = {v.name: collected(segments, v.name, self._changing, lengths) for v in self.program.state}
        check_ranges(self.program, self.batch, packed)
        last = {name: last_frame(value, lengths) for name, value in packed.items()}
        return Trace(
            self.batch,
            Frames(packed, self.program.state, self.batch.width),
            lengths,
            self.machine.outputs(last),
            _stacked(self._selected),
        )

    def _segments(self, selections: bool) -> list[Segment]:
        """All frames; unless selections are wanted, runs go on past their halt until they are left behind."""
        machine, state = self.machine, self.machine.packed_start()
        rows = machine.inputs.rows
        segments = [self._segment(rows, 0, state)]
        halted, frame = machine.halted(state), 1
        while (going := int((~halted).count_nonzero())) > 0:
            if bool((~halted & (self._limits[rows] <= frame)).any()):
                raise _endless(self.program, int(self._limits.max()))
            if not selections and going < _FEW * len(rows):
                kept = (~halted).nonzero()[:, 0]
                rows, state = rows[kept], {name: value[kept] for name, value in state.items()}
                machine = Machine(self.program, self.batch.take(rows), self.machine.dtype)
                segments.append(self._segment(rows, frame, state))
                halted = halted[kept]
            if selections:
                self._selected.append(machine.selections(state))
            new = machine.packed_step(state, segments[-1].room())
            state = _frozen(halted, state, new) if selections else new
            segments[-1].count += 1
            frame += 1
            self._lengths[rows] += ~halted
            halted = halted | machine.halted(state)
        return segments

    def _segment(self, rows: Tensor, start: int, state: State) -> Segment:
        expected = int(self._limits[rows].max()) - start
        return Segment(rows, start, state, self._changing, expected)


def _frozen(halted: Tensor, old: State, new: State) -> State:
    """The new state where a run goes on, the old one where it has halted; changed in place."""
    if bool(halted.any()):
        for name, value in new.items():
            if value is not old[name]:
                value[halted] = old[name][halted]
    return new


def _joined(program: Program, batch: Batch, traces: list[Trace]) -> Trace:
    """The traces of parts of a batch as one."""
    packed = {}
    for variable in program.state:
        frames = [trace.values for trace in traces]
        packed[variable.name] = joined([f.packed[variable.name] for f in frames if isinstance(f, Frames)], 1)
    return Trace(
        batch,
        Frames(packed, program.state, batch.width),
        torch.cat([trace.lengths for trace in traces]),
        {name: torch.cat([trace.outputs[name] for trace in traces]) for name in traces[0].outputs},
    )


def _stacked(steps: list[dict[str, Selection]]) -> dict[str, Selection]:
    if not steps:
        return {}
    return {
        name: Selection(
            torch.stack([step[name].admissible for step in steps]),
            torch.stack([step[name].chosen for step in steps]),
            torch.stack([step[name].active for step in steps]),
            first.text,
        )
        for name, first in steps[0].items()
    }


def _endless(program: Program, limit: int) -> MechgapError:
    return MechgapError(
        f"program {program.name}, run",
        f"a run that has not halted after {limit} frames",
        f"at most {expression_text(program.limit)} = {limit} frames",
        "check `halt`, or raise `limit` in the program",
    )
