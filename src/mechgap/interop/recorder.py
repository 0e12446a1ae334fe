"""Writes traces that do not fit into memory as ``.npz`` files, part by part."""

from __future__ import annotations

import math
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphError
from ..lang.program import Port, Program
from ..semantics.trace import Trace
from .encoding import Encoder, is_small, trailing

BLOCK = 2**21
"""Values of a hint that are held at one time, at least one frame of the runs of a part."""


class AbstractRecorder(ABC):
    """Takes the runs of a program in parts, and makes one file of them.

    The file is whole once ``close`` has returned, and of no use before.
    """

    @abstractmethod
    def add(self, trace: Trace) -> None:
        """Take further runs, after those taken before."""

    @abstractmethod
    def close(self, least: int = 0) -> None:
        """Finish the file; hints that are padded get so many frames at least."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go of what is open; the file is not finished."""


class NpzRecorder(AbstractRecorder):
    """Makes one ``.npz`` file in the form of ``mechgap.interop.golden``.

    Runs come one after another, but a hint stands in the file frame after frame. So its frames are put
    aside beside the file, compressed, until the last run is there; memory holds a few frames at a time.
    Whole numbers up to 127 are written in one byte. Equal runs give equal bytes.

    Args:
        path: of the file; what is put aside is in a file whose name begins with the same.
        program: whose runs they are.
        count: how many runs there will be, exactly.
        hints: whether the file has hints; lengths it has in any case.
    """

    def __init__(self, path: Path, program: Program, count: int, *, hints: bool = True) -> None:
        ports = program.interface
        self._path = path
        self._program = program
        self._count = count
        self._width: int | None = None
        self._padded = False
        self._aside = path.with_name(f"{path.name}.aside").open("w+b")
        names = [f"input/{p.name}" for p in ports.inputs] + [f"output/{p.name}" for p in ports.outputs]
        self._columns = {name: _Column(self._aside) for name in (*names, "lengths", "sizes")}
        self._films = {port: _Column(self._aside) for port in ports.hints} if hints else {}

    def add(self, trace: Trace) -> None:
        self._check(trace)
        encoder, ports = Encoder.of(self._program, trace), self._program.interface
        arrays = {f"input/{port.name}": encoder.input(port) for port in ports.inputs}
        arrays |= {f"output/{port.name}": encoder.output(port) for port in ports.outputs}
        arrays["lengths"] = trace.lengths.cpu().numpy().astype(np.int32)
        arrays["sizes"] = trace.batch.sizes.cpu().numpy().astype(np.int32)
        for name, array in arrays.items():
            self._columns[name].add([array])
        for port, film in self._films.items():
            step = self._step(port)
            film.add(encoder.hint(port, slice(t, t + step)) for t in range(0, trace.frames, step))
        self._padded = self._padded or not bool(trace.batch.nodes.all())

    def close(self, least: int = 0) -> None:
        with zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, column in self._columns.items():
                if name != "sizes" or self._padded:
                    kept = name in ("lengths", "sizes")
                    dtype = column.type if kept else column.smallest
                    parts = (piece for part in column.parts for piece in part)
                    shape = (self._count, *column.shape[1:])
                    _write(archive, name, shape, dtype, map(column.read, parts))
            for port, film in self._films.items():
                frames = max(least, *(sum(piece.shape[0] for piece in part) for part in film.parts))
                shape = (frames, self._count, *film.shape[2:])
                _write(archive, f"hint/{port.name}", shape, film.smallest, self._reel(port, frames))
        self.abandon()

    def abandon(self) -> None:
        self._aside.close()
        Path(self._aside.name).unlink(missing_ok=True)

    def _check(self, trace: Trace) -> None:
        width = trace.batch.width
        if self._width not in (None, width):
            raise GraphError(
                f"{self._path.name}",
                f"runs with {self._width} and with {width} rows for nodes",
                "runs that are padded to one number of nodes",
                "write one file for each size, or join the batches",
            )
        self._width = width

    def _step(self, port: Port) -> int:
        """The number of frames of a hint, of all runs, that are held at one time."""
        assert self._width is not None
        values = math.prod((self._count, *[self._width] * port.location.rank, *trailing(port.kind)))
        return max(1, BLOCK // values)

    def _reel(self, port: Port, frames: int) -> Iterator[NDArray[Any]]:
        """The frames of a hint of all runs, in turns; zeros for runs that have halted."""
        film, step = self._films[port], self._step(port)
        for number, start in enumerate(range(0, frames, step)):
            turn, pieces = min(step, frames - start), []
            for part in film.parts:
                runs = part[0].shape[1]
                piece = film.read(part[number]) if number < len(part) else np.zeros(0, np.int8)
                if len(piece) < turn:
                    full = np.zeros((turn, runs, *film.shape[2:]), film.smallest)
                    full[: len(piece)] = piece.reshape(len(piece), *full.shape[1:])
                    piece = full
                if step == 1:  # the runs of one frame follow each other
                    yield piece
                else:
                    pieces.append(piece)
            if pieces:
                yield np.concatenate(pieces, axis=1, dtype=film.smallest, casting="unsafe")


def _write(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    parts: Iterable[NDArray[Any]],
) -> None:
    """Write an array whose rows come in parts."""
    info = zipfile.ZipInfo(f"{name}.npy")  # with no date, so that equal data are equal bytes
    info.compress_type = zipfile.ZIP_DEFLATED
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with archive.open(info, "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        for part in parts:
            member.write(np.ascontiguousarray(part, dtype=dtype).data.cast("B"))


@dataclass(frozen=True)
class _Piece:
    """Where a piece of an array was put aside."""

    place: int
    size: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class _Column:
    """An array that comes in parts of some runs each, each part in pieces, put aside in a file.

    Attributes:
        parts: the pieces of each part.
        type: that holds all values.
        small: whether all values are small whole numbers.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.parts: list[list[_Piece]] = []
        self.type: np.dtype[Any] = np.dtype(np.int8)
        self.small = True
        self._file = file

    def add(self, arrays: Iterable[NDArray[Any]]) -> None:
        """Put the pieces of the next part aside."""
        self.parts.append([self._kept(array) for array in arrays])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first piece."""
        return self.parts[0][0].shape

    @property
    def smallest(self) -> np.dtype[Any]:
        """The type to write: one byte if all values are small whole numbers."""
        return np.dtype(np.int8) if self.small else self.type

    def read(self, piece: _Piece) -> NDArray[Any]:
        """A piece that was put aside."""
        self._file.seek(piece.place)
        data = zlib.decompress(self._file.read(piece.size))
        return np.frombuffer(data, piece.dtype).reshape(piece.shape)

    def _kept(self, array: NDArray[Any]) -> _Piece:
        self.small = self.small and is_small(array)
        self.type = np.promote_types(self.type, array.dtype)
        data = zlib.compress(np.ascontiguousarray(array).data.cast("B"), 1)
        piece = _Piece(self._file.tell(), len(data), array.shape, array.dtype)
        self._file.write(data)
        return piece
