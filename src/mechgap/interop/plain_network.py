"""A network that runs an algorithm on graphs, in plain PyTorch: this file needs nothing but torch.

    import json
    from safetensors.torch import load_file

    network = Network(json.load(open("config.json")))
    network.load_state_dict(load_file("weights.safetensors"))

Shapes: B graphs, N nodes (smaller graphs are padded, `real` [B, N] bool says which rows are nodes), A heads.
Values at pairs [B, N, N, …] that attention reads stand at (receiver, sender); layers at pairs read the same
arrays at (u, v), where u is the sender.
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
    """Encoders, rounds, and readouts.

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
        self.prologue = nn.ModuleList(_round(config, shape) for shape in config["prologue"])
        self.rounds = nn.ModuleList(_round(config, shape) for shape in config["rounds"])
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


class Linear(nn.Linear):
    """A linear layer of any widths, 0 included; its weights are loaded, so it starts with none."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class Round(nn.Module):
    """What nodes are told, and the update h'_i = norm(mlp(relu(told_i + skip z_i))) with z = [x ; h]."""

    def __init__(self, config: dict[str, Any], shape: dict[str, Any]) -> None:
        super().__init__()
        self.attended, self.kept = shape["attend"], config["pairs"]
        self.z, self.e, self.g = _widths(config)
        width = shape["width"]
        self.skip = Linear(self.z, width)
        self.mlp = nn.ModuleList(Linear(a, b) for a, b in pairwise((width, *shape["mlp"])))
        self.norm = nn.LayerNorm(config["hidden"]) if config["layer_norm"] else None

    def update(self, graphs: Graphs, z: Tensor, told: Tensor) -> Tensor:
        """The hidden vectors after the round."""
        after = F.relu(told + self.skip(z))
        for layer in self.mlp:
            after = F.relu(layer(after))
        after = after if self.norm is None else self.norm(after)
        return after.masked_fill(~graphs["real"][..., None], 0.0)


class AttentionRound(Round):
    """With receiver i, sender j, and the logits that the family has, for every head:

    alpha  = softmax of the logits over the attended j
    told_i = sum_j alpha_ij (value z_j + edge_value e_ij + pair_value [p_ij ; p_ji])

    Then the layers at pairs (see `PairLayer`) read the new hidden vectors.
    """

    def __init__(self, config: dict[str, Any], shape: dict[str, Any], read: int) -> None:
        super().__init__(config, shape)
        self.heads, width, kept = shape["heads"], shape["width"], self.kept
        self.edge = Linear(self.e, read, bias=False)
        self.pair = Linear(2 * kept, read, bias=False) if kept else None
        self.value = Linear(self.z, width)
        self.edge_value = Linear(self.e, width, bias=False) if shape["edge_values"] else None
        self.pair_value = Linear(2 * kept, width, bias=False) if kept and shape["edge_values"] else None
        widths = list(pairwise((kept, *shape["pairs"])))
        reads = [self.heads if shape["pair_reads"] and not k else 0 for k in range(len(widths))]
        self.pairs = nn.ModuleList(
            PairLayer(config, ends, heads) for ends, heads in zip(widths, reads, strict=True)
        )

    def logits(self, graphs: Graphs, z: Tensor, edges: Tensor) -> Tensor:
        """Of every head [B, N, N, A]; `edges` is what they read of e and p."""
        raise NotImplementedError

    def forward(self, graphs: Graphs, h: Tensor, p: Tensor) -> State:
        """The state after the round."""
        z, e = torch.cat([graphs["x"], h], -1), graphs["e"]
        both = torch.cat([p, p.transpose(1, 2)], -1)
        edges = self.edge(e) if self.pair is None else self.edge(e) + self.pair(both)
        unheard = ~graphs[self.attended][..., None]
        alpha = self.logits(graphs, z, edges).masked_fill(unheard, float("-inf")).softmax(2)
        told = torch.einsum("bija,bjaw->biaw", alpha, self.by_head(self.value(z)))
        for carrier, carried in ((self.edge_value, e), (self.pair_value, both)):
            if carrier is not None:
                mean = torch.einsum("bija,bijk->biak", alpha, carried)
                weight = carrier.weight.reshape(self.heads, -1, carried.shape[-1])
                told = told + torch.einsum("biak,awk->biaw", mean, weight)
        after = self.update(graphs, z, told.flatten(2))
        for layer in self.pairs:
            p = layer(graphs, torch.cat([graphs["x"], after], -1), p, alpha)
        return after, p

    def by_head(self, values: Tensor) -> Tensor:
        """[…, M] as [..., A, M / A]."""
        return values.reshape(*values.shape[:-1], self.heads, -1)


class GATv2Round(AttentionRound):
    """logit_ij = attend · leaky_relu(edge e_ij + pair [p_ij ; p_ji] + sender z_j + receiver z_i + graph g)"""

    def __init__(self, config: dict[str, Any], shape: dict[str, Any]) -> None:
        mid = shape["mid"]
        super().__init__(config, shape, mid)
        self.slope = config["negative_slope"]
        self.sender = Linear(self.z, mid, bias=False)
        self.receiver = Linear(self.z, mid)
        self.graph = Linear(self.g, mid, bias=False)
        self.attend = nn.Parameter(torch.zeros(self.heads, mid // self.heads))

    def logits(self, graphs: Graphs, z: Tensor, edges: Tensor) -> Tensor:
        """Of every head [B, N, N, A]."""
        pre = (edges + self.sender(z)[:, None]) + self.receiver(z)[:, :, None]
        pre = pre + self.graph(graphs["g"])[:, None, None]
        return (self.by_head(F.leaky_relu(pre, self.slope)) * self.attend).sum(-1)


class TransformerRound(AttentionRound):
    """logit_ij = (query z_i + graph g) · (edge e_ij + pair [p_ij ; p_ji] + key z_j) + prior z_j"""

    def __init__(self, config: dict[str, Any], shape: dict[str, Any]) -> None:
        keys = shape["keys"]
        super().__init__(config, shape, keys)
        self.query = Linear(self.z, keys)
        self.graph = Linear(self.g, keys, bias=False)
        self.key = Linear(self.z, keys)
        self.prior = Linear(self.z, self.heads, bias=False)

    def logits(self, graphs: Graphs, z: Tensor, edges: Tensor) -> Tensor:
        """Of every head [B, N, N, A]."""
        query = self.by_head(self.query(z) + self.graph(graphs["g"])[:, None])
        key = self.by_head(edges + self.key(z)[:, None])
        found: Tensor = (query[:, :, None] * key).sum(-1) + self.prior(z)[:, None]
        return found


class MPNNRound(Round):
    """With sender u, receiver v:

    q_uv   = the layers at pairs, of p and what triples say (see `PairLayer`; some read q only)
    told_v = received (max over the attended u of message q_uv)
    p'_uv  = the first numbers of q_uv
    """

    def __init__(self, config: dict[str, Any], shape: dict[str, Any]) -> None:
        super().__init__(config, shape)
        pairs, received, thirds = shape["pairs"], shape["received"], shape["thirds"]
        self.thirds = Thirds(config, (0, *shape["triples"], thirds)) if thirds else None
        self.pairs = nn.ModuleList(
            Linear(*ends) if shape["linked"] and k else PairLayer(config, ends)
            for k, ends in enumerate(pairwise((self.kept + thirds, *pairs)))
        )
        self.graph = Linear(self.g, pairs[0], bias=False) if pairs else None
        self.message = Linear(pairs[-1], received) if received else None
        self.received = Linear(received, shape["width"], bias=False) if received else None

    def forward(self, graphs: Graphs, h: Tensor, p: Tensor) -> State:
        """The state after the round."""
        z = torch.cat([graphs["x"], h], -1)
        q = p if self.thirds is None else torch.cat([p, self.thirds(graphs, z, p)], -1)
        shared = None if self.graph is None else self.graph(graphs["g"])[:, None]
        for layer in self.pairs:
            q = layer(graphs, z, q, shared=shared) if isinstance(layer, PairLayer) else F.relu(layer(q))
            shared = None
        told = z.new_zeros(())
        if self.message is not None and self.received is not None:
            unheard = ~graphs[self.attended].transpose(1, 2)[..., None]
            largest = self.message(q).masked_fill(unheard, float("-inf")).amax(1)
            told = self.received(largest.masked_fill(~graphs["real"][..., None], 0.0))
        return self.update(graphs, z, told), q[..., : self.kept] if len(self.pairs) else p


class Thirds(nn.Module):
    """max over the third node k of the last of some layers at triples (u, k, v), each of them

    first (of u, k) + second (of k, v) + direct (of u, v) + before relu(the layer before)

    where a leg is edges.L e + pairs.L [p ; p of the opposite pair] + here.L z, with z of the node u, k or v.
    """

    def __init__(self, config: dict[str, Any], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TripleLayer(config, *ends) for ends in pairwise(widths))

    def forward(self, graphs: Graphs, z: Tensor, p: Tensor) -> Tensor:
        """The maxima at pairs; the triples of one first node at a time."""
        both = torch.cat([p, p.transpose(1, 2)], -1)
        layers: list[Any] = list(self.layers)
        legs = [layer.legs(graphs["e"], both, z) for layer in layers]
        real, found = graphs["real"], []
        for u in range(real.shape[1]):
            t = None
            for layer, (first, second, direct) in zip(layers, legs, strict=True):
                own = first[:, u, :, None]
                own = own if t is None else layer.before(F.relu(t)) + own
                t = (own + second) + direct[:, u, None]
            assert t is not None
            found.append(t.masked_fill(~real[:, :, None, None], float("-inf")).amax(1))
        return torch.stack(found, 1).masked_fill(~(real[:, :, None] & real[:, None])[..., None], 0.0)


class TripleLayer(nn.Module):
    """The weights of one of the layers of `Thirds`."""

    def __init__(self, config: dict[str, Any], before: int, width: int) -> None:
        super().__init__()
        z, e, _ = _widths(config)
        self.edges = nn.ModuleList(Linear(e, width, bias=False) for _ in range(3))
        self.pairs = nn.ModuleList(Linear(2 * config["pairs"], width, bias=False) for _ in range(3))
        self.here = nn.ModuleList(Linear(z, width, bias=leg == 2) for leg in range(3))
        self.before = Linear(before, width, bias=False) if before else None

    def legs(self, e: Tensor, both: Tensor, z: Tensor) -> list[Tensor]:
        """What the first leg adds at (u, k), the second at (k, v) and the direct one at (u, v)."""
        parts = zip(self.edges, self.pairs, self.here, strict=True)
        found = [(edge(e) + pair(both), here(z)) for edge, pair, here in parts]
        return [
            ends + (here[:, None] if leg == 2 else here[:, :, None]) for leg, (ends, here) in enumerate(found)
        ]


class PairLayer(nn.Module):
    """p'_uv = relu(edge e_uv + pair [p_uv ; p_vu] + sender z_u + receiver z_v), and, if it reads heads,
    + sum_k alpha_uk (sent p_kv) + sum_k alpha_vk (received p_uk) for each of them before the relu."""

    def __init__(self, config: dict[str, Any], ends: tuple[int, int], heads: int = 0) -> None:
        super().__init__()
        before, width = ends
        z, e, _ = _widths(config)
        self.heads = heads
        self.edge = Linear(e, width, bias=False)
        self.pair = Linear(2 * before, width, bias=False)
        self.sender = Linear(z, width, bias=False)
        self.receiver = Linear(z, width)
        self.sent = Linear(heads * before, width, bias=False) if heads else None
        self.received = Linear(heads * before, width, bias=False) if heads else None

    def forward(
        self, graphs: Graphs, z: Tensor, p: Tensor, alpha: Tensor | None = None, shared: Tensor | None = None
    ) -> Tensor:
        """The vectors at pairs after the layer; `shared` [B, 1, W] is added at the receivers."""
        after = self.edge(graphs["e"]) + self.pair(torch.cat([p, p.transpose(1, 2)], -1))
        if self.sent is not None and self.received is not None and alpha is not None:
            for head in range(self.heads):
                both = (self.sent.weight, self.received.weight)
                sent, received = (weight.chunk(self.heads, 1)[head] for weight in both)
                after = after + torch.einsum("buk,bkvw->buvw", alpha[..., head], F.linear(p, sent))
                after = after + torch.einsum("bvk,bukw->buvw", alpha[..., head], F.linear(p, received))
        at_receiver = self.receiver(z) if shared is None else self.receiver(z) + shared
        after = F.relu((after + self.sender(z)[:, :, None]) + at_receiver[:, None])
        real = graphs["real"][:, :, None] & graphs["real"][:, None]
        return after.masked_fill(~real[..., None], 0.0)


ROUNDS: dict[str, type[Round]] = {"gatv2": GATv2Round, "transformer": TransformerRound, "mpnn": MPNNRound}
"""By the family of a round."""


class Readout(nn.Module):
    """Logits of a value at nodes, pairs or the graph; of a pointer there is one for each candidate node.

    With r = [x ; h before ; h after] at the nodes:

    node                    linear r
    node, pointer to c      final(max(receiver r_a, candidate r_c + edge e_ca)), some with e_ca + pair p_ca
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
            self.first, self.second = Linear(r, width), Linear(r, width)
            self.edge = Linear(config["edge_features"], width)
            self.pair = Linear(config["pairs"], width, bias=False) if config["pairs"] else None
        elif self.location == "graph" and not self.refers:
            self.nodes, self.graph = Linear(r, width), Linear(config["graph_features"], width)
        elif self.refers and self.location == "node":
            self.receiver, self.edge = Linear(r, pointer), Linear(config["edge_features"], pointer)
            read = config["pairs"] if config.get("pointer_pairs") else 0  # older files do not say it
            self.pair = Linear(read, pointer, bias=False) if read else None
        else:
            self.linear = Linear(r, 1 if self.refers else width)
        if self.refers and self.location != "graph":
            self.candidate, self.final = Linear(r, pointer), Linear(pointer, 1)

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
            offers = offers if self.pair is None else offers + self.pair(p.transpose(1, 2))
            best = torch.maximum(self.receiver(r)[:, :, None], offers)
        else:
            values: Tensor = self.linear(r)
            return values[..., 0] if self.refers else values
        scores: Tensor = self.final(best)[..., 0]
        return scores


def _encoder(columns: list[Any], width: int) -> nn.Linear | None:
    return Linear(len(columns), width) if columns else None


def _encoded(layer: nn.Linear | None, raw: Tensor, width: int) -> Tensor:
    return raw.new_zeros(*raw.shape[:-1], width) if layer is None else layer(raw)


def _round(config: dict[str, Any], shape: dict[str, Any]) -> Round:
    return ROUNDS[shape["family"]](config, shape)


def _widths(config: dict[str, Any]) -> tuple[int, int, int]:
    """Of z, e and g."""
    return config["features"] + config["hidden"], config["edge_features"], config["graph_features"]
