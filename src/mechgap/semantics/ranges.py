"""Checks that every number of a run is in its declared range, and every pointer at a node."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import RangeError
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.program import Program
from .batch import Batch
from .facts import Facts
from .inputs import places


def check_ranges(program: Program, batch: Batch, packed: Mapping[str, Tensor]) -> None:
    """Check all frames of a run.

    Args:
        program: what was run.
        batch: its inputs.
        packed: name of a state variable -> [T, B, …] in program units.

    Raises:
        RangeError: at the first value that is out of its range.
    """
    grounded = Facts.of(program).grounded
    for variable in program.state:
        value, kind = packed[variable.name], variable.kind
        value = value[:1] if value.stride(0) == 0 else value
        if isinstance(kind, Scalar):
            low, high = torch.aminmax(value)
            if not (float(low) >= kind.low and float(high) <= kind.high):
                inside = (value >= kind.low) & (value <= kind.high)
                _refuse(program, batch, variable, value, inside)
        elif isinstance(kind, Pointer) and variable not in grounded:
            low, high = torch.aminmax(value)
            if int(low) < 0 or int(high) >= int(batch.sizes.min()):
                sizes = batch.sizes.reshape(-1, *[1] * variable.location.rank)
                _refuse(program, batch, variable, value, (value >= 0) & (value < sizes))


def _refuse(program: Program, batch: Batch, variable: Variable, value: Tensor, inside: Tensor) -> None:
    """Raise if a value of a node (not of padding) is outside."""
    inside = inside | ~places(variable.location, batch.nodes)
    if bool(inside.all()):
        return
    place = (~inside).nonzero()[0].tolist()
    names = ("frame", "graph", *(["node"] if len(place) == 3 else ["sender", "receiver"]))
    spot = ", ".join(f"{n} {i}" for n, i in zip(names, place, strict=False))
    kind = variable.kind
    if isinstance(kind, Scalar):
        expected = f"a number in [{kind.low:g}, {kind.high:g}], as the variable declares"
        remedy = "use smaller inputs, or widen the range in the program (and compile it again)"
    else:
        expected = "the index of a node of the graph"
        remedy = "guard node_at(…) with where(), so that no pointer to nowhere is stored"
    raise RangeError(
        f"program {program.name}, variable {variable.name}, {spot}",
        f"the value {value[tuple(place)].item():g}",
        expected,
        remedy,
    )
