"""Which orders of nodes are topological."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .pointers import ancestors, descent, edges_of, hops, positions, to_nodes

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch


def valid_topological_order(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes that are in order, [B, N]; all of them are if and only if the order is topological.

    The order is a list: ``topo_head`` marks its first node, ``topo`` points from each to the next, and
    from the last to itself. A node is wrong if the list from the head does not come to it, if the list
    does not end, or if it has an edge to a node before it or from a node after it; loops do not count.
    """
    import torch

    following, head = outputs["topo"], outputs["topo_head"] & batch.nodes
    rows = positions(batch)
    inside, safe = to_nodes(following, batch)
    following = torch.where(inside, safe, rows)
    visited = (head[:, :, None] & descent(following)).any(1)
    ends = (following == rows).gather(1, ancestors(following))
    after = hops(following)  # the number of nodes that come after a node
    backward = edges_of(batch) & (after[:, :, None] <= after[:, None, :])
    backward = backward & visited[:, :, None] & visited[:, None, :]
    single = head.sum(1, keepdim=True) == 1
    return inside & visited & ends & single & batch.nodes & ~(backward.any(1) | backward.any(2))
