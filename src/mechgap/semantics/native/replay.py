"""Runs batches by kernels.

Where the longest run ends is known at the end only. So a few runs are made first, and frames for a
quarter more than these have are recorded while all runs are made. If that does not suffice, or is too
much memory, frames are made when they are asked for, by running again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ...kinds.pointer import short_dtype
from ...lang.expression import Expression, Variable
from ...lang.program import Program
from ..batch import Batch
from ..machine import Machine
from ..room import check_room
from .library import Kernel
from .source import HINTS, INTERNAL, REPEAT, Source

_LEAST_RUNS = 16
"""Runs for each thread; fewer are not worth one."""
_WORK = 2**25
"""Places of triples of nodes that are run at once, so that Ctrl-C is heard in between."""
_SHARE = 8
"""One of so many runs is made first."""
_AT_ONCE = 2**30
"""Bytes of frames that are recorded before they are asked for."""


class Replay(Mapping[str, Tensor]):
    """The runs of a batch, and their frames: name -> [T, B, …] packed.

    The inputs of the batch must not be changed as long as frames are asked for.

    Attributes:
        lengths: [B], the number of frames of each run.
        outputs: packed values of the outputs, in order of the program.
        sound: whether every run halted within its limit, and all values are what variables declare.

    Args:
        program: what to run.
        batch: on which inputs.
        dtype: floating point type of scalars.
        kernel: of the program, for this type.
        max_frames: the largest number of frames; by default the program's own limit.
    """

    def __init__(
        self,
        program: Program,
        batch: Batch,
        dtype: torch.dtype,
        kernel: Kernel,
        max_frames: int | None = None,
    ) -> None:
        self._program = program
        self._kernel = kernel
        self._width = batch.width
        machine = Machine(program, batch, dtype)
        limits = machine.limits().to(torch.int64)
        self._limits = limits if max_frames is None else torch.full_like(limits, max_frames)
        self._sizes = batch.sizes.to(torch.int64)
        self._given = [
            *(machine.inputs.values[v.name] for v in program.inputs),
            *(_whole(machine, x) for x in kernel.source.names.computed),
        ]
        self._found: dict[str, Tensor] = {}
        self.lengths = torch.empty(len(batch), dtype=torch.int64)
        self._status = torch.zeros(len(batch), dtype=torch.int64)
        self.outputs = [
            torch.empty(_shape(array.rank, len(batch), batch.width), dtype=_torch(array.dtype))
            for array in kernel.source.outputs
        ]
        self._start(len(batch))
        self.sound = not bool(self._status.any())

    def _start(self, count: int) -> None:
        """Make all runs, with the frames of the hints if they are likely to fit."""
        few = max(1, count // _SHARE)
        self._run(0, 0, {}, few)
        guess = min(int(self.lengths[:few].max()) * 5 // 4 + 2, int(self._limits.max()))
        made = self._room(False, guess)
        if few == count or sum(value.nbytes for value in made.values()) > _AT_ONCE:
            self._run(0, 0, {}, count)
            return
        self._run(HINTS, guess, made, count)
        if int(self.lengths.max()) <= guess:
            self._keep(HINTS, made)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._found:
            internal = {v.name: v.internal for v in self._program.state}
            self._record(internal[name])
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(v.name for v in self._program.state)

    def __len__(self) -> int:
        return len(self._program.state)

    def _record(self, internal: bool) -> None:
        """Make the frames of all hints, or of all internal variables."""
        made, group = self._room(internal, self._frames), INTERNAL if internal else HINTS
        needed = sum(value.nbytes for value in made.values())
        given = f"{self._frames} frames of {len(self.lengths)} runs"
        check_room(needed, f"frames of program {self._program.name}", given)
        self._run(group, self._frames, made, len(self.lengths))
        self._keep(group, made)

    def _keep(self, group: int, made: dict[Variable, Tensor]) -> None:
        """Keep recorded frames, the last one of each run repeated to the end of the longest."""
        if bool((self.lengths < self._frames).any()):
            self._run(group | REPEAT, self._frames, made, len(self.lengths))
        for variable, value in made.items():
            self._found[variable.name] = value[: self._frames].expand(self._frames, *value.shape[1:])

    @property
    def _frames(self) -> int:
        return int(self.lengths.max())

    def _room(self, internal: bool, frames: int) -> dict[Variable, Tensor]:
        """Memory for the frames of some variables; of one that stays, for one frame."""
        arrays, made = self._kernel.source.frames, {}
        for variable in self._program.state:
            if variable.internal is internal:
                count = 1 if self._program.step[variable] is variable else frames
                shape = _shape(arrays[variable].rank, len(self.lengths), self._width)
                made[variable] = torch.empty((count, *shape), dtype=_torch(arrays[variable].dtype))
        return made

    def _run(self, record: int, frames: int, made: Mapping[Variable, Tensor], count: int) -> None:
        """Make the first runs of the batch."""
        source = self._kernel.source
        given = [self._sizes, self._limits, self.lengths, self._status, *self._given, *self.outputs]
        written = [made.get(v, _nothing(source, v)) for v in source.frames]
        axes = [axis for _, axis in source.arguments]
        arrays = [_array(value, axis) for value, axis in zip([*given, *written], axes, strict=True)]

        def part(first: int, last: int) -> None:
            for start in range(first, last, share):
                end = min(start + share, last)
                self._kernel.run(start, end, record, frames, self._width, *arrays)

        share = max(1, _WORK // self._width**3)
        workers = max(1, min(torch.get_num_threads(), count // _LEAST_RUNS))
        if workers == 1:
            part(0, count)
            return
        bounds = [count * k // workers for k in range(workers + 1)]
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(part, bounds[:-1], bounds[1:]))


def suits(batch: Batch, dtype: torch.dtype) -> bool:
    """Whether kernels can run a batch: on the CPU, in usual numbers, and small enough for short pointers."""
    usual = dtype in (torch.float32, torch.float64)
    return usual and batch.nodes.device.type == "cpu" and short_dtype(batch.width) == torch.int16


def _whole(machine: Machine, expression: Expression) -> Tensor:
    evaluation = machine.evaluation({})
    return evaluation.whole(expression, evaluation.location(expression)).contiguous()


def _shape(rank: int, batch: int, width: int) -> tuple[int, ...]:
    return (batch, *[width] * rank)


def _torch(dtype: str) -> torch.dtype:
    found: torch.dtype = torch.bool if dtype == "bool_" else getattr(torch, dtype)
    return found


def _nothing(source: Source, variable: Variable) -> Tensor:
    array = source.frames[variable]
    return torch.empty((0,) * (2 + array.rank), dtype=_torch(array.dtype))


def _array(value: Tensor, axes: int) -> np.ndarray:
    """A tensor as the array that a kernel takes: the axes of pairs as one, no axes expanded."""
    value = value.contiguous()
    if value.dim() > axes:
        value = value.reshape(*value.shape[: axes - 1], value.shape[axes - 1] * value.shape[axes])
    return value.numpy()
