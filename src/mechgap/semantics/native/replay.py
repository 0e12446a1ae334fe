"""Runs batches by kernels: lengths and outputs at once, frames when they are asked for."""

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
from .library import Kernel
from .source import HINTS, INTERNAL, Source

_LEAST_RUNS = 16
"""Runs for each thread; fewer are not worth one."""


class Replay(Mapping[str, Tensor]):
    """The runs of a batch. A run is a function of its inputs: frames are made again when they are wanted.

    The frames of all hints, or of all internal variables, are made together, [T, B, …] packed. The
    inputs of the batch must not be changed before.

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
        self, program: Program, batch: Batch, dtype: torch.dtype, kernel: Kernel, max_frames: int | None = None
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
        status = torch.zeros(len(batch), dtype=torch.int64)
        self.outputs = [
            torch.empty(_shape(array.rank, len(batch), batch.width), dtype=_torch(array.dtype))
            for array in kernel.source.outputs
        ]
        self._status = status
        self._run(0, 0, {})
        self.sound = not bool(status.any())

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
        frames, batch = int(self.lengths.max()), len(self.lengths)
        arrays = self._kernel.source.frames
        wanted = [v for v in self._program.state if v.internal is internal]
        made: dict[Variable, Tensor] = {}
        for variable in wanted:
            array = arrays[variable]
            count = 1 if self._program.step[variable] is variable else frames
            shape = (count, *_shape(array.rank, batch, self._width))
            made[variable] = torch.empty(shape, dtype=_torch(array.dtype))
        self._run(INTERNAL if internal else HINTS, frames, made)
        for variable, value in made.items():
            self._found[variable.name] = value.expand(frames, *value.shape[1:])

    def _run(self, record: int, frames: int, made: Mapping[Variable, Tensor]) -> None:
        source, batch = self._kernel.source, len(self.lengths)
        given = [self._sizes, self._limits, self.lengths, self._status, *self._given, *self.outputs]
        written = [made.get(v, _nothing(source, v)) for v in source.frames]
        axes = [count for _, count in source.arguments]
        arrays = [_array(value, count) for value, count in zip([*given, *written], axes, strict=True)]

        def part(first: int, last: int) -> None:
            self._kernel.run(first, last, record, frames, self._width, *arrays)

        workers = max(1, min(torch.get_num_threads(), batch // _LEAST_RUNS))
        if workers == 1:
            part(0, batch)
            return
        bounds = [batch * k // workers for k in range(workers + 1)]
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


def _array(value: Tensor, axes: int) -> np.ndarray:  # type: ignore[type-arg]
    """A tensor as the array that a kernel takes: the axes of pairs as one, no axes expanded."""
    value = value.contiguous()
    if value.dim() > axes:
        value = value.reshape(*value.shape[: axes - 1], value.shape[axes - 1] * value.shape[axes])
    return value.numpy()
