"""Traces and inputs as ``.npz`` files, in the form in which traces of the CLRS benchmark are recorded.

Keys: ``input/NAME`` and ``output/NAME`` [B, …], ``hint/NAME`` [T, B, …] with zeros after a run's own
length, ``lengths`` [B], and ``sizes`` [B] if the graphs are padded to one number of nodes. Masks are
0 or 1; mask_ones and categoricals are one-hot (a categorical has a last axis for its categories);
pointers are numbers of nodes; scalars are recorded numbers. Where a mask or a categorical is not
defined, its entry (the one of the category) is -1.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import FileFormatError, GraphError
from ..kinds.kind import AbstractKind
from ..lang.location import Location
from ..lang.program import Port, Program
from ..semantics.batch import Batch
from ..semantics.defined import where_defined
from ..semantics.inputs import check_batch, places
from ..semantics.trace import Trace
from .encoding import trailing
from .recorder import NpzRecorder

Arrays = Mapping[str, NDArray[Any]]


def read_batch(path: str | Path, program: Program) -> Batch:
    """The inputs of a program from a file; hints and outputs may be absent.

    Raises:
        FileFormatError: if the file is no ``.npz`` file, or does not hold the inputs of the program.
    """
    path = Path(path)
    return _batch(path, _arrays(path), program)


def read_trace(path: str | Path, program: Program) -> Trace:
    """A recorded trace: inputs, every hint at every frame, lengths and outputs.

    Frames after a run's own length repeat its last one.

    Raises:
        FileFormatError: if the file is no ``.npz`` file, or does not hold a trace of the program.
    """
    path = Path(path)
    arrays = _arrays(path)
    batch = _batch(path, arrays, program)
    found = _get(path, arrays, "lengths", "the number of frames of each run")
    if found.shape != (len(batch),) or not (found >= 1).all():
        expected = f"one number of frames, at least 1, for each of {len(batch)} runs"
        raise _misfit(path, "lengths", f"{found.tolist()}", expected)
    lengths = torch.from_numpy(found.astype(np.int64))
    defined = where_defined(program, batch)
    arrays = _restored(arrays, program, defined)
    hints = {p.name: _hint(path, arrays, p, batch.nodes, lengths) for p in program.interface.hints}
    outputs = {
        p.name: _value(path, arrays, f"output/{p.name}", p, batch.nodes) for p in program.interface.outputs
    }
    return Trace(batch, hints, lengths, outputs, defined=defined)


def write_trace(path: str | Path, trace: Trace, program: Program) -> None:
    """Write the inputs, hints, lengths and outputs of a run of a program.

    The file appears as a whole or not at all.

    Raises:
        FileFormatError: if the file cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    recorder = None
    try:
        recorder = NpzRecorder(partial, program, len(trace.batch))
        recorder.add(trace)
        recorder.close()
        partial.replace(path)
    except OSError as error:
        if recorder is not None:
            recorder.abandon()
        partial.unlink(missing_ok=True)
        raise FileFormatError(
            str(path), str(error), "a place that can be written to", "choose another file"
        ) from error


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path):
            pass  # numpy would take other files for pickles, and say so
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise FileFormatError(str(path), "no such file", "an .npz file", "correct the path") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(
            str(path),
            f"{type(error).__name__}: {error}",
            "an .npz file of plain arrays, as numpy.savez writes them",
            "write the file again; it may be cut off, or hold Python objects, which are never loaded",
        ) from error


def _batch(path: Path, arrays: Arrays, program: Program) -> Batch:
    inputs = program.interface.inputs
    nodes = _nodes(path, arrays, program)
    values = {p.name: _value(path, arrays, f"input/{p.name}", p, nodes) for p in inputs}
    batch = Batch(values, nodes)
    try:
        check_batch(program, batch)
    except GraphError as error:
        fault = error.faults[0]
        raise FileFormatError(f"{path}, {fault.where}", fault.given, fault.expected, fault.remedy) from error
    return batch


def _nodes(path: Path, arrays: Arrays, program: Program) -> Tensor:
    """[B, N], which rows are nodes, as the first input of nodes or edges and ``sizes`` show."""
    shaped = [port for port in program.interface.inputs if port.location is not Location.GRAPH]
    if not shaped:
        raise FileFormatError(
            f"{path}, for program {program.name}",
            "no input of nodes or edges",
            "one that shows the number of nodes",
            "read the inputs with numpy and build a Batch",
        )
    key = f"input/{shaped[0].name}"
    model = _get(path, arrays, key, _shape_words(shaped[0]))
    if model.ndim < 2 or 0 in model.shape:
        raise _misfit(path, key, f"shape {model.shape}", f"shape {_shape_words(shaped[0])}")
    count, width = model.shape[:2]
    sizes = arrays.get("sizes", np.full(count, width))
    if sizes.shape != (count,) or not ((sizes >= 1) & (sizes <= width)).all():
        raise _misfit(path, "sizes", f"{sizes.tolist()}", f"{count} numbers of nodes from 1 to {width}")
    return torch.arange(width)[None, :] < torch.from_numpy(sizes.astype(np.int64))[:, None]


def _hint(path: Path, arrays: Arrays, port: Port, nodes: Tensor, lengths: Tensor) -> Tensor:
    """A hint [T, B, …]; its frames after a run's length repeat its last one."""
    key, frames = f"hint/{port.name}", int(lengths.max())
    array = _get(path, arrays, key, _shape_words(port, "T"))
    if array.ndim < 2 or array.shape[0] < frames or array.shape[1] != len(nodes):
        raise _misfit(
            path,
            key,
            f"shape {array.shape}",
            f"{_shape_words(port, 'T')} with T = {frames}, B = {len(nodes)}",
        )
    last = torch.minimum(torch.arange(frames)[:, None], lengths - 1).numpy()
    filled = array[last, np.arange(len(nodes))]
    flat = _value(path, {key: filled.reshape(-1, *filled.shape[2:])}, key, port, nodes.repeat(frames, 1))
    return flat.reshape(frames, len(nodes), *flat.shape[1:])


def _value(path: Path, arrays: Arrays, key: str, port: Port, nodes: Tensor) -> Tensor:
    """One value of the file as a tensor of its kind."""
    array = _get(path, arrays, key, _shape_words(port))
    count, width = nodes.shape
    shape = (count, *[width] * port.location.rank)
    if array.shape != (*shape, *trailing(port.kind)):
        raise _misfit(
            path, key, f"shape {array.shape}", f"shape {_shape_words(port)} with B = {count}, N = {width}"
        )
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise _misfit(
            path, key, f"{array.dtype} values, some not finite", f"finite numbers for a {_words(port)}"
        )
    value = _read(port.kind, array, nodes)
    wrong = _written(port.kind, value, nodes) != array
    real = _spread(places(port.location, nodes).numpy(), wrong.ndim)
    if (wrong & real).any():
        entry = array[tuple(np.argwhere(wrong & real)[0][: len(shape)])]
        raise _misfit(path, key, f"the entry {entry.tolist()}", f"a {_words(port)}")
    return value


def _get(path: Path, arrays: Arrays, key: str, wanted: str) -> NDArray[Any]:
    if key not in arrays:
        raise FileFormatError(
            str(path),
            f"no array {key!r}; it has {', '.join(sorted(arrays)) or 'none'}",
            f"{key!r}: {wanted}",
            "add the array, or choose the program whose trace the file holds",
        )
    return arrays[key]


def _read(kind: AbstractKind, array: NDArray[Any], nodes: Tensor) -> Tensor:
    """The values that an array of a file stands for."""
    value = torch.from_numpy(array.astype(np.int64 if kind.refers else np.float64))
    if kind.refers:
        return value
    return kind.decode(value if kind.width > 1 else value[..., None], nodes)


def _written(kind: AbstractKind, value: Tensor, nodes: Tensor) -> NDArray[Any]:
    """The array that stands for values in a file."""
    if not kind.refers:
        value = kind.features(value, nodes)
        value = value if kind.width > 1 else value[..., 0]
    array: NDArray[Any] = value.cpu().numpy()
    return array


def _restored(arrays: Arrays, program: Program, defined: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    """The arrays with the values that stand behind each -1 where a value is not defined."""
    found = dict(arrays)
    keys = {f"hint/{p.name}": p for p in program.interface.hints}
    keys |= {f"output/{p.name}": p for p in program.interface.outputs}
    for key, port in keys.items():
        if port.name in defined and key in found:
            array, outside = found[key], ~defined[port.name].numpy()
            outside = outside.reshape(outside.shape + (1,) * len(trailing(port.kind)))
            places = outside.ndim - len(trailing(port.kind))
            if array.shape[-outside.ndim :][:places] != outside.shape[:places]:
                continue  # the misfit is reported where the array is read
            shown = np.abs(array) if port.kind.width > 1 else np.maximum(array, 0)
            found[key] = np.where(outside, shown, array)
    return found


def _spread(mask: NDArray[Any], rank: int) -> NDArray[Any]:
    return mask.reshape(mask.shape + (1,) * (rank - mask.ndim))


def _words(port: Port) -> str:
    return f"{port.location.value} {port.kind.describe()}"


def _shape_words(port: Port, *before: str) -> str:
    axes = (*before, "B", *["N"] * port.location.rank, *map(str, trailing(port.kind)))
    return f"[{', '.join(axes)}], a {_words(port)}"


def _misfit(path: Path, key: str, given: str, expected: str) -> FileFormatError:
    return FileFormatError(f"{path}, array {key!r}", given, expected, "correct the array")
