"""Dot products of queries with keys that read the edge, without holding N x N keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .encoded import Projection
from .pairs import Block, add_weight, blocks, set_edges, side_by_side

if TYPE_CHECKING:
    from jaxtyping import Float


def dot_products(
    edges: Float[Tensor, "B N N K"],
    project: Projection,
    keys: Float[Tensor, "B N M"],
    queries: Float[Tensor, "B N M"],
    heads: Float[Tensor, "M A"],
) -> Float[Tensor, "B A N N"]:
    """(queries_i * (project edge_ij + keys_j)) @ heads, at (head, i, j).

    Args:
        edges: raw features of pairs.
        project: from raw features to what the edge adds to a key.
        keys: what the sender of a pair adds to its key.
        queries: of the receivers.
        heads: which numbers belong to which head; one or zero, and no parameter.
    """
    products: Tensor = _DotProducts.apply(  # type: ignore[no-untyped-call]
        edges, project.weight, project.bias, keys, queries, heads
    )
    return products


class _DotProducts(torch.autograd.Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        edges, queries, heads = inputs[0], inputs[4], inputs[5]
        batch, nodes = edges.shape[:2]
        products: Tensor = edges.new_empty(batch, heads.shape[1], nodes, nodes)
        for block in blocks(batch, nodes, len(heads)):
            part = _keys(inputs, block).mul_(queries[block.graphs, block.rows, None]) @ heads
            products[block.graphs, :, block.rows] = part.movedim(3, 1)
        return products

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        return side_by_side(_DotProducts, _plain_products, info.batch_size, in_dims, inputs), 0

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs = ctx.saved_tensors
        edges, weight, queries, heads = inputs[0], inputs[1], inputs[4], inputs[5]
        found = [torch.zeros_like(tensor) for tensor in inputs[:5]]
        to_edges, to_weight, to_bias, to_keys, to_queries = found
        for block in blocks(len(edges), edges.shape[1], len(heads)):
            given = gradients[0][block.graphs, :, block.rows].movedim(1, 3) @ heads.T
            to_queries[block.graphs, block.rows] = (given * _keys(inputs, block)).sum(2)
            change = given * queries[block.graphs, block.rows, None]
            to_keys[block.graphs] += change.sum(1)
            add_weight(to_weight, change, edges, block)
            if ctx.needs_input_grad[0]:
                set_edges(to_edges, change, weight, block)
        to_bias += to_keys.sum((0, 1))
        return (*found, None)


def _plain_products(*inputs: Any) -> Tensor:
    everything = Block(slice(None), slice(None))
    products: Tensor = (_keys(inputs, everything) * inputs[4][:, :, None]) @ inputs[5]
    return products.movedim(3, 1)


def _keys(inputs: Any, block: Block) -> Tensor:
    """The keys of a block of pairs. Compiled weights rely on the order of these sums."""
    edges, weight, bias, keys, *_ = inputs
    layer = F.linear(edges[block.graphs, block.rows], weight, bias)
    layer += keys[block.graphs, None]
    return layer
