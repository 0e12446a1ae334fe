"""Modules that work on lists of edges, as those of PyTorch Geometric do, as steps of a network to measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from ..errors import NotFoundError
from ..semantics.batch import Batch

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

    from ..measures.foreign import Update


@dataclass(frozen=True)
class Sparse:
    """All graphs of a batch as one, without padding: M nodes, L edges.

    Attributes:
        x: vectors of the nodes.
        edge_index: sender and receiver of every edge.
        batch: the graph of every node.
        edge_attr: an input at edges, if one was asked for.
        inputs: the inputs as they were, padded; ``at`` reads one of them at the nodes.
    """

    x: Float[Tensor, "M H"]
    edge_index: Int64[Tensor, "2 L"]
    batch: Int64[Tensor, " M"]
    edge_attr: Float[Tensor, "L 1"] | None
    inputs: Batch

    def at(self, name: str) -> Tensor:
        """An input at nodes [M]."""
        return self.inputs.values[name][self.inputs.nodes]


Layer: TypeAlias = "Callable[[Sparse], Tensor | tuple[Tensor, tuple[Tensor, Tensor]]]"
"""New vectors [M, H]; or a pair of them and (edge_index [2, L'], weights [L'] or [L', A])."""


def sparse_update(layer: Layer, edges: str = "adj", values: str | None = None) -> Update:
    """What ``FunctionSteps`` takes as its update, of a layer on lists of edges.

    Args:
        layer: such as ``lambda g: conv(g.x, g.edge_index, return_attention_weights=True)``, whose
            second result is the attention; loops that the module adds are welcome.
        edges: the input, a mask at edges, that says between which nodes there are edges.
        values: an input at edges that the layer gets as ``edge_attr``.

    Raises:
        NotFoundError: when it runs, if the batch has no such input.
    """

    def update(batch: Batch, vectors: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        graph, row = batch.nodes.nonzero(as_tuple=True)
        place = batch.nodes.flatten().cumsum(0).sub(1).reshape(batch.nodes.shape)
        at, sender, receiver = (_input(batch, edges).bool() & batch.pairs).nonzero(as_tuple=True)
        index = torch.stack([place[at, sender], place[at, receiver]])
        attr = None if values is None else _input(batch, values)[at, sender, receiver, None].to(vectors)
        made = layer(Sparse(vectors[graph, row], index, graph, attr, batch))
        flat, weights = made if isinstance(made, tuple) else (made, None)
        new = flat.new_zeros(*batch.nodes.shape, flat.shape[-1])
        new[graph, row] = flat
        if weights is None:
            return new
        (senders, receivers), alpha = weights
        alpha = alpha.reshape(len(senders), -1)
        dense = alpha.new_zeros(len(batch), batch.width, batch.width, alpha.shape[1])
        where = (graph[receivers], row[receivers], row[senders])
        dense.index_put_(where, alpha, accumulate=True)
        return new, dense.movedim(-1, 1)

    return update


def _input(batch: Batch, name: str) -> Tensor:
    if name not in batch.values:
        raise NotFoundError(
            "a layer on lists of edges",
            f"no input {name!r}",
            f"one of {', '.join(batch.values)}",
            "name the input at edges that says where there are edges",
        )
    return batch.values[name]
