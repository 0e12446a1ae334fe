"""Makes data sets: files of runs, each written as a whole or not at all, none of them twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from .. import __version__
from ..errors import FileFormatError, GraphError, NotFoundError
from ..interop.parquet import ParquetRecorder, require_pyarrow
from ..interop.recorder import AbstractRecorder, NpzRecorder
from ..semantics.batch import Batch
from ..tasks.task import Task
from .manifest import Manifest
from .parts import interpret_in_parts

if TYPE_CHECKING:
    from ..semantics.trace import Trace
    from .verification import Watch

DTYPES = {"float32": torch.float32, "float64": torch.float64}
"""Types of scalars by name."""
FORMATS = ("npz", "parquet")


@dataclass(frozen=True)
class Form:
    """How runs are written.

    Attributes:
        format: one of ``FORMATS``.
        traces: whether files hold hints, beside inputs, outputs and lengths.
        dtype: in which scalars are computed and written, one of ``DTYPES``.

    Raises:
        NotFoundError: if there is no such format or type, or a package that it needs is missing.
    """

    format: str = "npz"
    traces: bool = True
    dtype: str = "float64"

    def __post_init__(self) -> None:
        for what, given, known in (("format", self.format, FORMATS), ("dtype", self.dtype, tuple(DTYPES))):
            if given not in known:
                raise NotFoundError(
                    f"the {what} of a data set", repr(given), f"one of {', '.join(known)}", f"change {what}"
                )
        if self.format == "parquet":
            require_pyarrow()

    @property
    def padded(self) -> bool:
        """Whether the hints of all runs have the same number of frames."""
        return self.traces and self.format == "npz"

    def recorder(self, path: Path, task: Task, count: int) -> AbstractRecorder:
        """What writes a file of so many runs."""
        if self.format == "parquet":
            return ParquetRecorder(path, task.program, self.dtype, hints=self.traces)
        return NpzRecorder(path, task.program, count, hints=self.traces)

    def to_json(self) -> dict[str, Any]:
        """The form as plain data."""
        return {"format": self.format, "traces": self.traces, "dtype": self.dtype}


@dataclass(frozen=True)
class Job:
    """A file of a data set.

    Attributes:
        file: its name.
        task: whose runs it holds.
        seed, size, count: of what is drawn.
        draw: draws the inputs, some after others; in all ``count`` of them.
        beside: draws inputs whose runs are not written; padded hints are as long as the longest of these
            runs, too.
    """

    file: str
    task: Task
    seed: int
    size: int
    count: int
    draw: Callable[[], Iterator[Batch]]
    beside: Callable[[], Iterator[Batch]] = lambda: iter(())

    @property
    def weight(self) -> int:
        """About how much work it is."""
        return self.count * self.size**2

    def to_json(self) -> dict[str, Any]:
        """What the file is made from, as plain data."""
        return {
            "task": self.task.name,
            "program": self.task.program.digest,
            "mechgap": __version__,
            "seed": self.seed,
            "size": self.size,
            "count": self.count,
        }


@dataclass(frozen=True)
class Made:
    """A file that is there.

    Attributes:
        file: its path.
        entry: what the manifest says of it.
        reused: whether it was there already.
    """

    file: Path
    entry: dict[str, Any]
    reused: bool


def make(jobs: Sequence[Job], form: Form, manifest: Manifest, watch: Watch) -> list[Made]:
    """Make the files that are not there yet.

    Files appear as a whole; after an interruption a second call makes those that are left.

    Args:
        jobs: the files.
        form: how they are written.
        manifest: where they are, and what is there.
        watch: told about progress.

    Raises:
        FileFormatError: if a file is in the way, or cannot be written.
        MechgapError: if inputs cannot be drawn or run.
    """
    reused = {job.file: manifest.holds(job.file, job.to_json()) for job in jobs}
    left = [job for job in jobs if not reused[job.file]]
    total, done = sum(job.weight for job in left), 0
    for job in left:

        def told(runs: int, job: Job = job, done: int = done) -> None:
            note = f"{job.file}, {runs} of {job.count} runs"
            watch(done + job.weight * runs // job.count, total, note)

        try:
            _make(job, form, manifest, told)
        except OSError as error:
            raise FileFormatError(
                str(manifest.file(job.file)),
                str(error),
                "a place that can be written to, with room",
                "choose another place with --out",
            ) from error
        done += job.weight
    return [Made(manifest.file(j.file), manifest.files[j.file], reused[j.file]) for j in jobs]


def _make(job: Job, form: Form, manifest: Manifest, told: Callable[[int], None]) -> None:
    """Make a file; someone is told how many runs are done."""
    place = manifest.file(f".{job.file}.partial")
    shutil.rmtree(place, ignore_errors=True)  # of a process that was killed
    place.mkdir(parents=True)
    recorder, runs, frames = None, 0, 0
    try:
        recorder = form.recorder(place / job.file, job.task, job.count)
        for trace in _runs(job, job.draw(), form):
            told(runs)
            recorder.add(trace)
            runs, frames = runs + len(trace.batch), max(frames, trace.frames)
        if runs != job.count:
            expected = f"{job.count} runs, as were asked for"
            raise GraphError(
                f"the sampler of {job.task.name}", f"{runs} runs", expected, "correct the sampler"
            )
        if form.padded:
            frames = max([frames, *(trace.frames for trace in _runs(job, job.beside(), form))])
        recorder.close(frames)
        manifest.add(job.file, {**job.to_json(), "frames": frames}, place / job.file)
    finally:
        if recorder is not None:
            recorder.abandon()
        shutil.rmtree(place, ignore_errors=True)


def _runs(job: Job, batches: Iterator[Batch], form: Form) -> Iterator[Trace]:
    """The runs of the inputs of a job, in parts."""
    for batch in batches:
        job.task.check(batch)
        yield from interpret_in_parts(job.task.program, _cast(batch, form), DTYPES[form.dtype])


def _cast(batch: Batch, form: Form) -> Batch:
    dtype = DTYPES[form.dtype]
    values = {name: v.to(dtype) if v.is_floating_point() else v for name, v in batch.values.items()}
    return Batch(values, batch.nodes)
