"""Of what the legacy norm is made: rows of attention that decide something, and rows that decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..measures.bootstrap import Clusters, mean_of
from ..measures.routing import Attention, selections_at_nodes
from ..measures.score import Score, score

if TYPE_CHECKING:
    from torch import Tensor

    from ..semantics.trace import Trace


def norm_parts(trace: Trace, reference: Trace, exact: Trace) -> dict[str, Score]:
    """What the rows of attention add to the legacy norm, by whether they are active.

    For a row a and the reference's row r, |a − r|² = |a|² + |r|² − 2 a·r: sharp rows that look elsewhere
    cost up to 2, even ones about 1. Each channel of the reference stands beside the channel that is
    nearest to it; figures are means over the channels of the reference.

    Args:
        trace: the run that is measured, with attention.
        reference: the run of the reference network on the same batch.
        exact: the interpreter's run, with selections.

    Returns:
        For "idle" and "active" rows: "square/…", the mean of |a − r|²; "sharpness/…", of |a|², which is 1
        for a single choice; "overlap/…", of a·r. Nothing without attention or rows of a kind.
    """
    mine, other = Attention.of(trace), Attention.of(reference)
    rows = exact.live[1:, :, None] & exact.batch.nodes[None]
    active = torch.zeros_like(rows)
    for selection in selections_at_nodes(exact).values():
        active = active | (selection.active & rows)
    if mine is None or other is None:
        return {}
    pairs = [(_nearest(mine, wanted.double(), rows), wanted.double()) for wanted in other.channels]
    found = {}
    for name, kept in (("idle", rows & ~active), ("active", active)):
        if not bool(kept.any()):
            continue
        outcomes = {
            f"square/{name}": ([(own - wanted).square().sum(-1) for own, wanted in pairs], 0.0),
            f"sharpness/{name}": ([own.square().sum(-1) for own, _ in pairs], float("nan")),
            f"overlap/{name}": ([(own * wanted).sum(-1) for own, wanted in pairs], float("nan")),
        }
        for key, (cells, ideal) in outcomes.items():
            clusters = mean_of([Clusters.of(cell, kept, axis=1) for cell in cells])
            found[key] = score(key, clusters, ideal, n=int(kept.sum()))
    return found


def _nearest(mine: Attention, wanted: Tensor, rows: Tensor) -> Tensor:
    """The channel [T-1, B, N, N] with the least mean square distance."""
    far = [float((own.double() - wanted).square().sum(-1)[rows].mean()) for own in mine.channels]
    return mine.channels[min(range(len(far)), key=far.__getitem__)].double()
