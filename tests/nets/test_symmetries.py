"""Networks with their units rearranged compute the same to the last bit, and are told to be the same."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from compiler.cases import COMPILED
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.errors import MechgapError
from mechgap.measures.difference import difference
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.symmetries import rearrange
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

SIMPLE = ("bfs", "bellman_ford", "dfs_light", "floyd_warshall", "dijkstra")


@cache
def compiled(name: str) -> Compiled:
    return compile_program(load(name).program, CompileSettings(n=16))


@pytest.mark.parametrize("width", [0, 64])
@pytest.mark.parametrize("name", [n for n in COMPILED if n != "articulation_points"])
def test_rearranged_networks_make_the_same_run(name: str, width: int) -> None:
    task, network = load(name), compiled(name).network
    found = rearrange(network, torch.Generator().manual_seed(width + 1), width)
    batch = task.sample(5, 6, 3)
    exact = interpret(task.program, batch)
    options = RolloutOptions(lengths=exact.lengths)
    one, two = (rollout(each, batch, options) for each in (network, found.network))
    for key, value in one.values.items():
        assert torch.equal(value, two.values[key]), key
    for key, value in one.outputs.items():
        assert torch.equal(value, two.outputs[key]), key
    assert found.network.config.hidden == max(width, network.config.hidden)
    assert len(set(found.hidden.places.tolist())) == network.config.hidden


@pytest.mark.parametrize("name", SIMPLE)
def test_without_idle_units_nothing_differs(name: str) -> None:
    network = compiled(name).network
    found = rearrange(network, torch.Generator().manual_seed(3)).network
    assert difference(network, found).equal
    assert any(not torch.equal(a, b) for a, b in zip(network.parameters(), found.parameters(), strict=True))


@pytest.mark.parametrize("name", SIMPLE)
def test_idle_units_hold_something_and_matter_to_nobody(name: str) -> None:
    task, network = load(name), compiled(name).network
    found = rearrange(network, torch.Generator().manual_seed(4), 48)
    idle = torch.ones(48, dtype=torch.bool)
    idle[found.hidden.places] = False
    batch = task.sample(1, 6, 2)
    exact = interpret(task.program, batch)
    options = RolloutOptions(lengths=exact.lengths, hidden=True)
    hidden = rollout(found.network, batch, options).hidden
    assert hidden is not None and bool((hidden[..., idle] != 0).any())
    assert int(idle.sum()) == 48 - network.config.hidden


def test_the_same_seed_gives_the_same_weights() -> None:
    network = compiled("bfs").network
    one, two, other = (
        rearrange(network, torch.Generator().manual_seed(seed), 16).network for seed in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_networks_whose_units_are_not_free_are_refused() -> None:
    interface = load("bfs").program.interface
    for config in (
        clrs_config(interface, hidden=12),
        clrs_config(interface, hidden=12, heads=3, layer_norm=False),
    ):
        with pytest.raises(MechgapError, match="rearranging a network"):
            rearrange(Network(config, seed=1), torch.Generator())


def test_trained_networks_can_be_rearranged_too() -> None:
    network = Network(clrs_config(load("bfs").program.interface, hidden=12, layer_norm=False), seed=1)
    assert difference(network, rearrange(network, torch.Generator().manual_seed(0)).network).equal
