"""Traces as Parquet files: one row for each run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotFoundError
from ..kinds.scalar import Scalar
from ..lang.program import Port, Program
from ..semantics.trace import Trace
from .encoding import Encoder, trailing
from .recorder import AbstractRecorder

if TYPE_CHECKING:
    from torch import Tensor

VALUES = 2**22
"""Values of a hint that are held at one time, at least those of one run; a row group has as many."""


def require_pyarrow() -> None:
    """Check that Parquet files can be written.

    Raises:
        NotFoundError: if the package pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise NotFoundError(
            "Parquet files",
            f"no package pyarrow ({error})",
            "pyarrow, which reads and writes them",
            "install it: pip install 'mechgap[parquet]'; or write --format npz",
        ) from error


class ParquetRecorder(AbstractRecorder):
    """Makes one Parquet file with a row for each run.

    Columns are named as the arrays of an ``.npz`` file are (see ``mechgap.interop.golden``) and hold the
    same numbers, in lists: ``input/NAME`` and ``output/NAME`` a list over nodes, for edges of lists over
    the nodes that receive, for categoricals over the categories; ``hint/NAME`` a list over the frames of
    the run, and so on inside; ``lengths`` the number of frames. Lists are as long as the run and its graph
    are: there is no padding.

    Args:
        path: of the file.
        program: whose runs they are.
        dtype: of the scalars, ``float64`` or ``float32``.
        hints: whether the file has hints; lengths it has in any case.

    Raises:
        NotFoundError: if the package pyarrow is not installed.
    """

    def __init__(self, path: Path, program: Program, dtype: str, *, hints: bool = True) -> None:
        require_pyarrow()
        import pyarrow as pa
        import pyarrow.parquet as pq

        ports = program.interface
        self._program = program
        self._hints = ports.hints if hints else ()
        fields = [(f"input/{p.name}", _type(p, dtype)) for p in ports.inputs]
        fields += [(f"hint/{p.name}", pa.list_(_type(p, dtype))) for p in self._hints]
        fields += [(f"output/{p.name}", _type(p, dtype)) for p in ports.outputs]
        about = {"task": program.name, "program": program.digest}
        self._schema = pa.schema([*fields, ("lengths", pa.int32())], metadata=about)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, trace: Trace) -> None:
        import pyarrow as pa

        encoder = Encoder.of(self._program, trace)
        for rows in self._turns(trace):
            columns = self._columns(encoder, rows)
            arrays = [columns[field.name].cast(field.type) for field in self._schema]
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))

    def close(self, least: int = 0) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._writer.close()

    def _turns(self, trace: Trace) -> Iterator[slice]:
        """The runs in turns of some, so that no hint of them has too many values."""
        frames = trace.frames if self._hints else 1
        ports = self._hints or self._program.interface.inputs
        widest = max(trace.batch.width**p.location.rank * max(trailing(p.kind), default=1) for p in ports)
        share = max(1, VALUES // (frames * widest))
        return (slice(start, start + share) for start in range(0, len(trace.batch), share))

    def _columns(self, encoder: Encoder, rows: slice) -> dict[str, Any]:
        """The columns of some runs."""
        import pyarrow as pa

        batch, ports = encoder.trace.batch, self._program.interface
        nodes, lengths = batch.sizes[rows], encoder.trace.lengths[rows]
        found = {}
        cut = partial(_lists, nodes=_array(nodes))
        for port in ports.inputs:
            found[f"input/{port.name}"] = cut(port, encoder.input(port, rows))
        for port in ports.outputs:
            found[f"output/{port.name}"] = cut(port, encoder.output(port, rows))
        for port in self._hints:
            frames = encoder.hint(port, slice(0, int(lengths.max())), rows)
            found[f"hint/{port.name}"] = cut(port, frames.swapaxes(0, 1), frames=_array(lengths))
        found["lengths"] = pa.array(_array(lengths))
        return found


def _type(port: Port, dtype: str) -> Any:
    """The type of a column of values of a port."""
    import pyarrow as pa

    found = pa.int32() if port.kind.refers else pa.int8()
    if isinstance(port.kind, Scalar):
        found = pa.float64() if dtype == "float64" else pa.float32()
    for _ in range(port.location.rank + len(trailing(port.kind))):
        found = pa.list_(found)
    return found


def _lists(port: Port, array: NDArray[Any], nodes: NDArray[Any], frames: NDArray[Any] | None = None) -> Any:
    """An array [B, (T,) *P, (W,)] as a column of B rows, cut to the frames and nodes that each run has."""
    counts = [] if frames is None else [frames]
    counts += [nodes] * port.location.rank
    counts += [np.full(len(array), width) for width in trailing(port.kind)]
    return nested(array, counts)


def nested(array: NDArray[Any], counts: list[NDArray[Any]]) -> Any:
    """A column of lists, of lists and so on, out of an array that is padded.

    Args:
        array: [B, *axes].
        counts: for each axis how much of it each row has, [B].
    """
    import pyarrow as pa

    kept = np.ones(array.shape, dtype=bool)
    for axis, count in enumerate(counts, start=1):
        inside = np.arange(array.shape[axis]) < count[:, None]
        kept &= inside.reshape(len(array), *[1] * (axis - 1), -1, *[1] * (array.ndim - axis - 1))
    column = pa.array(array.reshape(-1) if kept.all() else array[kept])
    for level in reversed(range(len(counts))):
        lists = np.prod(counts[:level], axis=0, dtype=np.int64) if level else np.ones(len(array), np.int64)
        offsets = np.concatenate([[0], np.cumsum(np.repeat(counts[level], lists))])
        column = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), column)
    return column


def _array(value: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = value.cpu().numpy()
    return array
