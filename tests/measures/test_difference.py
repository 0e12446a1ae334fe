"""Networks are compared up to their symmetries, and up to nothing else."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from compiler.cases import COMPILED
from measures.symmetries import symmetric
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import MechgapError
from mechgap.measures.assignment import assign
from mechgap.measures.difference import difference
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.shapes import MPNNConfig, TransformerConfig
from mechgap.nets.symmetries import rearrange
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

LEFT_OUT = {"articulation_points", "lcs_length"}  # takes long; cannot be compared
by_program = pytest.mark.parametrize("name", [n for n in COMPILED if n not in LEFT_OUT])


@cache
def compiled(name: str, target: str = "gatv2") -> Network:
    return compile_program(load(name).program, CompileSettings(n=16, target=target)).network


@by_program
def test_a_network_is_equal_to_itself(name):
    found = difference(compiled(name), compiled(name))
    assert found.equal and found.largest is None
    assert all(module.largest == 0 for module in found.modules)


@by_program
def test_a_symmetry_changes_no_run_and_makes_no_difference(name):
    """Scaled by powers of two, down to the last bit."""
    other = symmetric(compiled(name), seed=7)
    task = load(name)
    batch = task.sample(5, 6, 3)
    exact = interpret(task.program, batch)
    options = RolloutOptions(lengths=exact.lengths)
    one, two = (rollout(network, batch, options) for network in (compiled(name), other))
    for key, value in one.values.items():
        assert torch.equal(value, two.values[key]), key
    found = difference(compiled(name), other)
    assert found.equal, found.largest
    assert max(module.relative for module in found.modules) == 0
    assert found.moved and found.scaled
    again = difference(other, compiled(name))
    assert again.equal


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "components"])
def test_scales_that_round_make_no_difference_either(name, seed):
    found = difference(compiled(name), symmetric(compiled(name), seed, powers=False, shift=True))
    assert found.equal, found.largest


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs_light"])
def test_a_changed_weight_makes_a_difference(name, seed):
    """Any weight of a step that is not zero, in a network whose units were moved as well."""
    changed = copy.deepcopy(compiled(name))
    weights = [
        (key, place)
        for key, value in changed.named_parameters()
        if key.startswith(("rounds", "readouts")) and not key.endswith(("final.bias",))
        for place in value.nonzero().tolist()
    ]
    key, place = weights[int(np.random.default_rng(seed).integers(len(weights)))]
    with torch.no_grad():
        dict(changed.named_parameters())[key][tuple(place)] *= -1.5
    for other in (changed, symmetric(changed, seed)):
        found = difference(compiled(name), other)
        assert not found.equal, (key, place)
        assert found.largest is not None
        assert 1 <= sum(module.different for module in found.modules) <= 6, (key, place)


def test_the_weight_that_differs_is_named():
    changed = copy.deepcopy(compiled("bfs"))
    with torch.no_grad():
        changed.rounds[0].mlp[0].weight[6, 7] += 0.5
    found = difference(compiled("bfs"), changed)
    largest = found.largest
    assert largest is not None
    assert (largest.module, largest.place, largest.other) == ("rounds.0.mlp.0.weight", (6, 7), (6, 7))
    assert (largest.first, largest.second) == (1.0, 1.5)
    data = json.loads(json.dumps(found.to_json()))
    assert data["equal"] is False


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "insertion_sort"])
def test_random_networks_too(name, seed):
    """Networks as training starts them: without a step of zeros, and with hints that are read back."""
    config = clrs_config(load(name).program.interface, hidden=12, layer_norm=False)
    network = Network(config, seed=seed)
    assert difference(network, symmetric(network, seed + 10)).equal
    assert difference(network, symmetric(network, seed + 10, powers=False, shift=True)).equal
    assert not difference(network, Network(config, seed=seed + 1)).equal


@pytest.mark.parametrize("seed", range(3))
def test_heads_that_write_the_hidden_vector_stay_together(seed):
    network = Network(clrs_config(load("bfs").program.interface, hidden=12, heads=3, layer_norm=False), seed)
    other = symmetric(network, seed + 5)
    assert difference(network, other).equal
    with torch.no_grad():  # a unit in another head is another unit
        rows = torch.tensor([4, 1, 2, 3, 0, *range(5, 12)])
        round = other.rounds[0]
        for layer in (round.value, round.skip):
            layer.weight.copy_(layer.weight[rows])
            layer.bias.copy_(layer.bias[rows])
    assert not difference(network, other).equal


def test_with_layer_norm_and_heads_units_are_not_scaled():
    config = clrs_config(load("bfs").program.interface, hidden=12, heads=3)
    network, other = Network(config, seed=1), Network(config, seed=1)
    assert difference(network, other).equal
    with torch.no_grad():
        other.rounds[0].skip.weight[3] *= 2
    assert not difference(network, other).equal


FURTHER = [
    ("bfs", "transformer"),
    ("bfs", "mpnn"),
    ("bellman_ford", "transformer"),
    ("dijkstra", "mpnn"),
    ("strongly_connected_components", "transformer"),
    ("floyd_warshall", "mpnn"),
    ("optimal_bst", "mpnn"),
]
by_further = pytest.mark.parametrize(("name", "target"), FURTHER)


@by_further
def test_other_families_are_equal_up_to_symmetries_too(name, target):
    network = compiled(name, target)
    assert difference(network, network).equal
    for seed in range(2):
        found = difference(network, rearrange(network, torch.Generator().manual_seed(seed)).network)
        assert found.equal, found.largest
        assert max(module.relative for module in found.modules) == 0
        assert found.moved and found.scaled


@pytest.mark.parametrize(("name", "target"), [("bfs", "transformer"), ("bellman_ford", "mpnn")])
def test_a_changed_weight_of_other_families_makes_a_difference(name, target):
    """Any weight of a step that is not zero, but for the constants of keys, which shift all logits."""
    network = compiled(name, target)
    places = [
        (key, place)
        for key, value in network.named_parameters()
        if key.startswith("rounds") and not key.endswith("key.bias")
        for place in value.nonzero().tolist()
    ]
    for index in np.random.default_rng(0).choice(len(places), 12, replace=False):
        changed = copy.deepcopy(network)
        key, place = places[int(index)]
        with torch.no_grad():
            dict(changed.named_parameters())[key][tuple(place)] *= -1.5
        other = rearrange(changed, torch.Generator().manual_seed(1)).network
        assert not difference(network, other).equal, (key, place)


@pytest.mark.parametrize("seed", range(2))
def test_random_messages_too(seed):
    rounds = (
        MPNNConfig(width=8, mlp=(6, 12), pairs=(7, 9), received=5, triples=(4,), thirds=3, linked=True),
        MPNNConfig(width=12, pairs=(6,), received=5),
        MPNNConfig(width=12, received=0),
    )
    config = replace(clrs_config(load("bfs").program.interface, 12, layer_norm=False), rounds=rounds)
    for pairs in (0, 4):
        network = Network(replace(config, pairs=pairs), seed)
        other = rearrange(network, torch.Generator().manual_seed(seed)).network
        assert difference(network, other).equal
        assert not difference(network, Network(network.config, seed + 1)).equal


@pytest.mark.parametrize("seed", range(2))
def test_random_queries_and_keys_too(seed):
    rounds = (
        TransformerConfig(heads=3, keys=12, width=9, mlp=(12,), edge_values=True),
        TransformerConfig(heads=1, keys=5, width=12),
    )
    config = replace(clrs_config(load("bfs").program.interface, 12, layer_norm=False), rounds=rounds)
    network = Network(config, seed)
    other = rearrange(network, torch.Generator().manual_seed(seed)).network
    assert difference(network, other).equal
    with torch.no_grad():
        other.rounds[0].key.bias += 1.0
        other.rounds[0].query.weight[2] *= -1
    assert not difference(network, other).equal


def test_pairs_that_read_along_several_heads_are_refused():
    with pytest.raises(MechgapError, match="along 3 heads"):
        difference(compiled("lcs_length"), compiled("lcs_length"))


def test_networks_of_other_shapes_are_refused():
    with pytest.raises(MechgapError, match="differ in interface"):
        difference(compiled("bfs"), compiled("bellman_ford"))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9, 40])
def test_assignments_are_the_cheapest(size):
    generator = np.random.default_rng(size)
    for cost in (
        generator.random((size, size)),
        generator.integers(0, 3, (size, size)).astype(float),
        np.zeros((size, size)),
    ):
        found = assign(cost)
        assert sorted(found) == list(range(size))
        rows, columns = linear_sum_assignment(cost)
        assert cost[np.arange(size), found].sum() == pytest.approx(cost[rows, columns].sum())
        if size <= 5:
            best = min(cost[np.arange(size), list(p)].sum() for p in itertools.permutations(range(size)))
            assert cost[np.arange(size), found].sum() == pytest.approx(best)
