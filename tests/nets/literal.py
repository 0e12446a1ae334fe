"""The network written with loops over nodes, in double precision: the equations, word by word."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mechgap.nets.gatv2 import GATv2Round
from mechgap.nets.network import Network
from mechgap.nets.readout import PointerReadout


def edge_codes(network: Network, edges: Tensor) -> Tensor:
    """Encoded edge features [N, N, E] of one graph."""
    return network.edge_encoder(edges)


def attention_of(layer: GATv2Round, z: Tensor, e: Tensor, g: Tensor, allowed: Tensor) -> Tensor:
    """[A, N, N] of one graph, as (receiver, sender)."""
    size, heads = len(z), layer.shape.heads
    logits = torch.full((heads, size, size), -torch.inf, dtype=z.dtype)
    for i in range(size):
        for j in range(size):
            pre = layer.sender(z[j]) + layer.edge(e[i, j]) + layer.receiver(z[i]) + layer.graph(g)
            hot = F.leaky_relu(pre, layer.slope).reshape(heads, -1)
            for head in range(heads):
                if allowed[i, j]:
                    logits[head, i, j] = layer.attend[head] @ hot[head]
    return logits.softmax(-1)


def round_of(layer: GATv2Round, z: Tensor, e: Tensor, g: Tensor, allowed: Tensor) -> Tensor:
    """Hidden vectors [N, H] of one graph after a round."""
    alpha = attention_of(layer, z, e, g, allowed)
    rows = []
    for i in range(len(z)):
        parts = []
        for head in range(layer.shape.heads):
            part = 0
            for j in range(len(z)):
                sent = layer.value(z[j])
                if layer.edge_value is not None:
                    sent = sent + layer.edge_value(e[i, j])
                part = part + alpha[head, i, j] * sent.reshape(layer.shape.heads, -1)[head]
            parts.append(part)
        after = F.relu(torch.cat(parts) + layer.skip(z[i]))
        for linear in layer.mlp:
            after = F.relu(linear(after))
        rows.append(after if layer.norm is None else layer.norm(after))
    return torch.stack(rows)


def pointer_logits(readout: PointerReadout, r: Tensor, e: Tensor) -> Tensor:
    """[N, N] of one graph, as (node, candidate)."""
    size = len(r)
    logits = torch.zeros(size, size, dtype=r.dtype)
    for a in range(size):
        for c in range(size):
            offer = readout.candidate(r[c]) + readout.edge(e[c, a])
            logits[a, c] = readout.final(torch.maximum(readout.receiver(r[a]), offer))[0]
    return logits
