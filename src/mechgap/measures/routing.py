"""Gate 2, routing: does attention go where some exact realisation could have sent it?

Attention of all rounds and heads is one axis of *channels*, round by round. A channel is always
chosen once for a whole measurement, never row by row, and the score says which.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..semantics.trace import Selection, Trace
from .bootstrap import Clusters, mean_of
from .score import Score, score

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Attention:
    """The attention of a run.

    Attributes:
        channels: weights as (receiver, sender); T1 is the number of steps T - 1.
        labels: the name of each channel.
    """

    channels: Float[Tensor, "C T1 B N N"]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, trace: Trace) -> Attention | None:
        """The attention recorded in a trace; None if there is none."""
        if not any(matrix.shape[2] for matrix in trace.attention):
            return None
        parts = [matrix.transpose(1, 2).transpose(0, 1) for matrix in trace.attention]
        labels = [
            f"round {number}, head {head}"
            for number, part in enumerate(parts, start=1)
            for head in range(1, len(part) + 1)
        ]
        return cls(torch.cat(parts), tuple(labels))


def admissible_routing(trace: Trace, exact: Trace) -> dict[str, Score]:
    """Attention mass off the admissible set, 1 - p(S), and whether the largest weights lie in S.

    Only rows count in which the program selects among senders and the choice can change the next
    frame. For every selection of the program the channel with the smallest gap is taken.

    Args:
        trace: the run that is measured, with attention.
        exact: the interpreter's run on the same batch, with selections.

    Returns:
        "gap", "top1" and "overlap" over all selections (each weighs the same), and "gap/<selection>",
        "top1/<selection>", "overlap/<selection>"; nothing if there is no attention or no selection among
        senders.
    """
    attention = Attention.of(trace)
    gaps, tops, overlaps, found, note = [], [], [], {}, ""
    for name, selection in selections_at_nodes(exact).items():
        rows = _rows(exact) & selection.active
        if attention is None or not bool(rows.any()):
            continue
        missed = [Clusters.of(gap, rows, axis=1) for gap in _off(attention.channels, selection.admissible)]
        best = min(range(len(missed)), key=lambda channel: missed[channel].ratio)
        top = attention.channels[best].argmax(-1, keepdim=True)
        inside = Clusters.of(selection.admissible.gather(-1, top)[..., 0], rows, axis=1)
        note = f"best of {len(missed)}: {attention.labels[best]}"
        found[f"gap/{name}"] = score(f"gap/{name}", missed[best], 0.0, note=note)
        found[f"top1/{name}"] = score(f"top1/{name}", inside, 1.0, note=note)
        shared = _overlap(attention.channels[best], selection.admissible)
        overlap = Clusters.of(shared, rows, axis=1)
        found[f"overlap/{name}"] = score(f"overlap/{name}", overlap, 1.0, note=note)
        gaps.append(missed[best])
        tops.append(inside)
        overlaps.append(overlap)
    if not gaps:
        return {}
    count = int(sum(part.denominator.sum() for part in gaps))
    note = note if len(gaps) == 1 else f"mean of {len(gaps)} selections"
    whole = {
        "gap": score("gap", mean_of(gaps), 0.0, note=note, n=count),
        "top1": score("top1", mean_of(tops), 1.0, note=note, n=count),
        "overlap": score("overlap", mean_of(overlaps), 1.0, note=note, n=count),
    }
    return {**whole, **found}


def matched_routing(trace: Trace, reference: Trace, exact: Trace) -> dict[str, Score]:
    """Distance to the attention of one particular reference network.

    Every channel of the reference is compared with the channel of the subject that is closest to
    it; the figure is the mean over the channels of the reference.

    Args:
        trace: the run that is measured, with attention.
        reference: the run of the reference network on the same batch.
        exact: the interpreter's run, with selections; it says which rows are active.

    Returns:
        "norm" (legacy): mean over graphs and steps of |alpha - alpha*|_F / sqrt(2 n), all rows;
        "jsd/all" and "jsd/active": Jensen-Shannon divergence of rows, in bits.
    """
    mine, other = Attention.of(trace), Attention.of(reference)
    if mine is None or other is None:
        return {}
    rows = _rows(exact)
    active = torch.zeros_like(rows)
    for selection in selections_at_nodes(exact).values():
        active = active | selection.active
    steps = exact.live[1:]
    norms, everywhere, acting = [], [], []
    for wanted in other.channels:
        norms.append(_closest([_frobenius(c, wanted, exact) for c in mine.channels], steps))
        divergences = [_jsd(channel, wanted) for channel in mine.channels]
        everywhere.append(_closest(divergences, rows))
        acting.append(_closest(divergences, rows & active))
    note = f"mean over {len(norms)} reference heads" if len(norms) > 1 else ""
    legacy = "all rows, also those that decide nothing; zero for one reference only"
    named = {
        "norm": replace(_pooled("norm", norms, f"{legacy}; {note}".strip("; ")), legacy=True),
        "jsd/all": _pooled("jsd/all", everywhere, note),
        "jsd/active": _pooled("jsd/active", acting, note),
    }
    return {name: value for name, value in named.items() if value.known}


def selections_at_nodes(exact: Trace) -> Mapping[str, Selection]:
    """The selections among senders; those over all nodes of a graph have no attention row."""
    return {name: s for name, s in exact.selections.items() if s.admissible.dim() == 4}


def _rows(exact: Trace) -> Bool[Tensor, "T1 B N"]:
    """The rows of real nodes in steps that take place."""
    return exact.live[1:, :, None] & exact.batch.nodes[None]


def _off(
    channels: Float[Tensor, "C T1 B N N"], admissible: Bool[Tensor, "T1 B N N"]
) -> Float[Tensor, "C T1 B N"]:
    """Attention mass off the admissible set."""
    return (channels * ~admissible).sum(-1)


def _overlap(
    weights: Float[Tensor, "T1 B N N"], admissible: Bool[Tensor, "T1 B N N"]
) -> Float[Tensor, "T1 B N"]:
    """Of the |S| largest weights that are not zero, the share in S."""
    rank = weights.argsort(dim=-1, descending=True, stable=True).argsort(-1)
    largest = (rank < admissible.sum(-1, keepdim=True)) & (weights > 0)
    shared: Tensor = (largest & admissible).sum(-1) / largest.sum(-1).clamp(min=1)
    return shared


def _frobenius(
    left: Float[Tensor, "T1 B N N"], right: Float[Tensor, "T1 B N N"], exact: Trace
) -> Float[Tensor, "T1 B"]:
    """Distance of two attention matrices, divided by the largest one that there can be."""
    pairs = exact.batch.pairs.transpose(1, 2)
    squares = torch.where(pairs, (left - right).double().square(), 0.0).sum((-1, -2))
    return (squares / (2.0 * exact.batch.sizes)).sqrt()


def _jsd(left: Float[Tensor, "*S N"], right: Float[Tensor, "*S N"]) -> Float[Tensor, "*S"]:
    """Jensen-Shannon divergence of distributions along the last axis, in bits."""
    left, right = left.double(), right.double()
    middle = (left + right) / 2
    logs = torch.xlogy(left, left) + torch.xlogy(right, right) - 2 * torch.xlogy(middle, middle)
    return (logs.sum(-1) / (2 * math.log(2))).clamp(0, 1)


def _closest(cells: list[Tensor], mask: Tensor) -> Clusters:
    """The cells [T-1, B, …] of the channel whose mean is smallest, summed for every graph."""
    return min((Clusters.of(cell, mask, axis=1) for cell in cells), key=lambda clusters: clusters.ratio)


def _pooled(name: str, parts: list[Clusters], note: str) -> Score:
    known = [part for part in parts if part.denominator.sum()]
    if not known:
        return score(name, parts[0], 0.0)
    return score(name, mean_of(known), 0.0, note=note, n=int(known[0].denominator.sum()))
