"""Maps over all pairs of nodes that never hold N x N x width numbers, forwards or backwards.

Pairs are done in blocks that fit into the cache. The way back computes every block again instead of
keeping it, so that training a long run takes no more memory than its N x N results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .encoded import Projection

if TYPE_CHECKING:
    from jaxtyping import Float

LIMIT = 1 << 17
"""Numbers in a block of pairs."""


@dataclass(frozen=True)
class Block:
    """Some pairs: those of some rows of some graphs."""

    graphs: slice
    rows: slice


def blocks(graphs: int, nodes: int, width: int) -> Iterator[Block]:
    """Blocks that cover the pairs of all graphs, each with at most ``LIMIT`` numbers if possible."""
    together = max(1, LIMIT // max(1, nodes * nodes * width))
    rows = nodes if nodes * nodes * width <= LIMIT else max(1, LIMIT // (nodes * width))
    for graph in range(0, graphs, together):
        for row in range(0, nodes, rows):
            yield Block(slice(graph, graph + together), slice(row, row + rows))


def attention_logits(
    edges: Float[Tensor, "B N N K"],
    project: Projection,
    ends: tuple[Float[Tensor, "B N M"], Float[Tensor, "B N M"]],
    shared: Float[Tensor, "B M"],
    heads: Float[Tensor, "M A"],
    slope: float,
) -> Float[Tensor, "B A N N"]:
    """leaky_relu(((sender_j + project edge_ij) + receiver_i) + shared) @ heads, at (head, i, j).

    Args:
        edges: raw features of pairs.
        project: from raw features to the hidden layer.
        ends: what the sender and what the receiver of a pair add.
        shared: what the graph adds to all pairs.
        heads: from the hidden layer to logits.
        slope: of the leaky ReLU below zero.
    """
    logits: Tensor = _AttentionLogits.apply(  # type: ignore[no-untyped-call]
        edges, project.weight, project.bias, *ends, shared, heads, slope
    )
    return logits


def pointer_logits(
    edges: Float[Tensor, "B N N K"],
    project: Projection,
    receiver: Float[Tensor, "B N P"],
    candidate: Float[Tensor, "B N P"],
    final: Float[Tensor, " P"],
) -> Float[Tensor, "B N N"]:
    """max(receiver_a, candidate_c + project edge_ac) @ final, at (a, c).

    Args:
        edges: raw features of pairs.
        project: from raw features to the hidden layer.
        receiver: what the node that points offers.
        candidate: what the node that is pointed to offers.
        final: from the hidden layer to a logit.
    """
    logits: Tensor = _PointerLogits.apply(  # type: ignore[no-untyped-call]
        edges, project.weight, project.bias, receiver, candidate, final
    )
    return logits


class _AttentionLogits(torch.autograd.Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        edges: Tensor = inputs[0]
        heads, slope = inputs[6:]
        batch, nodes = edges.shape[:2]
        logits = edges.new_empty(batch, heads.shape[1], nodes, nodes)
        for block in blocks(batch, nodes, len(heads)):
            part = _attention_layer(inputs, slope, block) @ heads
            logits[block.graphs, :, block.rows] = part.movedim(3, 1)
        return logits

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.slope = inputs[-1]
        ctx.save_for_backward(*inputs[:-1])

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        return side_by_side(_AttentionLogits, _plain_attention, info.batch_size, in_dims, inputs), 0

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, slope = ctx.saved_tensors, ctx.slope
        edges, weight, heads = inputs[0], inputs[1], inputs[6]
        found = [torch.zeros_like(tensor) for tensor in inputs]
        to_edges, to_weight, to_bias, to_sender, to_receiver, to_shared, to_heads = found
        for block in blocks(len(edges), edges.shape[1], len(heads)):
            layer = _attention_layer(inputs, slope, block)
            given = gradients[0][block.graphs, :, block.rows].movedim(1, 3)
            to_heads += layer.flatten(0, 2).T @ given.reshape(-1, heads.shape[1])
            change = torch.ops.aten.leaky_relu_backward(given @ heads.T, layer, slope, True)
            to_sender[block.graphs] += change.sum(1)
            to_receiver[block.graphs, block.rows] = change.sum(2)
            add_weight(to_weight, change, edges, block)
            if ctx.needs_input_grad[0]:
                set_edges(to_edges, change, weight, block)
        to_shared += to_receiver.sum(1)
        to_bias += to_shared.sum(0)
        return (*found, None)


class _PointerLogits(torch.autograd.Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        edges: Tensor = inputs[0]
        final = inputs[5]
        logits = edges.new_empty(edges.shape[:3])
        for block in blocks(len(edges), edges.shape[1], len(final)):
            best = _best_offers(inputs, block)
            logits[block.graphs, block.rows] = best @ final
        return logits

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        return side_by_side(_PointerLogits, _plain_pointers, info.batch_size, in_dims, inputs), 0

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs = ctx.saved_tensors
        edges, weight, receiver, final = inputs[0], inputs[1], inputs[3], inputs[5]
        found = [torch.zeros_like(tensor) for tensor in inputs]
        to_edges, to_weight, to_bias, to_receiver, to_candidate, to_final = found
        for block in blocks(len(edges), edges.shape[1], len(final)):
            best = _best_offers(inputs, block)
            given = gradients[0][block.graphs, block.rows, :, None]
            to_final += given.flatten() @ best.flatten(0, 2)
            # Where a candidate offers more than the node itself, the difference is above 0.
            surplus = best.sub_(receiver[block.graphs, block.rows, None])
            change = torch.ops.aten.threshold_backward(given * final, surplus, 0.0)
            to_receiver[block.graphs, block.rows] = given.sum(2) * final - change.sum(2)
            to_candidate[block.graphs] += change.sum(1)
            add_weight(to_weight, change, edges, block)
            if ctx.needs_input_grad[0]:
                set_edges(to_edges, change, weight, block)
        to_bias += to_candidate.sum((0, 1))
        return tuple(found)


def side_by_side(
    function: Any, plain: Callable[..., Tensor], count: int, in_dims: tuple[int | None, ...], inputs: Any
) -> Tensor:
    """The results of several networks, the first axis.

    On a processor they come one after the other, each in blocks that fit into the cache. A graphics card
    does them all at once, and holds all pairs.
    """
    if inputs[0].device.type != "cpu":
        together: Tensor = torch.vmap(plain, in_dims)(*inputs)
        return together
    columns = [
        [value] * count if place is None else value.unbind(place)
        for value, place in zip(inputs, in_dims, strict=True)
    ]
    return torch.stack([function.apply(*row) for row in zip(*columns, strict=True)])


def _plain_attention(*inputs: Any) -> Tensor:
    everything = Block(slice(None), slice(None))
    logits: Tensor = _attention_layer(inputs, inputs[-1], everything) @ inputs[6]
    return logits.movedim(3, 1)


def _plain_pointers(*inputs: Any) -> Tensor:
    edges, weight, bias, receiver, candidate, final = inputs
    best = torch.maximum(F.linear(edges, weight, bias) + candidate[:, None], receiver[:, :, None])
    logits: Tensor = best @ final
    return logits


def _attention_layer(inputs: Any, slope: float, block: Block) -> Tensor:
    """The hidden layer of a block of pairs. Compiled weights rely on the order of these sums."""
    edges, weight, bias, sender, receiver, shared, *_ = inputs
    layer = F.linear(edges[block.graphs, block.rows], weight, bias)
    layer += sender[block.graphs, None]
    layer += receiver[block.graphs, block.rows, None]
    layer += shared[block.graphs, None, None]
    return F.leaky_relu_(layer, slope)


def _best_offers(inputs: Any, block: Block) -> Tensor:
    """The larger of what the node that points and the candidate offer, of a block of pairs."""
    edges, weight, bias, receiver, candidate, _ = inputs
    layer = F.linear(edges[block.graphs, block.rows], weight, bias)
    layer += candidate[block.graphs, None]
    return torch.maximum(layer, receiver[block.graphs, block.rows, None], out=layer)


def add_weight(to_weight: Tensor, change: Tensor, edges: Tensor, block: Block) -> None:
    """Add a block's gradient of the map that reads the raw features."""
    # With few features, this order of the product is several times faster than its transpose.
    to_weight += (edges[block.graphs, block.rows].flatten(0, 2).T @ change.flatten(0, 2)).T


def set_edges(to_edges: Tensor, change: Tensor, weight: Tensor, block: Block) -> None:
    """Set a block's gradient of the raw features."""
    raw = (weight.T @ change.flatten(0, 2).T).T
    to_edges[block.graphs, block.rows] = raw.reshape(*change.shape[:3], -1)
