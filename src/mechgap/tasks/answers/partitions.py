"""Which names of parts of a graph are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .pointers import closure, edges_of, positions, to_nodes

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch


def valid_strong_components(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes whose ``scc_id`` names their strongly connected component, [B, N].

    Each component is named by one of its nodes, any of them. If its nodes disagree, those of the most
    frequent name are right.
    """
    reach = _reflexive(edges_of(batch), batch)
    return _agreeing(outputs["scc_id"], reach & reach.transpose(1, 2), batch)


def valid_components(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes whose ``component`` names their connected component, [B, N]; directions do not count.

    Each component is named by one of its nodes, any of them. If its nodes disagree, those of the most
    frequent name are right.
    """
    edges = edges_of(batch)
    return _agreeing(outputs["component"], _reflexive(edges | edges.transpose(1, 2), batch), batch)


def _reflexive(edges: Tensor, batch: Batch) -> Tensor:
    """[B, N, N], whether a path of no edges or more leads from one node to another."""
    rows = positions(batch)
    return closure(edges | (rows[:, :, None] == rows[:, None, :]))


def _agreeing(names: Tensor, together: Tensor, batch: Batch) -> Tensor:
    """[B, N], the nodes that have the most frequent name of their part, one of the nodes of the part.

    Args:
        names: [B, N] pointers.
        together: [B, N, N], which nodes are in one part.
        batch: the inputs.
    """
    import torch

    inside, safe = to_nodes(names, batch)
    own = inside & batch.nodes & together.gather(2, safe[:, :, None])[:, :, 0]
    votes = torch.zeros_like(names).scatter_add(1, safe, own.long())
    best = (together * (votes[:, None, :] + 1)).argmax(2)  # the first of the most frequent
    return own & (names == best)
