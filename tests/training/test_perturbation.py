"""Noise on weights, softer comparisons, and training that begins with a compiled network."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import MechgapError
from mechgap.nets.network import Network
from mechgap.nets.rollout import rollout
from mechgap.tasks.catalogue import load as load_task
from mechgap.training.perturbation import perturbed, softened
from mechgap.training.run import Run
from mechgap.training.settings import TrainingSettings
from nets.cases import flat_graphs, small_config
from training.cases import source_of

SMALL = TrainingSettings(sizes=(6,), batch=8, steps=20, learning_rate=1e-4)


def compiled(name, target="gatv2"):
    return compile_program(load_task(name).program, CompileSettings(n=16, target=target)).network


@pytest.mark.parametrize("scale", ["weight", "tensor"])
def test_noise_has_the_size_that_is_asked_for(scale):
    network = Network(small_config(flat_graphs()))
    with torch.no_grad():
        network.node_encoder.weight[0] = 0
    noisy = perturbed(network, 0.1, (3,), scale=scale)
    same, other = perturbed(network, 0.1, (3,), scale=scale), perturbed(network, 0.1, (4,), scale=scale)
    before, shares = network.state_dict(), []
    for name, value in noisy.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
        size = before[name].abs() if scale == "weight" else before[name].square().mean().sqrt()
        change = (value - before[name])[before[name] != 0]
        shares.append((change / size.expand_as(value)[before[name] != 0]).flatten())
    drawn = torch.cat(shares)
    assert drawn.std().item() == pytest.approx(0.1, rel=0.2) and abs(drawn.mean().item()) < 0.02
    assert not torch.equal(noisy.node_encoder.weight, other.node_encoder.weight)
    assert bool((noisy.node_encoder.weight[0] == 0).all()) == (scale == "weight")


def test_noise_on_a_part_leaves_the_others():
    network = Network(small_config(flat_graphs()))
    noisy = perturbed(network, 0.1, (0,), part="rounds.")
    for name, value in noisy.named_parameters():
        before = network.get_parameter(name)
        assert torch.equal(value, before) != (name.startswith("rounds.") and bool(before.any()))


@pytest.mark.parametrize(("deviation", "scale"), [(-1.0, "weight"), (float("nan"), "weight"), (0.1, "row")])
def test_noise_that_makes_no_sense_is_refused(deviation, scale):
    with pytest.raises(MechgapError, match="noise on weights"):
        perturbed(Network(small_config(flat_graphs())), deviation, (0,), scale=scale)


def test_softened_networks_have_no_larger_weights_and_the_same_answers():
    network = compiled("minimum")
    soft = softened(network)
    assert max(p.abs().max() for p in network.parameters() if p.numel()) > 2.0**60
    assert max(p.abs().max() for p in soft.parameters() if p.numel()) <= 2.0**14
    batch = load_task("minimum").sample(0, 8, 16)
    for name, value in rollout(network, batch).outputs.items():
        assert torch.equal(rollout(soft, batch).outputs[name], value)
    plain = compiled("bfs")
    for name, value in softened(plain).state_dict().items():
        assert torch.equal(value, plain.state_dict()[name])
    with pytest.raises(MechgapError, match="a slope above 0"):
        softened(network, 0.0)


@pytest.mark.parametrize("target", ["gatv2", "mpnn", "transformer"])
def test_compiled_networks_are_trained_with_bounded_losses(target):
    """Whether to halt is learnt too: the readout has a gradient, and its loss is that of right answers."""
    task = load_task("bfs")
    network = compiled("bfs", target)
    run, source = Run.of(copy.deepcopy(network), SMALL), source_of(task, SMALL)
    found = [run.advance(source(step)) for step in range(20)]
    assert all(0 <= value < 5 for terms in found for value in terms.values())
    assert set(found[0]) == {"hint reach_h", "hint pi_h", "halt", "output pi"}
    assert run.network.get_parameter("readouts.halt.nodes.weight").grad.any()
    batch = task.sample(99, 6, 16)
    assert task.valid(rollout(run.network, batch).outputs, batch).all()


def test_softened_comparisons_can_be_trained():
    task, settings = load_task("minimum"), replace(SMALL, learning_rate=1e-7, clip_by="value")
    run, source = Run.of(softened(compiled("minimum")), settings), source_of(load_task("minimum"), settings)
    totals = [sum(run.advance(source(step)).values()) for step in range(10)]
    assert max(totals) < 20
    batch = task.sample(99, 6, 16)
    lengths = rollout(run.network, batch).lengths
    assert lengths.min() > 0


def test_noise_is_unlearnt():
    task, settings = load_task("bfs"), replace(SMALL, learning_rate=1e-3)
    run, source = Run.of(perturbed(compiled("bfs"), 0.1, (0,)), settings), source_of(task, settings)
    totals = [sum(run.advance(source(0)).values()) for _ in range(25)]
    assert totals[-1] < 0.8 * totals[0]
