"""The network written with loops over nodes, in double precision: the equations, word by word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mechgap.nets.attention_round import AbstractAttentionRound
from mechgap.nets.gatv2 import GATv2Round
from mechgap.nets.network import Network
from mechgap.nets.pair_layer import PairLayer
from mechgap.nets.readout import PointerReadout
from mechgap.nets.transformer import TransformerRound


def edge_codes(network: Network, edges: Tensor) -> Tensor:
    """Encoded edge features [N, N, E] of one graph."""
    return network.edge_encoder(edges)


@dataclass(frozen=True)
class Graph:
    """What the rounds read of one graph: edge codes, vectors at pairs, graph code, who attends whom."""

    edges: Tensor
    pairs: Tensor
    code: Tensor
    allowed: Tensor


def at_pair(layer: nn.Linear | None, pairs: Tensor, i: int, j: int) -> Tensor:
    """What a layer reads of the vectors at the pair (i, j) and at the opposite one."""
    return 0 if layer is None else layer(torch.cat([pairs[i, j], pairs[j, i]]))


def gatv2_logits(layer: GATv2Round, z: Tensor, graph: Graph, i: int, j: int) -> Tensor:
    """The logits [A] of the receiver i and the sender j."""
    edge = layer.edge(graph.edges[i, j]) + at_pair(layer.pair, graph.pairs, i, j)
    pre = layer.sender(z[j]) + edge + layer.receiver(z[i]) + layer.graph(graph.code)
    hot = F.leaky_relu(pre, layer.slope).reshape(layer.shape.heads, -1)
    return (layer.attend * hot).sum(1)


def transformer_logits(layer: TransformerRound, z: Tensor, graph: Graph, i: int, j: int) -> Tensor:
    """The logits [A] of the receiver i and the sender j."""
    query = layer.query(z[i]) + layer.graph(graph.code)
    key = layer.key(z[j]) + layer.edge(graph.edges[i, j]) + at_pair(layer.pair, graph.pairs, i, j)
    return (query * key).reshape(layer.shape.heads, -1).sum(1) + layer.prior(z[j])


LOGITS = {GATv2Round: gatv2_logits, TransformerRound: transformer_logits}


def attention_of(layer: AbstractAttentionRound, z: Tensor, graph: Graph) -> Tensor:
    """[A, N, N] of one graph, as (receiver, sender)."""
    size, heads = len(z), layer.shape.heads
    logits = torch.full((heads, size, size), -torch.inf, dtype=z.dtype)
    for i in range(size):
        for j in range(size):
            if graph.allowed[i, j]:
                logits[:, i, j] = LOGITS[type(layer)](layer, z, graph, i, j)
    return logits.softmax(-1)


def round_of(layer: AbstractAttentionRound, z: Tensor, graph: Graph) -> Tensor:
    """Hidden vectors [N, H] of one graph after a round."""
    alpha = attention_of(layer, z, graph)
    rows = []
    for i in range(len(z)):
        parts = []
        for head in range(layer.shape.heads):
            part = 0
            for j in range(len(z)):
                sent = layer.value(z[j])
                if layer.edge_value is not None:
                    sent = sent + layer.edge_value(graph.edges[i, j])
                    sent = sent + at_pair(layer.pair_value, graph.pairs, i, j)
                part = part + alpha[head, i, j] * sent.reshape(layer.shape.heads, -1)[head]
            parts.append(part)
        after = F.relu(torch.cat(parts) + layer.skip(z[i]))
        for linear in layer.mlp:
            after = F.relu(linear(after))
        rows.append(after if layer.norm is None else layer.norm(after))
    return torch.stack(rows)


def read_along(part: PairLayer, pairs: Tensor, alpha: Tensor, u: int, v: int) -> Tensor:
    """What a layer reads at the pairs of the nodes that u attends, and of those that v attends."""
    total, width = torch.zeros(()), pairs.shape[-1]
    for head in range(part.heads):
        own = slice(head * width, (head + 1) * width)
        for k in range(len(pairs)):
            total = total + alpha[head, u, k] * (part.sent.weight[:, own] @ pairs[k, v])
            total = total + alpha[head, v, k] * (part.received.weight[:, own] @ pairs[u, k])
    return total


def pairs_of(layer: AbstractAttentionRound, z: Tensor, graph: Graph, alpha: Tensor) -> Tensor:
    """Vectors at pairs [N, N, P] of one graph after a round, of z = [x ; h] after it."""
    size, pairs = len(z), graph.pairs
    for part in layer.pairs:
        rows = [
            part.edge(graph.edges[u, v])
            + at_pair(part.pair, pairs, u, v)
            + part.sender(z[u])
            + part.receiver(z[v])
            + read_along(part, pairs, alpha, u, v)
            for u in range(size)
            for v in range(size)
        ]
        pairs = F.relu(torch.stack(rows)).reshape(size, size, -1)
    return pairs


def pointer_logits(readout: PointerReadout, r: Tensor, e: Tensor) -> Tensor:
    """[N, N] of one graph, as (node, candidate)."""
    size = len(r)
    logits = torch.zeros(size, size, dtype=r.dtype)
    for a in range(size):
        for c in range(size):
            offer = readout.candidate(r[c]) + readout.edge(e[c, a])
            logits[a, c] = readout.final(torch.maximum(readout.receiver(r[a]), offer))[0]
    return logits
