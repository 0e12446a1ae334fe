"""Small programs and batches by hand: one expression, evaluated once on a graph that is written down."""

from __future__ import annotations

import torch
from torch import Tensor

from mechgap.lang.expression import Expression, Variable
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import edge, graph, node
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret

adj = edge.mask("adj")
A = edge.scalar("A")
key = node.scalar("key")
s = node.mask_one("s")
INPUTS = (adj, A, key, s)

clock = graph.scalar("clock", low=0, high=1, whole=True)


def once(variable: Variable, first: object, expression: object) -> Program:
    """The program that gives a variable a first value and, in its only step, another one."""
    return Program(
        "once",
        INPUTS,
        {variable: first, clock: 0},
        {variable: expression, clock: clock + 1},
        clock >= 1,
        {"result": variable},
    )


def value_of(variable: Variable, first: object, expression: Expression, batch: Batch) -> Tensor:
    """The value [B, …] of an expression that is assigned to a variable."""
    return interpret(once(variable, first, expression), batch).values[variable.name][1]


def batch_of(edges: str, nodes: int, keys: list[float] | None = None, source: int = 0) -> Batch:
    """One graph; edges as "01 12" for 0 -> 1 and 1 -> 2, with weight 1 each."""
    matrix = torch.zeros(1, nodes, nodes)
    for pair in edges.split():
        matrix[0, int(pair[0]), int(pair[1])] = 1.0
    values = torch.tensor([keys if keys is not None else [0.0] * nodes])
    marked = torch.arange(nodes)[None] == source
    return Batch(
        {"adj": matrix.bool(), "A": matrix, "key": values, "s": marked},
        torch.ones(1, nodes, dtype=torch.bool),
    )


def alone(batch: Batch, row: int) -> Batch:
    """One graph of a batch, without padding."""
    size = int(batch.sizes[row])
    cut = {1: slice(None), 2: (slice(None), slice(size)), 3: (slice(None), slice(size), slice(size))}
    values = {name: value[row : row + 1][cut[value.dim()]] for name, value in batch.values.items()}
    return Batch(values, torch.ones(1, size, dtype=torch.bool))


def of_nodes(value: Tensor, size: int, rank: int) -> Tensor:
    """The part of a value [..., N × rank] that belongs to the nodes of a graph of a size."""
    return value[(..., *[slice(size)] * rank)]
