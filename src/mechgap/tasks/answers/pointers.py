"""Where pointers lead, and which nodes a relation connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch


def positions(batch: Batch) -> Tensor:
    """[B, N], the index of every row."""
    import torch

    return torch.arange(batch.width, device=batch.nodes.device)[None, :].expand(len(batch), -1)


def apart(batch: Batch) -> Tensor:
    """[B, N, N] bool, the pairs of two different nodes."""
    rows = positions(batch)
    return batch.pairs & (rows[:, :, None] != rows[:, None, :])


def edges_of(batch: Batch) -> Tensor:
    """[B, N, N] bool, the edges between different nodes, by the input ``adj``; loops are left out."""
    return batch.values["adj"] & apart(batch)


def to_nodes(pointers: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Which pointers [B, …] name nodes of their graphs, and the pointers with 0 in the place of others."""
    inside = (pointers >= 0) & (pointers < batch.sizes.reshape(-1, *[1] * (pointers.dim() - 1)))
    return inside, pointers * inside


def ancestors(parents: Tensor) -> Tensor:
    """[B, …, N], where following parents [B, …, N] leads in N steps or more."""
    steps = 1
    while steps < parents.shape[-1]:
        parents = parents.gather(-1, parents)
        steps *= 2
    return parents


def hops(parents: Tensor) -> Tensor:
    """[B, N], the number of steps from a node to one that is its own parent; N or more if none is."""
    import torch

    steps = 1
    count = (parents != torch.arange(parents.shape[-1], device=parents.device)).long()
    while steps < parents.shape[-1]:
        count = count + count.gather(-1, parents)
        parents = parents.gather(-1, parents)
        steps *= 2
    return count


def closure(relation: Tensor) -> Tensor:
    """[B, N, N] bool: which pairs a chain of one or more related pairs connects; relation > 0 counts."""
    reach = relation > 0
    while True:
        step = reach.float()
        longer = reach | (step @ step > 0)
        if bool((longer == reach).all()):
            return reach
        reach = longer


def descent(parents: Tensor) -> Tensor:
    """[B, N, N] bool: at (node, other), whether following parents [B, N] from the node passes the other.

    Every node passes itself.
    """
    import torch

    step = torch.nn.functional.one_hot(parents, parents.shape[-1])
    return closure(step + torch.eye(parents.shape[-1], dtype=step.dtype, device=step.device))
