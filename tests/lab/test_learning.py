"""Training on a task: fresh traces, held-out graphs, going on."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import CheckpointError, GraphError, TrainingError
from mechgap.lab.learning import learn, learn_from, traces, validation
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load
from mechgap.training.perturbation import perturbed
from mechgap.training.settings import TrainingSettings

TINY = TrainingSettings(hidden=8, sizes=(4, 5), batch=4, steps=4, validate_every=2, checkpoint_every=2)


def test_traces_depend_on_the_seed_and_the_step_alone():
    task = load("bfs")
    first, again = traces(task, TINY), traces(task, TINY)
    assert torch.equal(first(3).values["pi_h"], again(3).values["pi_h"])
    assert first(0).batch.width == 4
    assert first(1).batch.width == 5
    other = traces(task, dataclasses.replace(TINY, seed=1))
    assert not torch.equal(first(0).batch.values["A"], other(0).batch.values["A"])
    assert not torch.equal(first(0).batch.values["A"], first(2).batch.values["A"])


@pytest.mark.parametrize("name", ["bfs", "bfs_distance", "dfs_light"])
def test_validation_is_a_share(name):
    task = load(name)
    network = Network(TINY.network(task.program.interface))
    scores = validation(task, TINY)(network)
    assert set(scores) == {"valid", "graphs"}
    assert 0 <= scores["graphs"] <= scores["valid"] <= 1


def test_a_run_goes_on_to_the_same_weights(tmp_path):
    task, told = load("bfs"), []
    whole = learn(task, TINY, tmp_path / "whole", watch=lambda *part: told.append(part))
    assert [part[0] for part in told] == [0, 1, 2, 3]
    assert told[-1][2].startswith("step 3, valid answers")
    assert [entry.step for entry in whole.history] == [2, 4]
    learn(task, dataclasses.replace(TINY, steps=2), tmp_path / "half")
    half = learn(task, TINY, tmp_path / "half")
    for a, b in zip(whole.network.parameters(), half.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert learn(task, TINY, tmp_path / "half").step == 4


def test_a_checkpoint_of_another_run_is_told_or_replaced(tmp_path):
    task = load("bfs")
    learn(task, dataclasses.replace(TINY, steps=1), tmp_path / "c")
    other = dataclasses.replace(TINY, steps=1, hidden=4)
    with pytest.raises(CheckpointError, match="hidden"):
        learn(task, other, tmp_path / "c")
    assert learn(task, other, tmp_path / "c", going_on=False).network.config.hidden == 4


def test_traces_have_what_the_settings_ask_for():
    task = load("insertion_sort")
    plain = traces(task, TINY)(0)
    assert not plain.selections
    drawn = traces(task, dataclasses.replace(TINY, random_pos=True, attention=1.0))(0)
    assert torch.equal(drawn.batch.values["key"], plain.batch.values["key"])
    assert drawn.selections and not torch.equal(drawn.batch.values["pos"], plain.batch.values["pos"])
    assert bool((drawn.batch.values["pos"].diff(dim=1) >= 0).all())


def test_training_goes_on_from_a_given_network(tmp_path):
    task = load("bfs")
    compiled = compile_program(task.program, CompileSettings(n=8)).network
    start = perturbed(compiled, 0.05, (0,))
    before = {name: value.clone() for name, value in start.state_dict().items()}
    run = learn_from(task, start, TINY, tmp_path / "run")
    assert run.done and run.network.config == start.config and not start.config.layer_norm
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())
    assert any(not torch.equal(value, before[name]) for name, value in run.network.state_dict().items())
    learn_from(task, start, dataclasses.replace(TINY, steps=2), tmp_path / "half")
    again = learn_from(task, start, TINY, tmp_path / "half")
    for a, b in zip(run.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(CheckpointError, match="network it began with"):
        learn_from(task, compiled, TINY, tmp_path / "half")
    with pytest.raises(TrainingError, match="other inputs, hints or outputs"):
        learn_from(load("dfs"), start, TINY, tmp_path / "other")


def test_the_nearest_heads_of_a_given_network_are_supervised(tmp_path):
    task = load("bfs")
    settings = dataclasses.replace(TINY, steps=2, attention=1.0)
    compiled = compile_program(task.program, CompileSettings(n=8)).network
    run = learn_from(task, compiled, settings, tmp_path / "run")
    (head,) = run.settings.attention_heads
    assert 0 <= head < sum(shape.attentions for shape in compiled.config.rounds)
    assert run.history[-1].losses["attention"] < 0.01


def test_positions_are_random_only_where_there_are_any():
    task = load("bfs")

    def sample(rng, size, count, p=None):
        batch = task.sample(rng, size, count, p=p)
        return type(batch)({n: v for n, v in batch.values.items() if n != "pos"}, batch.nodes)

    bare = dataclasses.replace(task, sample=sample)
    with pytest.raises(GraphError, match="an input pos"):
        traces(bare, dataclasses.replace(TINY, random_pos=True))(0)
