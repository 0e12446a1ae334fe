"""Impostors are what they claim: right without a mechanism, spread over equal choices, mixed of two."""

from __future__ import annotations

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.lab.distillation import DistillationPlan, distilled
from mechgap.lab.impostors import Memoriser, Spread
from mechgap.lab.mixture import MixtureSteps, NetworkSteps
from mechgap.measures.donors import draw_pairs
from mechgap.measures.foreign import ForeignSubject
from mechgap.measures.subject import Graft, NetworkSubject
from mechgap.measures.swaps import plan_swaps
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

NAMES = ("bfs", "bellman_ford", "insertion_sort")


@pytest.fixture(params=NAMES)
def task(request):
    return load(request.param)


@pytest.fixture
def batch(task):
    return task.sample(0, 7, 6, p=0.4)


def test_a_memoriser_is_right_and_feels_no_exchange(task, batch):
    exact = interpret(task.program, batch)
    subject = ForeignSubject(Memoriser(task.program), task.program)
    plain = subject.run(batch, exact.lengths, attention=True)
    step, node = torch.ones(6).long().clamp(max=int(exact.lengths.min()) - 1), torch.zeros(6).long()
    grafted = subject.run(batch, exact.lengths, graft=Graft(step, node, torch.full((6, 8), 9.0)))
    for name, value in exact.outputs.items():
        assert torch.equal(plain.outputs[name], value)
        assert torch.equal(grafted.outputs[name], value)
    for port in task.program.interface.hints:
        assert torch.equal(plain.values[port.name], exact.values[port.name])
    assert torch.allclose(plain.attention[0].sum(-1), torch.ones(1))


def test_its_vectors_say_nothing_of_the_run():
    task = load("bfs")
    one, two = (task.sample(seed, 7, 4, p=0.4) for seed in (0, 1))
    steps = Memoriser(task.program)
    assert torch.equal(steps.start(one).nodes, steps.start(two).nodes)
    assert not torch.equal(steps.start(one).nodes, steps.step(one, steps.start(one)).nodes)


def test_spread_attention_stays_within_what_is_admissible():
    task = load("bfs")
    batch = task.sample(0, 9, 8, p=0.5)
    exact = interpret(task.program, batch, selections=True)
    network = compile_program(task.program, CompileSettings(n=9)).network
    own = NetworkSubject(network, task.program)
    trace = Spread(own, task.program).run(batch, exact.lengths, attention=True)
    assert torch.equal(trace.outputs["pi"], own.run(batch, exact.lengths).outputs["pi"])
    (selection,) = exact.selections.values()
    weights = trace.attention[0][:, :, 0]
    several = selection.admissible.sum(-1) > 1
    assert bool((several & selection.active).any())
    assert float((weights * ~selection.admissible).sum(-1)[selection.active].abs().max()) == 0.0
    assert bool((weights.amax(-1)[several] <= 0.5).all())


def test_a_mixture_is_one_network_at_each_end():
    task = load("bfs")
    batch = task.sample(0, 8, 6, p=0.4)
    exact = interpret(task.program, batch)
    networks = (
        compile_program(task.program, CompileSettings(n=8)).network,
        Network(clrs_config(task.program.interface, hidden=8, heads=2), seed=3),
    )
    ends = [NetworkSteps(network, task.program) for network in networks]
    for share, steps in zip((0.0, 1.0), ends, strict=True):
        mixed = ForeignSubject(MixtureSteps(*ends, share), task.program)
        found = mixed.run(batch, exact.lengths, attention=True)
        alone = ForeignSubject(steps, task.program).run(batch, exact.lengths, attention=True)
        assert torch.equal(found.outputs["pi"], alone.outputs["pi"])
        assert torch.equal(found.values["pi_h"], alone.values["pi_h"])
        heads = [weights.shape[2] for weights in (found.attention[0], alone.attention[0])]
        assert heads[0] % heads[1] == 0
    width = sum(network.config.hidden for network in networks)
    assert found.hidden.shape[-1] == width


def test_distillation_lowers_the_loss_of_exchanges_and_leaves_the_network():
    from mechgap.lab import distillation

    task, rival = load("bfs"), load("bfs_distance").program
    network = Network(clrs_config(task.program.interface, hidden=16, layer_norm=False), seed=0)
    before = [weight.clone() for weight in network.parameters()]
    plan = DistillationPlan(steps=12, nodes=8, graphs=8)
    found = distilled(network, task, {"bfs_distance": rival}, plan)
    again = distilled(network, task, {"bfs_distance": rival}, plan)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), again.parameters(), strict=True))
    graphs = task.sample(99, 8, 12, p=0.4)
    pairs = draw_pairs(task.program.interface, graphs, donors=1)
    swaps = plan_swaps({"bfs": task.program, "bfs_distance": rival}, pairs, swaps=4)
    losses = [
        float(distillation._exchange_loss(NetworkSteps(each, task.program), swaps, task.program).detach())
        for each in (network, found)
    ]
    assert losses[1] < 0.9 * losses[0]
