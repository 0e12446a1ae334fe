"""Distances and barriers between weights: none along symmetries, some between other networks."""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest
import torch

from measures.symmetries import symmetric
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import MechgapError
from mechgap.measures.alignment import aligned
from mechgap.measures.distance import barrier, distance
from mechgap.nets.config import clrs_config, mpnn_config
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.symmetries import rearrange
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

TASKS = ("bfs", "bellman_ford", "dfs")


@cache
def compiled(name, target="gatv2"):
    return compile_program(load(name).program, CompileSettings(n=16, target=target)).network


@cache
def run(name):
    return interpret(load(name).program, load(name).sample(0, 6, 4))


def plain(seed, make=clrs_config, name="bfs", **options):
    return Network(make(load(name).program.interface, hidden=12, **options), seed=seed)


def logits(network, name="bfs"):
    exact = run(name)
    first = {port.name: exact.values[port.name][0] for port in load(name).program.interface.hints}
    options = RolloutOptions(
        lengths=exact.lengths, logits=True, first=None if network.config.prologue else first
    )
    return rollout(network, exact.batch, options).logits


def loss(network, name="bfs"):
    """How far the reached flags are from those of the program."""
    found = torch.sigmoid(logits(network, name)["reach_h"][1:, ..., 0])
    return float((found - run(name).values["reach_h"][1:].float()).square().nanmean())


def same(one, two, tolerance=1e-4):
    """Whether logits are equal; runs of one frame have none."""
    assert any(torch.isfinite(value).any() for value in one.values())
    return all(
        torch.allclose(value, two[key], atol=tolerance, rtol=tolerance, equal_nan=True)
        for key, value in one.items()
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", TASKS)
def test_symmetries_are_no_distance(name, seed):
    for powers in (True, False):
        found = distance(symmetric(compiled(name), seed, powers), compiled(name), random=int(name == "bfs"))
        assert found.whole < 1e-6
        assert max(found.modules.values()) < 1e-6
        assert all(floor > 0.5 for floor in found.floor)


@pytest.mark.parametrize("target", ["mpnn", "transformer"])
def test_symmetries_of_other_families_are_no_distance(target):
    network = compiled("bellman_ford", target)
    for seed in range(2):
        made = rearrange(network, torch.Generator().manual_seed(seed)).network
        assert distance(made, network, random=0).whole < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_symmetries_of_a_network_do_not_change_its_distance(seed):
    """Where nothing is equal, units are matched by weights alone, whatever their order and scale."""
    network, exact = plain(1, layer_norm=False), plain(2, layer_norm=False)
    found, other = (distance(n, exact, random=0) for n in (network, symmetric(network, seed)))
    assert found.whole > 0.5
    assert other.whole == pytest.approx(found.whole, rel=0.1)


def test_a_small_change_is_a_small_distance():
    network = plain(1)
    changed = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in changed.parameters():
            parameter.mul_(
                1 + 1e-3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
            )
    found = distance(changed, network, random=2)
    assert 0 < found.whole < 0.01 < min(found.floor)
    assert json.loads(json.dumps(found.to_json()))["floor"] == list(found.floor)


@pytest.mark.parametrize("make", [clrs_config, mpnn_config])
@pytest.mark.parametrize("norm", [True, False])
def test_an_aligned_network_computes_what_it_did(make, norm):
    """Its units are those of the other one, and so are its encoders."""
    one, two = plain(1, make, layer_norm=norm), plain(2, make, layer_norm=norm)
    found = aligned(one, two)
    assert same(logits(two), logits(found))
    assert not same(logits(one), logits(found))
    assert torch.equal(found.node_encoder.weight, one.node_encoder.weight)


@pytest.mark.parametrize(
    ("name", "target"), [("bfs", "gatv2"), ("bellman_ford", "mpnn"), ("dfs", "transformer")]
)
def test_compiled_networks_are_aligned_exactly(name, target):
    network = compiled(name, target)
    moved = rearrange(network, torch.Generator().manual_seed(3)).network
    found = aligned(network, moved)
    assert same(logits(moved, name), logits(found, name))
    back = dict(found.named_parameters())
    for key, parameter in network.named_parameters():
        if key.startswith("rounds.0.skip"):
            assert torch.allclose(back[key], parameter, rtol=1e-5)


def test_there_is_no_hill_along_a_symmetry():
    found = barrier(compiled("bfs"), symmetric(compiled("bfs"), 5), loss)
    assert found.height == pytest.approx(0.0, abs=1e-6)
    assert found.grid[0] == 0.0 and found.grid[-1] == 1.0
    assert len(found.losses) == 11


def test_the_height_is_above_the_line_between_the_ends():
    one, two = plain(1), plain(2)
    found = barrier(one, two, loss, grid=(0.5,))
    ends = found.losses[0], found.losses[-1]
    assert ends == pytest.approx((loss(two), loss(one)), abs=1e-5)
    assert found.height == pytest.approx(max(0.0, found.losses[1] - sum(ends) / 2))
    assert json.loads(json.dumps(found.to_json()))["height"] == found.height


def test_other_shapes_are_refused():
    for measure in (lambda a, b: distance(a, b), lambda a, b: barrier(a, b, loss)):
        with pytest.raises(MechgapError, match="one shape"):
            measure(plain(1), compiled("bfs"))


def test_networks_with_vectors_at_pairs_have_a_distance_and_no_line():
    network = compiled("floyd_warshall")
    assert distance(network, network, random=0).whole == 0.0
    with pytest.raises(MechgapError, match="vectors at nodes only"):
        aligned(network, network)
