"""Gate 1, trace: are the variables right at every frame, through the subject's own decoder?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ..kinds.scalar import Scalar
from ..lang.location import Location
from ..lang.program import Port
from ..semantics.batch import Batch
from ..semantics.trace import Trace
from .admissible import member
from .bootstrap import Clusters, mean_of
from .score import Score, score


@dataclass(frozen=True)
class TraceScores:
    """The trace errors of one run.

    Attributes:
        scores: "error" over all variables without distances, and one "error/<variable>" for each.
        curves: variable -> its error at frame 1, 2, …
    """

    scores: dict[str, Score]
    curves: dict[str, tuple[Score, ...]]


def trace_errors(
    trace: Trace,
    exact: Trace,
    hints: tuple[Port, ...],
    choices: Mapping[str, Tensor],
    defined: Mapping[str, Tensor] | None = None,
) -> TraceScores:
    """The error of every hint: share of wrong places, or mean absolute error of a scalar.

    A place is a node, a pair of nodes or a graph, by the variable's location; a mask_one is one
    place of a graph. Frame 0 is left out, because networks without a prologue are given it.

    Args:
        trace: the run that is measured.
        exact: the program's own run on the same batch.
        hints: the variables to compare.
        choices: node pointer -> [T, B, N, N], all its admissible targets; any of them is right.
        defined: variable -> [B, *P], the places where it is defined, if it is not everywhere; others
            do not count.
    """
    live = exact.live.clone()
    live[0] = False
    scores, curves, shared = {}, {}, []
    for port in hints:
        error = _errors(port, trace.values[port.name], exact.values[port.name], choices.get(port.name))
        mask = _places(port.location, exact.batch) & live.reshape(*live.shape, *[1] * (error.dim() - 2))
        if defined and port.name in defined:
            mask = mask & defined[port.name]
        note = _note(port, port.name in choices)
        whole, name = Clusters.of(error, mask, axis=1), f"error/{port.name}"
        scores[name] = score(name, whole, 0.0, note=note)
        curves[port.name] = tuple(
            score(f"{name}, frame {frame}", Clusters.of(error[frame], mask[frame]), 0.0, note=note)
            for frame in range(1, exact.frames)
        )
        if not isinstance(port.kind, Scalar) and scores[name].known:
            shared.append(whole)
    if shared:
        count = int(sum(whole.denominator.sum() for whole in shared))
        note = "mean over the variables that are not numbers"
        scores = {"error": score("error", mean_of(shared), 0.0, note=note, n=count), **scores}
    return TraceScores(scores, curves)


def _errors(port: Port, predicted: Tensor, truth: Tensor, choices: Tensor | None) -> Tensor:
    """[T, B, *P]"""
    if choices is None:
        return port.kind.error(predicted, truth)
    return (~member(choices, predicted)).float()


def _places(location: Location, batch: Batch) -> Tensor:
    """[1, B, *P], the real places of a location."""
    if location is Location.EDGE:
        return batch.pairs[None]
    return batch.nodes[None] if location is Location.NODE else batch.nodes.any(1)[None]


def _note(port: Port, tracked: bool) -> str:
    if isinstance(port.kind, Scalar):
        return "mean absolute error, in recorded units"
    return "share of wrong places; any admissible target is right" if tracked else "share of wrong places"
