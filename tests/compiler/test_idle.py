"""Nodes whose choice does not matter attend others; all others, and all runs, stay as they are."""

from __future__ import annotations

import itertools

import pytest
import torch

from compiler.cases import by_attention
from mechgap.compiler.idle import HIGHEST_PRICE, is_exact, redirected
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

NAMES = (
    "bfs",
    "bellman_ford",
    "dijkstra",
    "dfs",
    "floyd_warshall",
    "boruvka",
    "mst_prim",
    "heapsort",
    "bridges",
)
PRICED = ("dfs", "bridges", "dag_shortest_paths")


def draw(seed: int):
    generator = torch.Generator().manual_seed(seed)
    return lambda count, highest: torch.randint(1, highest + 1, (count,), generator=generator).tolist()


def compiled(name: str, target: str = "gatv2") -> Compiled:
    return compile_program(load(name).program, CompileSettings(target=target))


@by_attention
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_runs_stay_as_they_are(name, seed, target):
    task = load(name)
    network, _ = redirected(compiled(name, target), draw(seed))
    batch = task.sample(seed, 7, 4)
    exact = interpret(task.program, batch)
    trace = rollout(network, batch)
    assert torch.equal(trace.lengths, exact.lengths)
    for port in task.program.interface.hints:
        real = exact.defined.get(port.name, torch.tensor(True))
        same = port.kind.agreement(trace.values[port.name], exact.values[port.name], 0.0)
        assert bool((same | ~real).all()), port.name


@by_attention
@pytest.mark.parametrize("name", PRICED)
def test_only_rows_whose_choice_does_not_matter_attend_others(name, target):
    task, plain = load(name), compiled(name, target)
    batch = task.sample(3, 8, 6)
    exact = interpret(task.program, batch, selections=True)
    options = RolloutOptions(lengths=exact.lengths, attention=True)
    before = rollout(plain.network, batch, options)
    changed = 0
    for seed in range(3):
        network, _ = redirected(plain, draw(seed))
        after = rollout(network, batch, options)
        for selection, found in exact.selections.items():
            head = plain.layout.head_of(selection)
            if head is None or found.active.dim() != 3:
                continue
            one, two = (t.attention[head.round][:, :, head.head].argmax(-1) for t in (before, after))
            live = exact.live[1:, :, None] & batch.nodes
            differ = (one != two) & live
            assert not (differ & found.active).any(), selection
            changed += int(differ.sum())
    assert changed > 0


def test_prices_that_no_logit_can_hold_are_not_exact():
    fetches = [f for rounds in compiled("bfs").plan.rounds for r in rounds for f in r.fetches]
    for fetch, n in itertools.product(fetches, (4, 2**16)):
        assert is_exact(fetch, n, (1.0, float(HIGHEST_PRICE)))
        assert not is_exact(fetch, n, (1.0, 2.0**126))


def test_messages_attend_nobody():
    plain = compiled("dfs", "mpnn")
    assert redirected(plain, draw(0)) == (plain.network, 0)


def test_equal_draws_make_equal_networks():
    one, two = (redirected(compiled("bfs"), draw(2))[0] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
