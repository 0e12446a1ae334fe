"""Values as they stand in files: masks 0 or 1, mask_ones and categoricals one-hot, pointers as numbers.

The form is that of recorded traces of the CLRS benchmark (see ``mechgap.interop.golden``): where a mask or
a categorical is not defined, its entry (the one of the category) is -1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..kinds.kind import AbstractKind
from ..lang.program import Port, Program
from ..semantics.defined import where_defined
from ..semantics.frames import Frames, recorded
from ..semantics.trace import Trace


def encoded(kind: AbstractKind, value: Tensor, nodes: Tensor) -> NDArray[Any]:
    """The array of a value, a categorical with a last axis of categories.

    Args:
        kind: of the value.
        value: [..., B, *P] in the types that ``Batch`` describes.
        nodes: [B, N].

    Returns:
        int8 for truth values, categories, and pointers among up to 127 nodes; int16 or int32 for other
        pointers; the type of the value for scalars.
    """
    if kind.refers:
        return _array(value).astype(pointer_dtype(nodes.shape[1]))
    if value.dtype == torch.bool:
        return _array(value).view(np.int8)
    features = kind.features(value, nodes)
    array = _array(features if kind.width > 1 else features[..., 0])
    return array if value.is_floating_point() else array.astype(np.int8)


def pointer_dtype(width: int) -> np.dtype[Any]:
    """The type of pointers among that many nodes, in files; it holds -1 and ``width`` too."""
    return np.min_scalar_type(-max(width, 1) - 1)


def trailing(kind: AbstractKind) -> tuple[int, ...]:
    """The axes of an array after those of the location."""
    return (kind.width,) if kind.width > 1 else ()


def is_small(array: NDArray[Any]) -> bool:
    """Whether all values are whole numbers that one byte holds, from -127 to 127."""
    most = np.iinfo(np.int8).max
    return bool(((np.abs(array) <= most) & (array == np.floor(array))).all())


@dataclass(frozen=True)
class Encoder:
    """The arrays of a trace of a program, part by part.

    Attributes:
        trace: the trace.
        defined: the hints and outputs that are not defined everywhere -> where they are.
    """

    trace: Trace
    defined: Mapping[str, Tensor]

    @classmethod
    def of(cls, program: Program, trace: Trace) -> Encoder:
        """The encoder of a trace of that program."""
        return cls(trace, where_defined(program, trace.batch))

    def input(self, port: Port, rows: slice = slice(None)) -> NDArray[Any]:
        """The array of an input, [B', …], of some runs."""
        return encoded(port.kind, self.trace.batch.values[port.name][rows], self._nodes(rows))

    def output(self, port: Port, rows: slice = slice(None)) -> NDArray[Any]:
        """The array of an output, [B', …], of some runs."""
        array = encoded(port.kind, self.trace.outputs[port.name][rows], self._nodes(rows))
        return self._blanked(port, array, rows)

    def hint(self, port: Port, frames: slice, rows: slice = slice(None)) -> NDArray[Any]:
        """The array of some frames of a hint, [T', B', …], of some runs; zeros past a run's own length."""
        values = self.trace.values
        if isinstance(values, Frames):  # widened only as far as is wanted
            packed = port.kind.unpack(values.packed[port.name][frames, rows], self.trace.batch.width)
            value = recorded(port.kind, packed)
        else:
            value = values[port.name][frames, rows]
        array = self._blanked(port, encoded(port.kind, value, self._nodes(rows)), rows)
        lengths = _array(self.trace.lengths[rows])
        live = np.arange(self.trace.frames)[frames, None] < lengths
        live = live.reshape(live.shape + (1,) * (array.ndim - live.ndim))
        return array if live.all() else np.where(live, array, array.dtype.type(0))

    def _nodes(self, rows: slice) -> Tensor:
        return self.trace.batch.nodes[rows]

    def _blanked(self, port: Port, array: NDArray[Any], rows: slice) -> NDArray[Any]:
        """The array as it is written where the value is not defined: -1 (of one-hot values, for the 1)."""
        if port.name not in self.defined:
            return array
        outside = ~_array(self.defined[port.name][rows])
        blank = array.dtype.type(-1)
        if port.kind.width > 1:
            return np.where(outside[..., None], blank * array, array)
        return np.where(outside, blank, array)


def _array(value: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = value.detach().cpu().numpy()
    return array
