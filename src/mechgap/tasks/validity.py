"""Whether the trees of searches and of shortest paths are right.

Checks for the answers of other problems are in ``answers``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .answers.pointers import ancestors, closure, descent, positions

if TYPE_CHECKING:
    from torch import Tensor

    from ..semantics.batch import Batch

TOLERANCE = 1e-5
"""How much longer than the shortest path a path may be, relative to its length (at least 1)."""


def valid_bfs(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes whose parent is part of some breadth-first tree, [B, N].

    The source and the nodes out of reach are their own parents; the parent of any other node is a
    neighbour one level closer to the source.
    """
    import torch

    parent, edges = outputs["pi"], batch.values["adj"] & batch.pairs
    level = path_lengths(torch.ones_like(edges, dtype=torch.float64), edges, batch.values["s"])
    joined, safe = _has_edge(edges, parent)
    closer = level.gather(1, safe) + 1 == level
    own = parent == positions(batch)
    alone = batch.values["s"] | level.isinf()
    return torch.where(alone, own, joined & closer) & batch.nodes


def valid_shortest_paths(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes whose parent is the last but one on some shortest path from the source, [B, N].

    The source and the nodes out of reach are their own parents. Lengths are compared in float64
    within ``TOLERANCE``. A node whose parents lead back to itself (weights of 0) is wrong.
    """
    import torch

    parent, edges = outputs["pi"], batch.values["adj"] & batch.pairs
    weights = batch.values["A"].double()
    distance = path_lengths(weights, edges, batch.values["s"])
    joined, safe = _has_edge(edges, parent)
    through = distance.gather(1, safe) + weights.gather(1, safe[:, None])[:, 0]
    tight = through <= distance + TOLERANCE * distance.clamp(min=1.0)
    own = parent == positions(batch)
    alone = batch.values["s"] | distance.isinf()
    anchored = batch.values["s"].gather(1, ancestors(safe))
    return torch.where(alone, own, joined & tight & anchored & ~own) & batch.nodes


def valid_dfs(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes that are part of a depth-first forest, [B, N]; all of them are if and only if it is one.

    A forest of edges is a depth-first forest if its roots and the children of each node can be
    ordered so that no edge leads from an earlier subtree to a later one. So a node is wrong if its
    parent is no neighbour, if its parents do not lead to a root, or if it is on a cycle of siblings
    (or roots) in which each has an edge from its subtree to the subtree of the next.
    """
    import torch

    parent, edges = outputs["pi"], batch.values["adj"] & batch.pairs
    rows = positions(batch)
    joined, safe = _has_edge(edges, parent)
    root = parent == rows
    linked = torch.where(joined, safe, rows)  # a wrong parent spoils no other node
    grounded = (linked == rows).gather(1, ancestors(linked))
    below = descent(linked).float()  # [B, node, ancestor or itself]
    inside = below.transpose(1, 2)  # [B, ancestor, node]
    crossing = (inside @ edges.float() @ below) > 0
    child = joined & ~root
    together = (root[:, :, None] & root[:, None, :]) | (
        child[:, :, None] & child[:, None, :] & (linked[:, :, None] == linked[:, None, :])
    )
    apart = together & (rows[:, :, None] != rows[:, None, :]) & batch.pairs
    circle = closure((crossing & apart).float()).diagonal(dim1=1, dim2=2)
    return (root | joined) & grounded & ~circle & batch.nodes


def path_lengths(weights: Tensor, edges: Tensor, source: Tensor) -> Tensor:
    """[B, N] lengths of the shortest paths from a source; infinite out of reach.

    Args:
        weights: [B, N, N] as (sender, receiver), not negative.
        edges: [B, N, N], which pairs are edges.
        source: [B, N], true at the source.
    """
    import torch

    cost = torch.where(edges, weights, torch.inf)
    length = torch.where(source, 0.0, torch.full_like(cost[:, 0], torch.inf))
    for _ in range(length.shape[1]):
        shorter = torch.minimum(length, (length[:, :, None] + cost).amin(1))
        if torch.equal(shorter, length):
            break
        length = shorter
    return length


def _has_edge(edges: Tensor, parent: Tensor) -> tuple[Tensor, Tensor]:
    """Whether the edge parent -> node exists, [B, N], and the parents made safe to index with."""
    width = edges.shape[1]
    inside = (parent >= 0) & (parent < width)
    safe = parent.clamp(0, width - 1)
    return inside & edges.gather(1, safe[:, None])[:, 0], safe
