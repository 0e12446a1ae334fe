"""Networks to export, and runs of their exports beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from mechgap.compiler.passes import compile_program
from mechgap.nets.encoded import Encoded
from mechgap.nets.features import hint_features, raw_features
from mechgap.nets.hidden import Hidden
from mechgap.nets.network import Network
from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.training.run import Run
from mechgap.training.settings import preset

COMPILED = ("bfs", "bellman_ford", "dijkstra", "dfs", "insertion_sort", "components")
WITH_PAIRS = ("floyd_warshall", "boruvka")


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
def compiled(name: str) -> Network:
    return compile_program(load(name).program).network


@cache
def trained(heads: int = 2, edge_values: bool = False) -> Network:
    """A network of the CLRS benchmark after a few steps of training."""
    task = load("bellman_ford")
    settings = replace(preset("quick"), heads=heads, edge_values=edge_values)
    run = Run.start(task.program.interface, settings)
    for seed in range(3):
        run.advance(interpret(task.program, task.sample(seed, 8, 4)))
    return run.network


def batch_of(name: str) -> Batch:
    """Graphs of two sizes."""
    task = load(name)
    return join([task.sample(0, 8, 2), task.sample(1, 5, 2)])


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
