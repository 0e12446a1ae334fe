"""Networks to export, and runs of their exports beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.interop.plain_network import Network as PlainNetwork
from mechgap.nets.encoded import Encoded
from mechgap.nets.features import adjacency, everyone, hint_features, raw_features
from mechgap.nets.hidden import Hidden
from mechgap.nets.network import Network, hint_key
from mechgap.nets.shapes import AbstractRoundConfig, MPNNConfig, RoundConfig, TransformerConfig
from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.training.run import Run
from mechgap.training.settings import preset

COMPILED = ("bfs", "bellman_ford", "dijkstra", "dfs", "insertion_sort", "components")
WITH_PAIRS = ("floyd_warshall", "boruvka")
FAMILIES = ("gatv2", "mpnn", "transformer")
AT_NODES = [(name, family) for family in FAMILIES for name in COMPILED]
AT_PAIRS = [(name, family) for family in FAMILIES for name in WITH_PAIRS]
AT_TRIPLES = [
    *(("lcs_length", family) for family in FAMILIES),
    *((name, "mpnn") for name in ("transitive_closure", "optimal_bst")),
]
"""Networks that read a third node: with ``pair_reads``, or with triples."""

SHAPES: dict[str, tuple[int, AbstractRoundConfig]] = {
    "gatv2": (0, RoundConfig(width=16, mid=12, heads=2)),
    "gatv2 with edge values": (0, RoundConfig(width=16, mid=12, heads=2, edge_values=True)),
    "gatv2 with pairs": (
        3,
        RoundConfig(width=16, mid=6, heads=2, edge_values=True, pairs=(4, 3), pair_reads=True),
    ),
    "mpnn": (0, MPNNConfig(width=16, received=12, pairs=(10,))),
    "linked mpnn": (0, MPNNConfig(width=16, received=16, pairs=(16, 16), linked=True, attend="all")),
    "mpnn with pairs": (3, MPNNConfig(width=16, received=12, pairs=(10, 8), mlp=(12, 16))),
    "mpnn with thirds": (3, MPNNConfig(width=16, received=12, pairs=(10, 8), thirds=4)),
    "mpnn with triples": (0, MPNNConfig(width=16, received=12, pairs=(10,), triples=(6, 5), thirds=4)),
    "transformer": (0, TransformerConfig(width=16, keys=12, heads=2)),
    "transformer with edge values": (0, TransformerConfig(width=16, keys=12, heads=2, edge_values=True)),
    "transformer with pairs": (
        3,
        TransformerConfig(width=16, keys=6, heads=2, edge_values=True, pairs=(4, 3), attend="all"),
    ),
    "transformer with thirds": (3, TransformerConfig(width=16, keys=6, heads=2, pairs=(3,), pair_reads=True)),
}
"""Of networks to train: the width of vectors at pairs, and the round."""


@dataclass(frozen=True)
class Step:
    """What a network read, and made of it.

    Attributes:
        encoded: what it read.
        hints: features of hints that it read; None for none.
        before, after: hidden vectors.
    """

    encoded: Encoded
    hints: dict[str, Tensor] | None
    before: Hidden
    after: Hidden


@cache
def compiled(name: str, family: str = "gatv2") -> Network:
    return compile_program(load(name).program, CompileSettings(target=family)).network


@cache
def trained(heads: int = 2, edge_values: bool = False) -> Network:
    """A network of the CLRS benchmark after a few steps of training."""
    settings = replace(preset("quick"), heads=heads, edge_values=edge_values)
    return _after_steps(Run.start(load("bellman_ford").program.interface, settings))


@cache
def trained_shape(name: str) -> Network:
    """A network with a round of ``SHAPES`` after a few steps of training."""
    pairs, shape = SHAPES[name]
    settings = replace(preset("quick"), hidden=16)
    config = settings.network(load("bellman_ford").program.interface)
    config = replace(config, pairs=pairs, rounds=(shape,))
    return _after_steps(Run.of(Network(config, seed=1), settings))


def _after_steps(run: Run) -> Network:
    task = load("bellman_ford")
    for seed in range(3):
        run.advance(interpret(task.program, task.sample(seed, 8, 4)))
    return run.network


def batch_of(name: str) -> Batch:
    """Graphs of two sizes, where a program takes such."""
    task = load(name)
    sizes = (4, 4) if name == "segments_intersect" else (8, 5)
    return join([task.sample(seed, size, 2) for seed, size in enumerate(sizes)])


def steps(network: Network, name: str) -> Iterator[Step]:
    """The steps of a network on graphs of a task; one that reads hints is given the true ones."""
    program, batch = load(name).program, batch_of(name)
    exact = interpret(program, batch)
    with torch.no_grad():
        encoded = network.encode(batch)
        hidden = network.start(encoded)
        for frame in range(min(exact.frames, 12)):
            hints = None
            if network.config.encode_hints:
                values = {port.name: exact.values[port.name][frame] for port in program.interface.hints}
                hints = hint_features(network.config, values, batch.nodes)
                encoded = network.encode(batch, hints)
            after, _ = network.step(encoded, hidden)
            yield Step(encoded, hints, hidden, after)
            hidden = after


def raw(network: Network, name: str, hints: dict[str, Tensor] | None) -> tuple[Tensor, Tensor, Tensor]:
    found = raw_features(network.config, batch_of(name), hints, network.dtype)
    return found.nodes, found.edges, found.graph


@dataclass(frozen=True)
class Alone:
    """A frame of an export that runs on its own.

    Attributes:
        state: vectors at nodes and at pairs.
        logits: by the key of the readout.
    """

    state: tuple[Tensor, Tensor]
    logits: dict[str, Tensor]


def run_alone(plain: PlainNetwork, network: Network, name: str) -> Iterator[Alone]:
    """The endless frames of an export to plain PyTorch, which reads its own hints, frame 0 first."""
    batch, ports = batch_of(name), load(name).program.interface.hints
    first = {port.name: interpret(load(name).program, batch).values[port.name][0] for port in ports}
    hints = hint_features(network.config, first, batch.nodes)
    graphs = _read(plain, network, name, hints)
    state = plain.start(graphs)
    found = Alone(state, plain.decode(graphs, state, state) if network.prologue else {})
    while True:
        yield found
        if found.logits:
            own = {port.name: found.logits[hint_key(port.name)] for port in ports}
            hints = {port.name: port.kind.soften(own[port.name], batch.nodes) for port in ports}
        graphs = _read(plain, network, name, hints)
        state = plain.step(graphs, found.state)
        found = Alone(state, plain.decode(graphs, found.state, state))


def _read(plain: PlainNetwork, network: Network, name: str, hints: dict[str, Tensor]) -> dict[str, Tensor]:
    batch = batch_of(name)
    read = hints if network.config.encode_hints else None
    graphs = plain.encode(*raw(network, name, read), batch.nodes)
    return graphs | {"all": everyone(batch), "neighbours": adjacency(network.config, batch, read)}
