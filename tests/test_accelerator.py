"""Whatever PyTorch computes on besides the processor: compiled networks are exact there too, others alike."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import NotFoundError, Refusal
from mechgap.lab.measurement import MeasurePlan, references, setting
from mechgap.lab.rivals import rivals
from mechgap.lab.seeds import learn_many
from mechgap.lab.verification import VerificationPlan, verify
from mechgap.measures.distance import distance
from mechgap.measures.panel import measure
from mechgap.nets.device import device_of
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load
from mechgap.training.checkpoint import load as load_run
from mechgap.training.checkpoint import save
from mechgap.training.stack import Stack
from training.cases import SETTINGS, begun, source, source_of

FOUND = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
needed = pytest.mark.skipif(FOUND is None, reason="PyTorch has no accelerator here")
WHERE = str(FOUND)
TARGETS = ("gatv2", "mpnn", "transformer")


@pytest.mark.parametrize("name", ["cuda:99", "meta", "nothing"])
def test_a_device_that_is_not_there_is_named_with_those_that_are(name):
    with pytest.raises(NotFoundError, match="cpu") as caught:
        device_of(name)
    assert name in caught.value.faults[0].given
    with pytest.raises(NotFoundError):
        begun(load("bfs"), replace(SETTINGS, device=name))


def test_a_trace_that_goes_to_a_device_keeps_everything():
    task = load("bellman_ford")
    exact = interpret(task.program, task.sample(0, 5, 3), selections=True)
    moved = exact.to("cpu")
    assert moved.selections.keys() == exact.selections.keys() and moved.selections
    assert all(torch.equal(moved.values[name], value) for name, value in exact.values.items())
    assert all(torch.equal(moved.outputs[name], value) for name, value in exact.outputs.items())
    assert torch.equal(moved.lengths, exact.lengths) and moved.defined.keys() == exact.defined.keys()


@needed
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_compiled_networks_are_exact(name, target):
    task = load(name)
    try:
        found = compile_program(task.program, CompileSettings(target=target))
    except Refusal:
        pytest.skip(f"{target} refuses {name}")
    report = verify(task, found.network.to(WHERE), found.certificate, VerificationPlan((4, 12), 3))
    assert report.mismatches == 0 and report.steps > 0


@needed
@pytest.mark.parametrize("name", ["bfs", "bridges"])
def test_a_trace_comes_back_to_where_the_batch_is(name):
    task = load(name)
    exact = interpret(task.program, task.sample(0, 6, 4))
    network = Network(SETTINGS.network(task.program.interface)).to(WHERE)
    options = replace(RolloutOptions.of(network, exact), hidden=True, attention=True, logits=True)
    there, here = (rollout(each, exact.batch, options) for each in (network, copy.deepcopy(network).cpu()))
    assert there.hidden.device == there.lengths.device == exact.lengths.device
    torch.testing.assert_close(there.hidden, here.hidden, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(there.attention[0], here.attention[0], atol=1e-4, rtol=1e-4)


@needed
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bellman_ford", {}),
        ("bellman_ford", {"family": "mpnn", "triplets": True, "gating": True}),
        ("bellman_ford", {"family": "transformer", "heads": 2, "l1": 1e-3}),
        ("bfs_frontier", {"attention": 1.0, "internal": 0.5}),
        ("bellman_ford", {"hints": "none", "weight_decay": 0.1}),
        ("bridges", {}),  # hints are not defined everywhere
        ("lcs_length", {"family": "mpnn"}),
    ],
    ids=str,
)
def test_training_is_that_of_the_processor_but_for_rounding(name, changes):
    task = load(name)
    here = replace(SETTINGS, **changes)
    runs = [begun(task, here), begun(task, replace(here, device=WHERE))]
    for step in range(3):
        trace = source_of(task, here)(step)
        losses = [run.advance(trace) for run in runs]
        assert losses[0] == pytest.approx(losses[1], rel=2e-3)
    assert runs[1].network.device.type == FOUND.type


@needed
def test_a_run_goes_on_elsewhere(tmp_path):
    run, path = begun(load("bfs"), replace(SETTINGS, device=WHERE)), tmp_path / "run.safetensors"
    for step in range(2):
        run.advance(source(step))
    save(run, path)
    again = [load_run(path), load_run(path, WHERE)]
    assert [each.network.device.type for each in again] == ["cpu", FOUND.type]
    losses = [each.advance(source(2)) for each in (run, *again)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3) and losses[2] == pytest.approx(losses[0], rel=1e-6)


@needed
def test_stacked_runs_are_those_that_they_would_be_alone():
    task, settings = load("bfs"), replace(SETTINGS, device=WHERE)
    make = [begun(task, replace(settings, seed=seed)) for seed in range(3)]
    alone = [begun(task, replace(settings, seed=seed)) for seed in range(3)]
    stack = Stack(make)
    for step in range(3):
        terms = stack.advance([source(step)] * 3)
        for run, found in zip(alone, terms, strict=True):
            assert run.advance(source(step)) == pytest.approx(found, rel=1e-3)


@needed
def test_seeds_learn_from_the_files_of_other_devices(tmp_path):
    task, settings = load("bfs"), replace(SETTINGS, steps=2)
    learn_many(task, settings, range(4), tmp_path)
    runs = learn_many(task, replace(settings, steps=4, device=WHERE), range(4), tmp_path)
    assert all(run.done and run.network.device.type == FOUND.type for run in runs)


@needed
@pytest.mark.parametrize("target", TARGETS)
def test_gates_say_the_same(target):
    task = load("bellman_ford")
    network = compile_program(task.program, CompileSettings(target=target)).network
    plan = MeasurePlan(n=6, graphs=6, sizes=(8,), random=1)
    made = setting(task, rivals(task), plan)
    both = network, copy.deepcopy(network).to(WHERE)
    panels = [measure(each, made, references(task, plan, each)) for each in both]
    assert panels[0].rows.keys() == panels[1].rows.keys()
    for key, row in panels[0].rows.items():
        there = panels[1].rows[key].score.value
        assert there == pytest.approx(row.score.value, abs=1e-3) or math.isnan(row.score.value), key
    assert panels[0].verdict.summary == panels[1].verdict.summary
    assert distance(copy.deepcopy(network).to(WHERE), network).whole == pytest.approx(0.0, abs=1e-6)
