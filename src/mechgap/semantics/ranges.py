"""Checks that every number of a run is in its declared range, and every pointer at a node."""

from __future__ import annotations

from torch import Tensor

from ..errors import RangeError
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.program import Program
from .batch import Batch
from .facts import Facts
from .inputs import places
from .recording import Recording


def check_ranges(program: Program, batch: Batch, recording: Recording) -> None:
    """Check all frames of a run.

    Args:
        program: what was run.
        batch: its inputs.
        recording: its frames, in program units.

    Raises:
        RangeError: at the first value that is out of its range.
    """
    grounded = Facts.of(program).grounded
    smallest = int(batch.sizes.min())
    for variable in program.state:
        kind = variable.kind
        if isinstance(kind, Scalar):
            low, high = recording.extremes(variable.name)
            if not (low >= kind.low and high <= kind.high):
                value = recording.frames(variable.name)
                _refuse(program, batch, variable, value, (value >= kind.low) & (value <= kind.high))
        elif isinstance(kind, Pointer) and variable not in grounded:
            low, high = recording.extremes(variable.name)
            if low < 0 or high >= smallest:
                value = recording.frames(variable.name)
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
