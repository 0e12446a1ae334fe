"""The frames of a run, kept in few bytes and shown in the types that ``Batch`` describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from ..kinds.scalar import Scalar
from ..lang.expression import Variable


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
            kind = self._variables[name].kind
            self._wide[name] = recorded(kind, kind.unpack(self.packed[name], self._width))
        return self._wide[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def recorded(kind: object, value: Tensor) -> Tensor:
    """A value in recorded units, from one in program units."""
    if isinstance(kind, Scalar) and kind.unit != 1.0:
        return value * kind.unit
    return value
