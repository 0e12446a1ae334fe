"""Training on a task: fresh traces, held-out graphs, going on."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from mechgap.errors import CheckpointError
from mechgap.lab.learning import learn, traces, validation
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load
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
