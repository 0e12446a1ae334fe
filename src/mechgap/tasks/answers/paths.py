"""Which paths between all pairs are shortest, and which paths from a source are widest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..validity import TOLERANCE
from .pointers import ancestors, edges_of, positions, to_nodes

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch


def valid_all_shortest_paths(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes from which all paths are shortest, by the last node but one ``Pi`` of each, [B, N].

    At the pair (i, j), ``Pi`` is a neighbour of j on a shortest path from i to j, and i where there is
    no path. At (i, i) it is about paths of one edge or more, and a loop is one. Following ``Pi`` of
    the row i from any node of a path leads to i. Lengths are compared in float64 within ``TOLERANCE``;
    weights are not negative.
    """
    import torch

    before, rows = outputs["Pi"], positions(batch)
    same = rows[:, :, None] == rows[:, None, :]
    weights = torch.where(batch.values["adj"] & batch.pairs, batch.values["A"].double(), torch.inf)
    distance = all_lengths(torch.where(same, 0.0, weights))
    inside, safe = to_nodes(before, batch)
    through = distance.gather(2, safe) + weights.gather(1, safe)
    round_trip = (distance + weights.transpose(1, 2)).amin(2)
    shortest = torch.where(same, round_trip[:, :, None], distance)
    tight = through <= shortest + TOLERANCE * shortest.clamp(min=1.0)
    rooted = torch.where(same, rows[:, :, None], safe)
    start = ancestors(rooted) == rows[:, :, None]  # [B, i, j], whether j leads back to i
    anchored = torch.where(same, start.gather(2, safe), start & (safe != rows[:, None, :]))
    right = torch.where(shortest.isinf(), before == rows[:, :, None], inside & tight & anchored)
    return (right | ~batch.pairs).all(2) & batch.nodes


def valid_widest_paths(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes whose parent ``pi`` is the last but one on some widest path from the source, [B, N].

    The width of a path is the weight of its lightest edge. The source and the nodes out of reach are
    their own parents; following the others leads to the source.
    """
    import torch

    parent, rows, source = outputs["pi"], positions(batch), batch.values["s"]
    weights = torch.where(edges_of(batch), batch.values["A"], -torch.inf)
    width = torch.where(source, torch.inf, -torch.inf).to(weights.dtype)
    for _ in range(batch.width):
        wider = torch.maximum(width, torch.minimum(width[:, :, None], weights).amax(1))
        if torch.equal(wider, width):
            break
        width = wider
    inside, safe = to_nodes(parent, batch)
    through = torch.minimum(width.gather(1, safe), weights.gather(1, safe[:, None])[:, 0])
    linked = torch.where(inside & (through > -torch.inf) & ~source, safe, rows)
    anchored = source.gather(1, ancestors(linked))
    alone = source | width.isinf()
    return torch.where(alone, parent == rows, inside & (through == width) & anchored) & batch.nodes


def all_lengths(weights: Tensor) -> Tensor:
    """[B, N, N], the lengths of the shortest paths between all pairs; infinite where there is none.

    Args:
        weights: [B, N, N] as (sender, receiver), not negative; infinite where there is no edge.
    """
    import torch

    length = weights
    for middle in range(weights.shape[1]):
        length = torch.minimum(length, length[:, :, middle, None] + length[:, middle, None, :])
    return length
