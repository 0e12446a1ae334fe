"""The network written with loops over nodes, in double precision: the equations, word by word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mechgap.nets.attention_round import AbstractAttentionRound
from mechgap.nets.gatv2 import GATv2Round
from mechgap.nets.mpnn import MPNNRound
from mechgap.nets.network import Network
from mechgap.nets.pair_layer import PairLayer
from mechgap.nets.readout import PointerReadout
from mechgap.nets.transformer import TransformerRound
from mechgap.nets.triples import Thirds


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
        rows.append(updated(layer, torch.cat(parts) + layer.skip(z[i])))
    return torch.stack(rows)


def updated(layer: AbstractAttentionRound | MPNNRound, told: Tensor) -> Tensor:
    """The hidden vector [H] of one node after a round, of its message and its own part."""
    after = F.relu(told)
    for linear in layer.mlp:
        after = F.relu(linear(after))
    return after if layer.norm is None else layer.norm(after)


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


def triple_of(layer: Thirds, z: Tensor, graph: Graph, u: int, k: int, v: int) -> Tensor:
    """The last layer [W] at one triple."""
    found = None
    for part in layer.layers:
        total = 0 if found is None else part.before(F.relu(found))
        for leg, (one, other, node) in enumerate(((u, k, u), (k, v, k), (u, v, v))):
            total = total + part.edges[leg](graph.edges[one, other]) + part.here[leg](z[node])
            total = total + at_pair(part.pairs[leg], graph.pairs, one, other)
        found = total
    return found


def thirds_of(layer: Thirds, z: Tensor, graph: Graph) -> Tensor:
    """[N, N, W] of one graph: the maxima over the third node."""
    size = len(z)
    rows = [
        torch.stack([triple_of(layer, z, graph, u, k, v) for k in range(size)]).amax(0)
        for u in range(size)
        for v in range(size)
    ]
    return torch.stack(rows).reshape(size, size, -1)


def messages_of(layer: MPNNRound, z: Tensor, graph: Graph) -> Tensor:
    """What the layers at pairs [N, N, _] of one graph make, at (sender, receiver)."""
    size, q = len(z), graph.pairs
    if layer.thirds is not None:
        q = torch.cat([q, thirds_of(layer.thirds, z, graph)], -1)
    for index, part in enumerate(layer.pairs):
        rows = []
        for u in range(size):
            for v in range(size):
                if index and layer.shape.linked:
                    rows.append(part(q[u, v]))
                    continue
                row = part.edge(graph.edges[u, v]) + at_pair(part.pair, q, u, v)
                row = row + part.sender(z[u]) + part.receiver(z[v])
                rows.append(row if index else row + layer.graph(graph.code))
        q = F.relu(torch.stack(rows)).reshape(size, size, -1)
    return q


def mpnn_round_of(layer: MPNNRound, z: Tensor, graph: Graph) -> tuple[Tensor, Tensor]:
    """Hidden vectors [N, H] and vectors at pairs [N, N, P] of one graph after a round."""
    size, q, rows = len(z), messages_of(layer, z, graph), []
    for v in range(size):
        told = layer.skip(z[v])
        if layer.message is not None:
            heard = [layer.message(q[u, v]) for u in range(size) if graph.allowed[v, u]]
            told = told + layer.received(torch.stack(heard).amax(0))
        rows.append(updated(layer, told))
    return torch.stack(rows), q[..., : graph.pairs.shape[-1]]


def after_round(
    layer: AbstractAttentionRound | MPNNRound, x: Tensor, h: Tensor, graph: Graph
) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors [N, H] and [N, N, P] of one graph after a round of any family, and the attention."""
    z = torch.cat([x, h], -1)
    if isinstance(layer, MPNNRound):
        return *mpnn_round_of(layer, z, graph), z.new_zeros(0, len(z), len(z))
    alpha = attention_of(layer, z, graph)
    after = round_of(layer, z, graph)
    return after, pairs_of(layer, torch.cat([x, after], -1), graph, alpha), alpha


def pointer_logits(readout: PointerReadout, r: Tensor, e: Tensor, pairs: Tensor) -> Tensor:
    """[N, N] of one graph, as (node, candidate); some read the vectors at pairs."""
    size = len(r)
    logits = torch.zeros(size, size, dtype=r.dtype)
    for a in range(size):
        for c in range(size):
            offer = readout.candidate(r[c]) + readout.edge(e[c, a])
            if readout.pair is not None:
                offer = offer + readout.pair(pairs[c, a])
            logits[a, c] = readout.final(torch.maximum(readout.receiver(r[a]), offer))[0]
    return logits
