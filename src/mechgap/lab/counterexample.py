"""The smallest graph on which a network differs from the interpreter, and what goes wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..compiler.variables import held
from ..errors import MechgapError
from ..interop.golden import write_trace
from ..lang.location import Location
from ..nets.rollout import RolloutOptions, rollout
from ..semantics.batch import Batch
from ..semantics.interpreter import interpret
from ..tasks.task import Task
from .divergence import BY_RANK, Divergence, operation_at
from .parity import certified_errors
from .shrinking import MOST_TRIES, Place, Shrinking
from .verification import ATOL, compare_runs

if TYPE_CHECKING:
    from torch import Tensor

    from ..compiler.layout import Layout
    from ..lang.expression import Variable
    from ..nets.network import Network
    from ..semantics.trace import Trace


@dataclass(frozen=True)
class Suspect:
    """A compiled network that differs from the interpreter somewhere.

    Attributes:
        task: what it should compute.
        network: what computes it.
        layout: where its variables are in the hidden vectors.
        atol: the largest difference of numbers that counts as none.
    """

    task: Task
    network: Network
    layout: Layout
    atol: float = ATOL


@dataclass(frozen=True)
class Counterexample:
    """A small graph on which a network differs from the interpreter.

    Attributes:
        exact: the interpreter's run on it.
        divergence: where the runs first differ.
        readout: whether the hidden vector holds the right value there, so that only its readout is
            wrong; None for what no hidden vector holds.
        tried: how many graphs were tried.
    """

    exact: Trace
    divergence: Divergence
    readout: bool | None
    tried: int

    @property
    def batch(self) -> Batch:
        """The graph."""
        return self.exact.batch

    def to_json(self) -> dict[str, Any]:
        """The finding as plain data; the graph is for a file."""
        found = {"nodes": self.batch.width, "inputs": dict(described(self.exact.batch)), "tried": self.tried}
        return {**found, "divergence": vars(self.divergence), "readout": self.readout}


def find_counterexample(suspect: Suspect, batch: Batch, tries: int = MOST_TRIES) -> Counterexample:
    """Shrink a failing graph as long as it fails, and say what goes wrong on it.

    Args:
        suspect: the network.
        batch: one graph on which it differs.
        tries: how many graphs are tried at most.
    """

    def fails(candidate: Batch) -> bool:
        try:
            suspect.task.check(candidate)
            return compare_runs(suspect.task, suspect.network, candidate, suspect.atol).mismatches > 0
        except MechgapError:
            return False

    shrinking = Shrinking(suspect.task.program, batch, fails, tries)
    return _diagnosed(suspect, shrinking.run(), shrinking.tried)


def write_counterexample(path: Path | str, suspect: Suspect, found: Counterexample) -> None:
    """Write the graph with the interpreter's run on it, for `mechgap trace` and `mechgap verify`.

    Raises:
        FileFormatError: if the file cannot be written.
    """
    write_trace(path, found.exact, suspect.task.program)


def described(batch: Batch) -> Iterator[tuple[str, str]]:
    """The inputs of one graph in words: name, and what is not zero where."""
    for name, values in batch.values.items():
        value = values[0]
        if not value.dim():
            yield name, f"{value.item():g}"
            continue
        words = [_word(tuple(map(int, place)), value) for place in value.nonzero()]
        yield name, ", ".join(words) or "none"


def _word(place: Place, value: Tensor) -> str:
    spot = " -> ".join(map(str, place))
    return spot if value.dtype == torch.bool else f"{spot}: {value[place].item():g}"


def _diagnosed(suspect: Suspect, batch: Batch, tried: int) -> Counterexample:
    program = suspect.task.program
    visible = compare_runs(suspect.task, suspect.network, batch, suspect.atol).divergence
    assert visible is not None
    exact = interpret(program, batch)
    hidden = _first_in_hidden(suspect, exact)
    if hidden is not None and _earlier(hidden, visible):
        return Counterexample(exact, hidden, False, tried)
    hints = {variable.name for variable in program.hints}
    return Counterexample(exact, visible, True if visible.variable in hints else None, tried)


def _earlier(hidden: Divergence, visible: Divergence) -> bool:
    """Whether what the hidden vector holds wrongly explains what is seen."""
    return hidden.step <= visible.step


def _first_in_hidden(suspect: Suspect, exact: Trace) -> Divergence | None:
    """The first state variable, internal ones too, that the hidden vectors hold wrongly."""
    program, layout = suspect.task.program, suspect.layout
    options = RolloutOptions(lengths=exact.lengths, hidden=True)
    trace = rollout(suspect.network, exact.batch, options)
    assert trace.hidden is not None
    errors = certified_errors(program)
    for step in range(exact.frames):
        for variable in program.state:
            if variable.name not in layout.variables or variable.location not in BY_RANK[:2]:
                continue
            found = held(layout, variable, trace.hidden[step])
            tolerance = suspect.atol + errors.get(variable.name, 0.0)
            wrong = _wrong(variable, found, exact.values[variable.name][step], tolerance)
            if wrong is not None:
                nodes, values = wrong
                divergence = Divergence(0, step, nodes, variable.name, *values)
                return operation_at(program, exact, divergence)
    return None


def _wrong(
    variable: Variable, found: Tensor, truth: Tensor, atol: float
) -> tuple[Place, tuple[float, float]] | None:
    """The first place at which a value of one graph differs, and the two values."""
    if variable.location is Location.GRAPH:  # every node holds it
        truth = truth[:, None].expand(found.shape)
    wrong = ~variable.kind.agreement(found, truth, atol)
    if not bool(wrong.any()):
        return None
    # The nodes of a mask_one are wrong together; those whose own value differs say more.
    own = wrong & (found != truth)
    first = tuple(map(int, (own if bool(own.any()) else wrong).nonzero()[0]))
    nodes = () if variable.location is Location.GRAPH else first[1:]
    return nodes, (float(found[first]), float(truth[first]))
