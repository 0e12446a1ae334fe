"""Batches out of arrays in the layout of the CLRS benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import Fault, GraphError
from ..kinds.kind import AbstractKind
from ..lang.location import Location
from ..lang.program import Port, Program
from ..semantics.batch import Batch
from ..semantics.inputs import check_batch
from .encoding import encoded, trailing

Arrays = Mapping[str, NDArray[Any]]


def clrs_batch(program: Program, arrays: Arrays, dtype: torch.dtype = torch.float64) -> Batch:
    """The inputs of a program out of the arrays of ``clrs_inputs``, ``clrs_dataset`` or ``clrs_split``.

    Args:
        program: whose inputs are wanted; arrays that it does not read are ignored.
        arrays: by name of the input, [B, N], [B, N, N] or [B], in the layout of the benchmark: masks are
            0 or 1, mask_ones and categoricals one-hot (the latter along a last axis).
        dtype: of the scalars; in float32 runs no longer agree with recorded ones to 1e-5 everywhere.

    Returns:
        A batch without padding, in the types that ``Batch`` describes.

    Raises:
        GraphError: if an array is missing or is not what the program declares; it lists every fault.
    """
    inputs = program.interface.inputs
    faults = [
        _fault(program, p, "no array", f"one of shape {_axes(p)}") for p in inputs if p.name not in arrays
    ]
    if faults:
        raise GraphError.of(faults)
    nodes = _nodes(program, arrays)
    values = {}
    for port in inputs:
        found = _value(port, np.asarray(arrays[port.name]), nodes)
        if isinstance(found, Tensor):
            values[port.name] = found.to(dtype) if found.is_floating_point() else found
        else:
            faults.append(_fault(program, port, *found))
    if faults:
        raise GraphError.of(faults)
    batch = Batch(values, nodes)
    check_batch(program, batch)
    return batch


def _nodes(program: Program, arrays: Arrays) -> Tensor:
    """[B, N], all true, as long as the first input of nodes or edges shows."""
    for port in program.interface.inputs:
        shape = np.shape(arrays[port.name])
        if port.location is not Location.GRAPH and len(shape) >= 2 and 0 not in shape:
            return torch.ones(shape[:2], dtype=torch.bool)
    raise GraphError(
        f"program {program.name}, its inputs",
        "no array of nodes or edges",
        "one that shows the number of graphs and of nodes, [B, N] or [B, N, N]",
        "give the inputs as a CLRS sampler draws them",
    )


def _value(port: Port, array: NDArray[Any], nodes: Tensor) -> Tensor | tuple[str, str]:
    """The value that an array stands for, or what is given and expected if it stands for none."""
    count, width = nodes.shape
    shape = (count, *[width] * port.location.rank, *trailing(port.kind))
    if array.shape != shape or array.dtype.kind not in "biuf":
        return f"{array.dtype} values of shape {list(array.shape)}", f"numbers of shape {list(shape)}"
    if not np.isfinite(array).all():
        return "numbers that are not finite", "finite numbers"
    value = _decoded(port.kind, array, nodes)
    wrong = np.argwhere(encoded(port.kind, value, nodes) != array)
    if len(wrong):
        place = tuple(wrong[0, : 1 + port.location.rank].tolist())
        entry = array[place].tolist()
        return f"{entry} at {list(place)}", f"a {port.location.value} {port.kind.describe()}"
    return value


def _decoded(kind: AbstractKind, array: NDArray[Any], nodes: Tensor) -> Tensor:
    value = torch.from_numpy(array.astype(np.int64 if kind.refers else np.float64))
    if kind.refers:
        return value
    return kind.decode(value if kind.width > 1 else value[..., None], nodes)


def _axes(port: Port) -> str:
    return f"[{', '.join(('B', *['N'] * port.location.rank, *map(str, trailing(port.kind))))}]"


def _fault(program: Program, port: Port, given: str, expected: str) -> Fault:
    where = f"program {program.name}, array {port.name!r}"
    return Fault(where, given, expected, "give the inputs as a CLRS sampler draws them")
