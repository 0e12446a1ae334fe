"""Networks with their units rearranged compute the same to the last bit, and are told to be the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from compiler.cases import COMPILED, REFUSED
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import MechgapError
from mechgap.measures.difference import difference
from mechgap.nets.config import clrs_config
from mechgap.nets.moves import Freedom
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.shapes import MPNNConfig
from mechgap.nets.symmetries import rearrange
from mechgap.nets.transformer import TransformerRound
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

SIMPLE = ("bfs", "bellman_ford", "dfs_light", "floyd_warshall", "dijkstra")
VARIED = ("bfs", "dijkstra", "floyd_warshall", "insertion_sort", "boruvka")
"""Few heads and many, real keys, vectors at pairs, pairs that read others, several layers."""
by_target = pytest.mark.parametrize("target", TARGETS)


@cache
def compiled(name: str, target: str = "gatv2") -> Compiled:
    return compile_program(load(name).program, CompileSettings(n=16, target=target))


def cases() -> Iterator[Any]:
    """All tasks, and targets; those of further targets that are much like others are slow."""
    for target in TARGETS:
        more = tuple(REFUSED) if target == "mpnn" else ()
        for name in (*COMPILED, *more):
            if name != "articulation_points":
                quick = target == "gatv2" or name in (*VARIED, *more)
                yield pytest.param(name, target, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("width", [0, 64])
@pytest.mark.parametrize(("name", "target"), [*cases()])
def test_rearranged_networks_make_the_same_run(name: str, target: str, width: int) -> None:
    task, network = load(name), compiled(name, target).network
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
    pairs = network.config.pairs
    assert sorted(found.pairs.places.tolist()) == list(range(pairs)) and found.pairs.size == pairs


@pytest.mark.parametrize("name", SIMPLE)
def test_without_idle_units_nothing_differs(name: str) -> None:
    network = compiled(name).network
    found = rearrange(network, torch.Generator().manual_seed(3)).network
    assert difference(network, found).equal
    assert any(not torch.equal(a, b) for a, b in zip(network.parameters(), found.parameters(), strict=True))


@by_target
@pytest.mark.parametrize("name", SIMPLE)
def test_idle_units_hold_something_and_matter_to_nobody(name: str, target: str) -> None:
    task, network = load(name), compiled(name, target).network
    found = rearrange(network, torch.Generator().manual_seed(4), 48)
    idle = torch.ones(48, dtype=torch.bool)
    idle[found.hidden.places] = False
    batch = task.sample(1, 6, 2)
    exact = interpret(task.program, batch)
    options = RolloutOptions(lengths=exact.lengths, hidden=True)
    hidden = rollout(found.network, batch, options).hidden
    assert hidden is not None and bool((hidden[..., idle] != 0).any())
    assert int(idle.sum()) == 48 - network.config.hidden


@by_target
def test_the_same_seed_gives_the_same_weights(target: str) -> None:
    network = compiled("bfs", target).network
    one, two, other = (
        rearrange(network, torch.Generator().manual_seed(seed), 16).network for seed in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@by_target
def test_every_layer_is_rearranged_and_none_without_freedom(target: str) -> None:
    network = compiled("dijkstra", target).network
    generator = torch.Generator().manual_seed(5)
    still = rearrange(network, generator, freedom=Freedom(False, False)).network
    ordered = rearrange(network, generator, freedom=Freedom(True, False)).network
    scaled = rearrange(network, generator, freedom=Freedom(False, True)).network
    for name, value in network.named_parameters():
        given = dict(still.named_parameters())[name]
        assert torch.equal(value, given), name
        assert torch.equal(value.abs().sort().values.sum(), given.abs().sort().values.sum()), name
        if value.dim() > 1 and name.startswith("rounds.") and bool((value != 0).any()):
            other = dict(ordered.named_parameters())[name]
            assert sorted(value.flatten().tolist()) == sorted(other.flatten().tolist()), name
            mantissas = (torch.frexp(dict(n.named_parameters())[name])[0] for n in (network, scaled))
            assert torch.equal(*mantissas), name


def test_queries_are_multiplied_by_what_keys_are_divided_by() -> None:
    network = compiled("bellman_ford", "transformer").network
    found = rearrange(network, torch.Generator().manual_seed(1), freedom=Freedom(False, True)).network
    scaled = 0
    for old, new in zip(network.rounds, found.rounds, strict=True):
        assert isinstance(old, TransformerRound) and isinstance(new, TransformerRound)
        products = [module.query.bias[:, None] * module.edge.weight for module in (old, new)]
        assert torch.equal(*products)
        scaled += int((old.edge.weight != new.edge.weight).sum())
    assert scaled


@pytest.mark.parametrize("attend", ["neighbours", "all"])
def test_trained_messages_can_be_rearranged_too(attend: str) -> None:
    task = load("bfs")
    rounds = (
        MPNNConfig(width=8, mlp=(6, 12), pairs=(7, 9), received=5, triples=(4,), thirds=3, linked=True),
        MPNNConfig(width=12, pairs=(6,), received=5, attend=attend),
        MPNNConfig(width=12, received=0),
    )
    config = replace(clrs_config(task.program.interface, 12, layer_norm=False), rounds=rounds, pairs=4)
    config = replace(config, prologue=rounds[:1], reverse_edges=True)
    network = Network(config, seed=2)
    found = rearrange(network, torch.Generator().manual_seed(0), 16)
    assert [shape.mlp for shape in found.network.config.rounds] == [(16, 16), (), ()]
    batch = task.sample(1, 5, 2)
    options = RolloutOptions(lengths=torch.tensor([3, 4]), hidden=True)
    one, two = (rollout(n, batch, options).hidden for n in (network, found.network))
    assert one is not None and two is not None
    torch.testing.assert_close(two[..., found.hidden.places], one * found.hidden.scale)


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
