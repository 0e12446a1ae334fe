"""Networks with heads and units in several copies compute the same to the last bit."""

from __future__ import annotations

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.nets.config import clrs_config
from mechgap.nets.copies import duplicate_units, spread_heads
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

NAMES = ("bfs", "bellman_ford", "dfs", "floyd_warshall", "boruvka", "insertion_sort", "bridges")


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def compiled(name: str, target: str = "gatv2") -> Network:
    return compile_program(load(name).program, CompileSettings(n=16, target=target)).network


def assert_same_run(name: str, one: Network, two: Network) -> None:
    """Equal values, outputs, and hidden vectors to the bit."""
    task = load(name)
    batch = task.sample(5, 6, 3)
    options = RolloutOptions(lengths=interpret(task.program, batch).lengths, hidden=True)
    first, second = (rollout(network, batch, options) for network in (one, two))
    for key, value in (*first.values.items(), *first.outputs.items()):
        assert torch.equal(value, {**second.values, **second.outputs}[key]), key
    assert torch.equal(first.hidden, second.hidden)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("target", ["gatv2", "transformer"])
@pytest.mark.parametrize("name", NAMES)
def test_selections_spread_over_heads_change_nothing(name, target, seed):
    network = compiled(name, target)
    found = spread_heads(network, generator(seed))
    assert_same_run(name, network, found.network)
    for shape, old, heads in zip(
        found.network.config.rounds, network.config.rounds, found.heads, strict=True
    ):
        assert shape.heads == len(heads) >= old.heads
        assert heads[: old.heads].tolist() == list(range(old.heads))


def test_copies_of_a_head_attend_alike_and_share_what_is_copied():
    name, network = "dfs", compiled("dfs")
    found = spread_heads(network, generator(3))
    task = load(name)
    batch = task.sample(0, 6, 2)
    trace = rollout(found.network, batch, RolloutOptions(attention=True))
    copies = 0
    for k, heads in enumerate(found.heads):
        part = found.network.config.rounds[k].width // len(heads)
        reads = found.network.rounds[k].mlp[0].weight.reshape(-1, len(heads), part)
        for new, old in enumerate(heads.tolist()):
            if new != old:
                copies += 1
                assert torch.equal(trace.attention[k][:, :, new], trace.attention[k][:, :, old])
                both = (reads[:, new] != 0).any(0) & (reads[:, old] != 0).any(0)
                assert not both.any()
    assert copies


def test_messages_have_no_heads_to_spread():
    network = compiled("bfs", "mpnn")
    found = spread_heads(network, generator(0))
    assert found.network.config == network.config
    assert [len(heads) for heads in found.heads] == [0] * len(network.rounds)


@pytest.mark.parametrize(
    ("target", "share"), [*((target, 0.4) for target in TARGETS), ("gatv2", 0.01), ("mpnn", 1.0)]
)
@pytest.mark.parametrize("name", NAMES)
def test_units_in_duplicate_change_nothing(name, target, share):
    network = compiled(name, target)
    found = duplicate_units(network, generator(1), share)
    assert_same_run(name, network, found)
    assert sum(p.numel() for p in found.parameters()) > sum(p.numel() for p in network.parameters())


def test_outgoing_weights_of_twins_add_up_to_those_before():
    network = compiled("bellman_ford")
    found = duplicate_units(network, generator(2), 1.0)
    for old, new in zip(network.rounds, found.rounds, strict=True):
        for before, after in zip(old.mlp, new.mlp, strict=True):
            sums = [set(layer.weight.double().sum(1).tolist()) for layer in (before, after)]
            assert sums[0] == sums[1]
    halves = [layer.weight for round in found.rounds for layer in round.mlp if (layer.weight == 0.5).any()]
    assert halves


def test_rounds_that_write_to_the_hidden_vector_directly_stay():
    program = load("bfs").program
    network = Network(clrs_config(program.interface, 8, heads=2), seed=1)
    for found in (spread_heads(network, generator(0)).network, duplicate_units(network, generator(0))):
        assert found.config == network.config
        assert all(torch.equal(a, b) for a, b in zip(found.parameters(), network.parameters(), strict=True))
