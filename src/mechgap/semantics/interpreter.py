"""Runs programs exactly, on a whole batch of graphs at once.

There are two engines, which make the same bits: *steps*, tensor operations on all graphs at once, and
*kernels*, machine code made for a program (see ``mechgap.semantics.native``). Kernels are many times
faster and take seconds to make, so a program gets one when runs of it have taken as long.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal, TypeAlias, get_args
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..errors import MechgapError
from ..lang.program import Program
from ..lang.text import expression_text
from .batch import Batch
from .defined import where_defined
from .elementwise import choose
from .facts import Facts
from .frames import Frames, recorded
from .inputs import check_batch
from .machine import Machine, State
from .native.library import is_ready, kernel
from .native.replay import Replay, suits
from .ranges import check_ranges
from .recording import Packed, Recording, Segment
from .trace import Selection, Trace
from .updates import Assignment

Done: TypeAlias = "tuple[Recording, dict[str, Tensor]]"
"""The frames of a run, and its outputs."""

Engine: TypeAlias = Literal["auto", "kernel", "steps"]

PATIENCE = 2.0
"""Seconds of steps after which a program gets a kernel: about as long as making one takes."""
_MOST_RUNS = 2**15
_GROWTH = 8
"""By how much a part may be larger than the one before."""
_ELEMENTS = (2**20, 2**20, 2**20, 2**22)
"""Values of one expression that a part of a batch may have, by the number of node axes of a step."""
_FEW = 0.6
"""When a smaller share of the runs is still going, the others are left behind."""
_SPENT: WeakKeyDictionary[Program, float] = WeakKeyDictionary()


def interpret(
    program: Program,
    batch: Batch,
    *,
    selections: bool = False,
    dtype: torch.dtype = torch.float32,
    max_frames: int | None = None,
    engine: Engine = "auto",
) -> Trace:
    """Run a program to its halt.

    Args:
        program: what to run.
        batch: on which inputs.
        selections: whether to record admissible sets and active flags (N x N for every step).
        dtype: floating point type of scalars.
        max_frames: stop with an error after that many frames; by default the program's own limit.
        engine: "kernel" to make machine code of the program first, if it can be made (on a CPU, without
            ``selections``); "steps" never to use it; "auto" to make it when it pays. Traces are the same.

    Returns:
        The trace of every state variable, in recorded units.

    Raises:
        MechgapError: if a run does not halt within the limit.
        GraphError: if the inputs are not what the program declares.
        RangeError: if a scalar leaves the range that its variable declares.
    """
    if engine not in get_args(Engine):
        raise MechgapError(
            "interpret", f"engine={engine!r}", f"one of {', '.join(get_args(Engine))}", "correct it"
        )
    check_batch(program, batch)
    if not selections and suits(batch, dtype) and _wanted(program, dtype, engine):
        replayed = _replayed(program, batch, dtype, max_frames)
        if replayed is not None:
            return replayed
    start = time.perf_counter()
    trace = _stepped(program, batch, selections, dtype, max_frames)
    _SPENT[program] = _SPENT.get(program, 0.0) + time.perf_counter() - start
    return trace


def _wanted(program: Program, dtype: torch.dtype, engine: Engine) -> bool:
    """Whether a program is to be run by a kernel."""
    if engine == "auto":
        return is_ready(program, dtype) or _SPENT.get(program, 0.0) > PATIENCE
    return engine == "kernel"


def _replayed(program: Program, batch: Batch, dtype: torch.dtype, max_frames: int | None) -> Trace | None:
    """The trace by a kernel; None if there is none, or if a run is not as it must be."""
    found = kernel(program, dtype)
    if found is None:
        return None
    replay = Replay(program, batch, dtype, found, max_frames)
    if not replay.sound:
        return None  # steps tell what is wrong, and where
    ports = program.interface.outputs
    return Trace(
        batch,
        Frames(replay, program.state, batch.width),
        replay.lengths,
        {port.name: recorded(port.kind, value) for port, value in zip(ports, replay.outputs, strict=True)},
        defined=where_defined(program, batch),
    )


def _stepped(
    program: Program, batch: Batch, selections: bool, dtype: torch.dtype, max_frames: int | None
) -> Trace:
    """The trace by steps; large batches are run in parts that fit the processor's caches."""
    if selections:
        run = _Run(program, batch, dtype, max_frames)
        done = run.done(selections=True)
        return replace(_traced(program, batch, [done]), selections=_stacked(run.selected))
    parts: list[Done] = []
    start, share = 0, _share(program, batch)
    while start < len(batch):
        run = _Run(program, batch.part(start, start + share), dtype, max_frames)
        parts.append(run.done())
        start += share
        room = min(_GROWTH, _ELEMENTS[-1] // run.largest)  # a step may turn out to look at few places
        share = min(_MOST_RUNS, share * room) if room > 1 else share
    return _traced(program, batch, parts)


def _share(program: Program, batch: Batch) -> int:
    """The number of runs in the first part of a batch."""
    work = Facts.of(program).work
    places: int = batch.width**work
    return max(1, min(_MOST_RUNS, _ELEMENTS[work] // places))


class _Run:
    """One batch from its first frame to the halt of its last run."""

    def __init__(self, program: Program, batch: Batch, dtype: torch.dtype, max_frames: int | None) -> None:
        self.program = program
        self.batch = batch
        self.machine = Machine(program, batch, dtype)
        limits = self.machine.limits()
        self._limits = limits if max_frames is None else torch.full_like(limits, max_frames)
        self._lengths = torch.ones(len(batch), dtype=torch.int64, device=batch.nodes.device)
        self.selected: list[dict[str, Selection]] = []
        self.largest = 1

    def done(self, *, selections: bool = False) -> Done:
        """Run to the end."""
        recording = Recording(self._segments(selections), self._lengths)
        check_ranges(self.program, self.batch, recording)
        read = Facts.of(self.program).read_by_outputs
        last = {v.name: recording.last(v.name) for v in self.program.state if v in read}
        return recording, self.machine.outputs(last)

    def _segments(self, selections: bool) -> list[Segment]:
        """All frames; runs that have halted are left behind when they are many."""
        machine = self.machine
        segments = [self._segment(machine.inputs.rows, 0, machine.packed_start())]
        halted, frame = machine.halted(segments[0].state), 1
        while (going := int((~halted).count_nonzero())) > 0:
            segment = segments[-1]
            if bool((~halted & (self._limits[segment.rows] <= frame)).any()):
                raise _endless(self.program, int(self._limits.max()))
            if not selections and going < _FEW * len(halted):
                kept = (~halted).nonzero()[:, 0]
                rows, state = segment.rows[kept], {name: v[kept] for name, v in segment.state.items()}
                self.largest = max(self.largest, machine.inputs.largest)
                machine = Machine(self.program, self.batch.take(rows), self.machine.dtype)
                segment = self._segment(rows, frame, state)
                segments.append(segment)
                halted = halted[kept]
            if selections:
                self.selected.append(machine.selections(segment.state))
            _step(machine, segment, None if going == len(halted) else ~halted)
            frame += 1
            self._lengths[segment.rows] += ~halted
            halted = halted | machine.halted(segment.state)
        self.largest = max(self.largest, machine.inputs.largest)
        return segments

    def _segment(self, rows: Tensor, start: int, state: State) -> Segment:
        return Segment(rows, start, state, int(self._limits[rows].max()) - start)


def _step(machine: Machine, segment: Segment, going: Tensor | None) -> None:
    """Make the next frame of a segment.

    Args:
        machine: the program on the graphs of the segment.
        segment: the frames so far.
        going: [K], the runs that have not halted; None for all. The others keep their state.
    """
    assignment = Assignment(machine.evaluation(segment.state))
    changes, pending, state = Facts.of(machine.program).changes, [], dict(segment.state)
    for variable, expression in machine.program.step.items():
        if variable in changes:
            pending.append((variable.name, assignment.updates(variable)))
        elif expression is not variable:
            new = assignment.value(variable, expression)
            if going is not None:
                old = segment.state[variable.name]
                new = choose(going.reshape(-1, *[1] * (old.dim() - 1)), new, old)
            state[variable.name] = segment.written(variable.name, new)
    for name, updates in pending:  # only now: all values were read from the old frame
        state[name], made = assignment.make(state[name], updates, going, owned=segment.owns(name))
        segment.note(name, made)
    segment.state = state
    segment.count += 1


def _traced(program: Program, batch: Batch, done: list[Done]) -> Trace:
    """The trace of a batch whose parts were run one after another."""
    names = tuple(variable.name for variable in program.state)
    return Trace(
        batch,
        Frames(Packed(names, [recording for recording, _ in done]), program.state, batch.width),
        torch.cat([recording.lengths for recording, _ in done]),
        {name: torch.cat([outputs[name] for _, outputs in done]) for name in program.outputs},
        defined=where_defined(program, batch),
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
