"""Removing senders from networks from elsewhere: those that need only whom the program selects are told."""

from __future__ import annotations

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.lab.mixture import MixtureSteps, NetworkSteps
from mechgap.measures.ablation import Rows, ablation
from mechgap.measures.foreign import ForeignSubject, FunctionSteps
from mechgap.measures.foreign_ablation import foreign_ablation
from mechgap.nets.config import clrs_config, mpnn_config
from mechgap.nets.network import Network
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.tasks.graphs import bfs

TARGETS = ("gatv2", "mpnn", "transformer")


def run(name, n=8, graphs=8):
    task = load(name)
    return interpret(task.program, task.sample(0, n, graphs, p=0.35), selections=True)


def removed(steps, name="bfs", exact=None):
    exact = exact or run(name)
    return foreign_ablation(ForeignSubject(steps, load(name).program), exact, Rows.drawn(exact))


def first(batch):
    reached = batch.values["s"].float()
    return torch.stack([reached, torch.arange(batch.width).expand_as(reached).float()], -1)


def search(batch, vectors, everyone=False):
    """A round of BFS; with ``everyone``, parents are numbered from the last one that is next to a node."""
    reached = vectors[..., 0] > 0
    offers = (batch.values["adj"] & reached[:, :, None]).transpose(1, 2)
    newly = offers.any(-1) & ~reached
    number = torch.arange(batch.width)
    near = batch.values["adj"].transpose(1, 2) if everyone else offers
    chosen = torch.where(near, number, -1).amax(-1) if everyone else offers.int().argmax(-1)
    parent = torch.where(newly, chosen.float(), vectors[..., 1])
    return torch.stack([(reached | newly).float(), parent], -1)


def outputs(batch, vectors):
    return {"pi": vectors[..., 1].long()}


def hints(batch, vectors):
    return {"reach_h": vectors[..., 0] > 0, "pi_h": vectors[..., 1].long()}


WRITTEN = FunctionSteps(first, search, outputs, hints)


@pytest.mark.parametrize("steps", [WRITTEN, FunctionSteps(first, search, outputs)], ids=["hints", "outputs"])
def test_written_steps_need_only_whom_the_program_selects(steps):
    found = removed(steps)
    assert found["gap"].value == 0.0 and found["top1"].value == 1.0 and found["gap"].n > 10
    assert "have an effect" in found["gap"].note


def test_a_network_that_listens_to_others_is_told():
    found = removed(FunctionSteps(first, lambda b, v: search(b, v, everyone=True), outputs, hints))
    assert found["gap"].low > 0.2


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "widest_path", "components"])
def test_exact_networks_of_our_own_pass_as_foreign_ones(name, target):
    program = load(name).program
    network = compile_program(program, CompileSettings(n=16, target=target)).network
    found = removed(NetworkSteps(network, program), name)
    assert found["gap"].value == 0.0 and found["top1"].value == 1.0 and found["gap"].n > 0


@pytest.mark.parametrize("make", [clrs_config, mpnn_config])
def test_untrained_ones_do_not_and_both_measures_agree_on_that(make):
    network, exact = Network(make(bfs.program.interface, hidden=16), seed=1), run("bfs")
    found = removed(NetworkSteps(network, bfs.program), exact=exact)
    own = ablation(network, bfs.program, exact, Rows.drawn(exact))
    assert found["gap"].value > 0.1 and own["gap"].value > 0.1


def test_a_mixture_hears_whom_either_network_hears():
    one = compile_program(bfs.program).network
    other = Network(clrs_config(bfs.program.interface, hidden=8), seed=3)
    both = MixtureSteps(NetworkSteps(one, bfs.program), NetworkSteps(other, bfs.program), 0.0)
    assert removed(both)["gap"].value == 0.0


def test_the_last_one_that_a_node_hears_stays():
    """In a graph without edges but loops, there is nobody to remove."""
    batch = bfs.task.sample(0, 6, 4, p=0.0)
    steps = ForeignSubject(WRITTEN, bfs.program)
    rows = Rows(torch.tensor([0]), torch.tensor([0]), torch.tensor([1]), torch.ones(1, 6, dtype=torch.bool))
    assert foreign_ablation(steps, interpret(bfs.program, batch), rows) == {}


def test_programs_without_edges_have_nothing_to_remove():
    task = load("minimum")
    exact = run("minimum")
    rows = Rows(torch.tensor([0]), torch.tensor([0]), torch.tensor([1]), torch.ones(1, 8, dtype=torch.bool))

    def number(batch):
        return batch.values["key"][..., None].float()

    def least(batch, vectors):
        return {port.name: vectors[..., 0] > 0 for port in task.program.interface.outputs}

    steps = FunctionSteps(number, lambda batch, vectors: vectors, least)
    assert foreign_ablation(ForeignSubject(steps, task.program), exact, rows) == {}
