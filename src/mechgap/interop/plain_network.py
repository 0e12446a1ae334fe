"""A network that runs an algorithm on graphs, in plain PyTorch: this file needs nothing but torch.

    import json
    from safetensors.torch import load_file

    network = Network(json.load(open("config.json")))
    network.load_state_dict(load_file("weights.safetensors"))

Shapes: B graphs, N nodes (smaller graphs are padded, `real` [B, N] bool says which rows are nodes), A heads.
Values at pairs [B, N, N, …] that attention reads stand at (receiver, sender).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Graphs = dict[str, Tensor]
"""x [B, N, F], e [B, N, N, E], g [B, G]: encoded features; real [B, N]; and by the names that rounds have
under "attend", [B, N, N] bool: whom each node may attend."""

State = tuple[Tensor, Tensor]
"""h [B, N, H] at nodes, and p [B, N, N, P] at pairs (of width 0 in most networks)."""


class Network(nn.Module):
    """Encoders, rounds of attention, and readouts.

    Args:
        config: widths, `rounds`, `prologue`, `readouts` and the `columns` of raw features.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        columns = config["columns"]
        self.node_encoder = _encoder(columns["nodes"], config["features"])
        self.edge_encoder = _encoder(columns["edges"], config["edge_features"])
        self.graph_encoder = _encoder(columns["graph"], config["graph_features"])
        self.prologue = nn.ModuleList(Round(config, shape) for shape in config["prologue"])
        self.rounds = nn.ModuleList(Round(config, shape) for shape in config["rounds"])
        self.readouts = nn.ModuleDict({k: Readout(config, port) for k, port in config["readouts"].items()})

    def encode(self, nodes: Tensor, edges: Tensor, graph: Tensor, real: Tensor) -> Graphs:
        """Encoded features of raw ones [B, N, Kn], [B, N, N, Ke], [B, Kg]; `config["columns"]` says which.

        For rounds that attend neighbours, add "neighbours" to what this gives: [B, N, N] bool, each node
        itself and those that it shares an edge with, in either direction.
        """
        x = _encoded(self.node_encoder, nodes, self.config["features"])
        e = _encoded(self.edge_encoder, edges, self.config["edge_features"])
        g = _encoded(self.graph_encoder, graph, self.config["graph_features"])
        pairs = real[:, :, None] & real[:, None]
        itself = torch.eye(real.shape[1], dtype=torch.bool, device=real.device)
        x = x.masked_fill(~real[..., None], 0.0)
        return {"x": x, "e": e, "g": g, "real": real, "all": pairs | itself}

    def start(self, graphs: Graphs) -> State:
        """The state of frame 0: zeros, after the rounds of the prologue."""
        batch, nodes, _ = graphs["x"].shape
        h = graphs["x"].new_zeros(batch, nodes, self.config["hidden"])
        state: State = h, graphs["x"].new_zeros(batch, nodes, nodes, self.config["pairs"])
        for layer in self.prologue:
            state = layer(graphs, *state)
        return state

    def step(self, graphs: Graphs, state: State) -> State:
        """The state of the next frame."""
        for layer in self.rounds:
            state = layer(graphs, *state)
        return state

    def decode(self, graphs: Graphs, before: State, after: State) -> dict[str, Tensor]:
        """Logits by the key of the readout; before and after are the same at frame 0."""
        z = torch.cat([graphs["x"], before[0], after[0]], -1)
        return {key: readout(graphs, z, after[1]) for key, readout in self.readouts.items()}


class Round(nn.Module):
    """With z = [x ; h], receiver i, sender j:

    pre_ij = sender z_j + edge e_ij + pair [p_ij ; p_ji] + receiver z_i + graph g
    alpha  = softmax over the attended j of attend · leaky_relu(pre_ij), for every head
    m_i    = sum_j alpha_ij (value z_j + edge_value e_ij + pair_value [p_ij ; p_ji])
    h'_i   = norm(mlp(relu(m_i + skip z_i)))
    """

    def __init__(self, config: dict[str, Any], shape: dict[str, Any]) -> None:
        super().__init__()
        self.heads, self.attended, self.slope = shape["heads"], shape["attend"], config["negative_slope"]
        z, e, kept = config["features"] + config["hidden"], config["edge_features"], config["pairs"]
        mid, width = shape["mid"], shape["width"]
        self.sender = nn.Linear(z, mid, bias=False)
        self.receiver = nn.Linear(z, mid)
        self.edge = nn.Linear(e, mid, bias=False)
        self.graph = nn.Linear(config["graph_features"], mid, bias=False)
        self.attend = nn.Parameter(torch.zeros(self.heads, mid // self.heads))
        self.value = nn.Linear(z, width)
        self.edge_value = nn.Linear(e, width, bias=False) if shape["edge_values"] else None
        self.pair = nn.Linear(2 * kept, mid, bias=False) if kept else None
        self.pair_value = nn.Linear(2 * kept, width, bias=False) if kept and shape["edge_values"] else None
        self.skip = nn.Linear(z, width)
        self.mlp = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((width, *shape["mlp"])))
        self.norm = nn.LayerNorm(config["hidden"]) if config["layer_norm"] else None
        widths = list(pairwise((kept, *shape["pairs"])))
        reads = [self.heads if shape["pair_reads"] and not k else 0 for k in range(len(widths))]
        self.pairs = nn.ModuleList(
            PairLayer(z, e, ends, heads) for ends, heads in zip(widths, reads, strict=True)
        )

    def forward(self, graphs: Graphs, h: Tensor, p: Tensor) -> State:
        """The state after the round."""
        z, e = torch.cat([graphs["x"], h], -1), graphs["e"]
        both = torch.cat([p, p.transpose(1, 2)], -1)
        pre = self.edge(e) if self.pair is None else self.edge(e) + self.pair(both)
        pre = ((pre + self.sender(z)[:, None]) + self.receiver(z)[:, :, None]) + self._shared(graphs)
        logits = (self._by_head(F.leaky_relu(pre, self.slope)) * self.attend).sum(-1)
        logits = logits.masked_fill(~graphs[self.attended][..., None], float("-inf"))
        alpha = logits.softmax(2)
        values = self._by_head(self.value(z))
        message = torch.einsum("bija,bjaw->biaw", alpha, values)
        for carrier, carried in ((self.edge_value, e), (self.pair_value, both)):
            if carrier is not None:
                mean = torch.einsum("bija,bijk->biak", alpha, carried)
                weight = carrier.weight.reshape(self.heads, -1, carried.shape[-1])
                message = message + torch.einsum("biak,awk->biaw", mean, weight)
        after = F.relu(message.flatten(2) + self.skip(z))
        for layer in self.mlp:
            after = F.relu(layer(after))
        after = after if self.norm is None else self.norm(after)
        after = after.masked_fill(~graphs["real"][..., None], 0.0)
        for layer in self.pairs:
            p = layer(graphs, torch.cat([graphs["x"], after], -1), p, alpha)
        return after, p

    def _by_head(self, values: Tensor) -> Tensor:
        return values.reshape(*values.shape[:-1], self.heads, -1)

    def _shared(self, graphs: Graphs) -> Tensor:
        shared: Tensor = self.graph(graphs["g"])[:, None, None]
        return shared


class PairLayer(nn.Module):
    """p'_uv = relu(edge e_uv + pair [p_uv ; p_vu] + sender z_u + receiver z_v), and, if it reads heads,
    + sum_k alpha_uk (sent p_kv) + sum_k alpha_vk (received p_uk) for each of them before the relu."""

    def __init__(self, z: int, e: int, ends: tuple[int, int], heads: int) -> None:
        super().__init__()
        before, width = ends
        self.heads = heads
        self.edge = nn.Linear(e, width, bias=False)
        self.pair = nn.Linear(2 * before, width, bias=False)
        self.sender = nn.Linear(z, width, bias=False)
        self.receiver = nn.Linear(z, width)
        self.sent = nn.Linear(heads * before, width, bias=False) if heads else None
        self.received = nn.Linear(heads * before, width, bias=False) if heads else None

    def forward(self, graphs: Graphs, z: Tensor, p: Tensor, alpha: Tensor) -> Tensor:
        """The vectors at pairs after the layer."""
        after = self.edge(graphs["e"]) + self.pair(torch.cat([p, p.transpose(1, 2)], -1))
        if self.sent is not None and self.received is not None:
            for head in range(self.heads):
                both = (self.sent.weight, self.received.weight)
                sent, received = (weight.chunk(self.heads, 1)[head] for weight in both)
                after = after + torch.einsum("buk,bkvw->buvw", alpha[..., head], F.linear(p, sent))
                after = after + torch.einsum("bvk,bukw->buvw", alpha[..., head], F.linear(p, received))
        after = F.relu((after + self.sender(z)[:, :, None]) + self.receiver(z)[:, None])
        real = graphs["real"][:, :, None] & graphs["real"][:, None]
        return after.masked_fill(~real[..., None], 0.0)


class Readout(nn.Module):
    """Logits of a value at nodes, pairs or the graph; of a pointer there is one for each candidate node.

    With r = [x ; h before ; h after] at the nodes:

    node                    linear r
    node, pointer to c      final(max(receiver r_a, candidate r_c + edge e_ca))
    pair                    first r_i + second r_j + edge e_ij + pair p_ij
    pair, pointer to c      final(max(the same, candidate r_c))
    graph                   nodes(max over the nodes of r) + graph g
    graph, pointer          linear r
    """

    def __init__(self, config: dict[str, Any], port: dict[str, Any]) -> None:
        super().__init__()
        self.location, self.refers = port["location"], port["refers"]
        r, pointer = config["features"] + 2 * config["hidden"], config["pointer_width"]
        width = pointer if self.refers else port["width"]
        if self.location == "edge":
            self.first, self.second = nn.Linear(r, width), nn.Linear(r, width)
            self.edge = nn.Linear(config["edge_features"], width)
            self.pair = nn.Linear(config["pairs"], width, bias=False) if config["pairs"] else None
        elif self.location == "graph" and not self.refers:
            self.nodes, self.graph = nn.Linear(r, width), nn.Linear(config["graph_features"], width)
        elif self.refers and self.location == "node":
            self.receiver, self.edge = nn.Linear(r, pointer), nn.Linear(config["edge_features"], pointer)
        else:
            self.linear = nn.Linear(r, 1 if self.refers else width)
        if self.refers and self.location != "graph":
            self.candidate, self.final = nn.Linear(r, pointer), nn.Linear(pointer, 1)

    def forward(self, graphs: Graphs, r: Tensor, p: Tensor) -> Tensor:
        """The logits."""
        if self.location == "edge":
            ends = self.first(r)[:, :, None] + self.second(r)[:, None] + self.edge(graphs["e"])
            ends = ends if self.pair is None else ends + self.pair(p)
            if not self.refers:
                found: Tensor = ends
                return found
            best = torch.maximum(ends[:, :, :, None], self.candidate(r)[:, None, None])
        elif self.location == "graph" and not self.refers:
            highest = r.masked_fill(~graphs["real"][..., None], float("-inf")).amax(1)
            logits: Tensor = self.nodes(highest) + self.graph(graphs["g"])
            return logits
        elif self.refers and self.location == "node":
            offers = self.candidate(r)[:, None] + self.edge(graphs["e"].transpose(1, 2))
            best = torch.maximum(self.receiver(r)[:, :, None], offers)
        else:
            values: Tensor = self.linear(r)
            return values[..., 0] if self.refers else values
        scores: Tensor = self.final(best)[..., 0]
        return scores


def _encoder(columns: list[Any], width: int) -> nn.Linear | None:
    return nn.Linear(len(columns), width) if columns else None


def _encoded(layer: nn.Linear | None, raw: Tensor, width: int) -> Tensor:
    return raw.new_zeros(*raw.shape[:-1], width) if layer is None else layer(raw)
