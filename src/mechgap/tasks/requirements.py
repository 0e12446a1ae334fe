"""What inputs of several tasks must satisfy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .task import Requirement

if TYPE_CHECKING:
    from torch import Tensor

    from ..semantics.batch import Batch


def is_undirected(batch: Batch) -> Tensor:
    """[B] bool, whether each edge has an opposite, of the same weight if there are weights."""
    import torch

    edges = batch.values["adj"] & batch.pairs
    wrong = edges ^ edges.transpose(1, 2)
    if "A" in batch.values:
        weights = torch.where(edges, batch.values["A"], 0)
        wrong = wrong | (weights != weights.transpose(1, 2))
    return ~wrong.flatten(1).any(1)


def is_acyclic(batch: Batch) -> Tensor:
    """[B] bool, whether no edges lead from a node back to it.

    The input ``adj`` has all loops; those that are edges are in ``A``. Nodes that no edge of what is
    left leads to are taken away until nothing changes (Kahn 1962).
    """
    import torch

    own = torch.eye(batch.width, dtype=torch.bool, device=batch.nodes.device)
    edges = batch.values["adj"] & batch.pairs & ~own
    if "A" in batch.values:
        edges = edges | (batch.pairs & own & (batch.values["A"] != 0))
    edges, left = edges.float(), batch.nodes
    while True:
        fewer = left & ((left.float()[:, None] @ edges)[:, 0] > 0)
        if torch.equal(fewer, left):
            return ~left.any(1)
        left = fewer


UNDIRECTED = Requirement(
    is_undirected,
    "an edge without an opposite edge of the same weight",
    "an undirected graph: symmetric matrices adj and A",
    "give each edge in both directions, with one weight",
)

ACYCLIC = Requirement(
    is_acyclic,
    "a cycle of edges (a loop is one, too)",
    "a directed graph without cycles",
    "drop an edge of each cycle; strongly_connected_components says where the cycles are",
)
