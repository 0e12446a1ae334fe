"""Which spanning trees and forests are of minimum weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .pointers import ancestors, closure, descent, edges_of, positions, to_nodes

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch


def valid_spanning_tree(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes whose parent ``pi`` is part of a minimum spanning tree that hangs on the source, [B, N].

    The source and the nodes out of its reach are their own parents. The parent of any other node is a
    neighbour, following parents leads to the source, and no edge between the node's subtree and the
    rest is lighter than the one to the parent. All nodes are right if and only if the tree is. The
    graph is undirected.
    """
    import torch

    parent, edges, source = outputs["pi"], edges_of(batch), batch.values["s"]
    inside, safe = to_nodes(parent, batch)
    joined = inside & edges.gather(1, safe[:, None])[:, 0]
    rows = positions(batch)
    linked = torch.where(joined & ~source, safe, rows)  # a wrong parent spoils no other node
    anchored = source.gather(1, ancestors(linked))
    reach = closure(edges | (rows[:, :, None] == rows[:, None, :]))
    alone = source | ~(reach & source[:, :, None]).any(1)
    light = _lightest_of_its_cut(linked, batch.values["A"], edges)
    return torch.where(alone, parent == rows, joined & anchored & light) & batch.nodes


def valid_spanning_forest(outputs: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """Nodes at which the edges ``in_mst`` are those of a minimum spanning forest, [B, N].

    A node is wrong if one of its marked pairs is no edge, is a loop or is marked in one direction only;
    if it is on a cycle of marked edges or between two; if one of its marked edges is not a lightest
    one between the parts that it connects; or if one of its edges leads to a node that no marked edges
    connect it to. All nodes are right if and only if the forest is. The graph is undirected.
    """
    import torch

    edges, rows = edges_of(batch), positions(batch)
    marked = outputs["in_mst"] & batch.pairs
    links = marked & marked.transpose(1, 2) & edges
    parent, cyclic = _peeled(links, rows, batch.nodes)
    heavy = (parent != rows) & ~_lightest_of_its_cut(parent, batch.values["A"], edges)
    connected = closure(links | (rows[:, :, None] == rows[:, None, :]))
    amiss = (marked & ~links) | (edges & ~connected)
    heavy_below = torch.zeros_like(rows).scatter_add(1, parent, heavy.long()) > 0
    return batch.nodes & ~(cyclic | heavy | heavy_below | amiss.any(1) | amiss.any(2))


def _lightest_of_its_cut(parent: Tensor, weights: Tensor, edges: Tensor) -> Tensor:
    """[B, N], whether no edge between a node's subtree and the rest is lighter than that to its parent."""
    import torch

    below = descent(parent)  # [B, node, ancestor or itself]
    cost = torch.where(edges, weights, torch.inf)
    lightest = torch.full_like(cost, torch.inf)  # [B, end of an edge, node whose subtree has the other]
    for start in range(cost.shape[1]):
        here = torch.where(below[:, start, None, :], cost[:, start, :, None], torch.inf)
        lightest = torch.minimum(lightest, here)
    lightest = torch.where(below, torch.inf, lightest).amin(1)
    return cost.gather(1, parent[:, None])[:, 0] <= lightest


def _peeled(links: Tensor, rows: Tensor, nodes: Tensor) -> tuple[Tensor, Tensor]:
    """A forest whose leaves are taken off until nothing is left.

    Args:
        links: [B, N, N], symmetric and without loops.
        rows: [B, N], the index of every row.
        nodes: [B, N], which rows are nodes.

    Returns:
        [B, N], the neighbour that a node still had when it was taken off, itself if it had none; and
        [B, N], the nodes that were not taken off, on cycles or between them.
    """
    import torch

    parent, left = rows, nodes
    while True:
        near = links & left[:, None, :] & left[:, :, None]  # [B, node, neighbour]
        degree = near.sum(2)
        leaf = left & (degree <= 1)
        if not bool(leaf.any()):
            return parent, left
        neighbour = torch.where(degree == 1, near.long().argmax(2), rows)
        last_two = leaf.gather(1, neighbour) & (rows < neighbour)  # the lower of them stays a root
        parent = torch.where(leaf & ~last_two, neighbour, parent)
        left = left & ~leaf
