"""The frames of a run, kept in few bytes and shown in the types that ``Batch`` describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from .room import LARGE, check_room

_WIDEST = 8
"""Bytes of a value in recorded units; a mask of one node has a byte for each node."""


class Frames(Mapping[str, Tensor]):
    """Every variable at every frame: name -> [T, B, …], in recorded units.

    A variable is widened when it is first asked for, and then kept.

    Attributes:
        packed: name -> the values as they are kept (see ``AbstractKind.pack``), in program units; what
            never changes is one frame, expanded.

    Args:
        packed: see above.
        variables: the state variables of the program.
        width: the number N of rows for nodes.
    """

    def __init__(self, packed: Mapping[str, Tensor], variables: tuple[Variable, ...], width: int) -> None:
        self.packed = packed
        self._variables = {variable.name: variable for variable in variables}
        self._width = width
        self._wide: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._wide:
            packed = self.packed[name]
            if packed.numel() * max(_WIDEST, self._width) > LARGE and packed.device.type == "cpu":
                frames, runs = packed.shape[:2]
                one = self._widened(name, packed[:1])
                needed = 0 if one.data_ptr() == packed.data_ptr() else frames * one.nbytes
                check_room(needed, f"frames of {name}", f"{frames} frames of {runs} runs")
            self._wide[name] = self._widened(name, packed)
        return self._wide[name]

    def _widened(self, name: str, packed: Tensor) -> Tensor:
        kind = self._variables[name].kind
        return recorded(kind, kind.unpack(packed, self._width))

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def recorded(kind: object, value: Tensor) -> Tensor:
    """A value in recorded units, from one in program units."""
    if isinstance(kind, Scalar) and kind.unit != 1.0:
        return value * kind.unit
    return value
