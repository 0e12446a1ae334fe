"""Compiled networks on *every* small input: all labelled graphs with all sources, all orders of keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch

from compiler.agreement import disagreements
from compiler.cases import COMPILED, by_target
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.semantics.batch import Batch
from mechgap.tasks.catalogue import load
from mechgap.tasks.task import Task

GRAPH_INPUTS = {"pos", "A", "adj", "s"}
AT_ONCE = 2**12


def _takes_graphs(task: Task) -> bool:
    names = {variable.name for variable in task.program.inputs}
    return "adj" in names and names <= GRAPH_INPUTS


def _takes_keys(task: Task) -> bool:
    names = {variable.name for variable in task.program.inputs}
    return "key" in names and names <= {"pos", "key"}


ON_GRAPHS = [name for name in COMPILED if _takes_graphs(load(name))]
ON_KEYS = [name for name in COMPILED if _takes_keys(load(name))]


def all_graphs(task: Task, n: int, weights: torch.Tensor) -> Iterator[Batch]:
    """Every directed graph of n labelled nodes (and every source) that a task allows, in parts.

    Args:
        task: says what is allowed, and whether there are sources.
        n: number of nodes.
        weights: [n, n], of the edges that there are.
    """
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    sources = n if any(variable.name == "s" for variable in task.program.inputs) else 1
    choices = itertools.product(itertools.product((False, True), repeat=len(pairs)), range(sources))
    while part := list(itertools.islice(choices, AT_ONCE)):
        edges = torch.zeros(len(part), n, n, dtype=torch.bool)
        for k, (i, j) in enumerate(pairs):
            edges[:, i, j] = torch.tensor([chosen[k] for chosen, _ in part])
        values = {
            "adj": edges | torch.eye(n, dtype=torch.bool),
            "A": edges * weights,
            "s": torch.arange(n)[None] == torch.tensor([source for _, source in part])[:, None],
            "pos": (torch.arange(n) / n).expand(len(part), n),
        }
        wanted = {v.name: values[v.name] for v in task.program.inputs}
        batch = Batch(wanted, torch.ones(len(part), n, dtype=torch.bool))
        allowed = torch.ones(len(part), dtype=torch.bool)
        for requirement in task.requires:
            allowed &= requirement.holds(batch)
        if bool(allowed.any()):
            yield batch.take(allowed.nonzero()[:, 0])


def _weights(n: int, kind: str) -> torch.Tensor:
    """Symmetric weights: all equal, or tenths that make sums tie in some ways and not in others."""
    if kind == "equal":
        return torch.full((n, n), 0.5)
    i, j = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
    return ((i + j) % 3 + (i * j) % 2 + 1) * 0.1


def _check_graphs(name: str, n: int, target: str) -> None:
    task, compiled = load(name), compile_program(load(name).program, CompileSettings(target=target))
    count = 0
    for kind in ("equal", "tenths") if "A" in {v.name for v in task.program.inputs} else ("equal",):
        for batch in all_graphs(task, n, _weights(n, kind)):
            assert not disagreements(compiled, batch), (n, kind)
            count += len(batch)
    assert count > 0


@by_target
@pytest.mark.parametrize("name", ON_GRAPHS)
def test_exact_on_every_graph_of_three_nodes(name: str, target: str) -> None:
    for n in (1, 2, 3):
        _check_graphs(name, n, target)


@pytest.mark.slow
@by_target
@pytest.mark.parametrize("name", ON_GRAPHS)
def test_exact_on_every_graph_of_four_nodes(name: str, target: str) -> None:
    _check_graphs(name, 4, target)


@by_target
@pytest.mark.parametrize("name", ON_KEYS)
def test_exact_on_every_order_of_five_keys_and_all_ties_of_four(name: str, target: str) -> None:
    task = load(name)
    compiled = compile_program(task.program, CompileSettings(target=target))
    orders = [list(itertools.permutations(range(n))) for n in range(1, 6)]
    ties = [list(itertools.product(range(3), repeat=4))]
    for keys in (*orders, *ties):
        values = torch.tensor(keys) / 7
        n = values.shape[1]
        known = {"key": values, "pos": (torch.arange(n) / n).expand(len(keys), n)}
        batch = Batch(
            {v.name: known[v.name] for v in task.program.inputs},
            torch.ones(len(keys), n, dtype=torch.bool),
        )
        assert not disagreements(compiled, batch), n


def test_there_are_as_many_graphs_as_there_must_be() -> None:
    task = load("bfs")
    counts = {n: sum(map(len, all_graphs(task, n, _weights(n, "equal")))) for n in (1, 2, 3)}
    undirected = {n: n * 2 ** (n * (n - 1) // 2) for n in counts}
    directed = {n: n * 2 ** (n * (n - 1)) for n in counts}
    assert counts == (undirected if task.requires else directed)
