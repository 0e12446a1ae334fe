"""Training of many seeds: each is the run of its seed, goes on from its own file, and stops alone."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest
import torch

from mechgap.errors import CheckpointError, TrainingError
from mechgap.lab import seeds
from mechgap.lab.learning import learn
from mechgap.lab.seeds import learn_many, most, seed_folder
from mechgap.tasks.catalogue import load
from mechgap.training.checkpoint import CHECKPOINT
from mechgap.training.checkpoint import load as load_run
from mechgap.training.settings import TrainingSettings

TINY = TrainingSettings(hidden=8, sizes=(4, 5), batch=4, steps=4, validate_every=2, checkpoint_every=2)
SEEDS = (3, 0, 5, 1)
TASK = load("bfs")


def weights(run):
    return torch.cat([weight.detach().flatten() for weight in run.network.parameters()])


def test_one_by_one_they_are_the_runs_of_their_seeds(tmp_path):
    told = []
    runs = learn_many(TASK, TINY, SEEDS, tmp_path, lambda *part: told.append(part), stacked=False)
    assert [run.settings.seed for run in runs] == list(SEEDS) and all(run.done for run in runs)
    assert [part[:2] for part in told] == [(0, 16), (4, 16), (8, 16), (12, 16)]
    assert "4 seeds, valid answers" in told[-1][2]
    alone = learn(TASK, replace(TINY, seed=5), tmp_path / "alone")
    assert torch.equal(weights(alone), weights(runs[2])) and alone.history == runs[2].history


def test_stacked_they_learn_the_same_but_for_rounding(tmp_path):
    settings = replace(TINY, steps=1)
    stacked = learn_many(TASK, settings, SEEDS, tmp_path / "a")
    single = learn_many(TASK, settings, SEEDS, tmp_path / "b", stacked=False)
    losses = [[sum(run.history[-1].losses.values()) for run in runs] for runs in (stacked, single)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5) and len(set(losses[0])) == len(SEEDS)


def test_a_file_of_a_seed_is_an_ordinary_checkpoint(tmp_path):
    learn_many(TASK, replace(TINY, steps=2), SEEDS, tmp_path)
    path = seed_folder(tmp_path, 0) / CHECKPOINT
    assert load_run(path).step == 2
    ahead = learn(TASK, replace(TINY, seed=0, steps=3), path)
    assert ahead.step == 3
    runs = learn_many(TASK, TINY, SEEDS, tmp_path)
    assert [run.step for run in runs] == [4] * 4
    assert [entry.step for entry in runs[0].history] == [2, 4]
    assert [load_run(seed_folder(tmp_path, seed) / CHECKPOINT).step for seed in SEEDS] == [4] * 4
    with pytest.raises(CheckpointError, match="clip"):
        learn_many(TASK, replace(TINY, clip=0.5), SEEDS, tmp_path)


def test_more_are_stacked_where_more_at_once_pay(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(seeds, "train_team", lambda members, together, watch: asked.append(together))
    learn_many(TASK, TINY, SEEDS, tmp_path)
    learn_many(TASK, TINY, SEEDS[:3], tmp_path)
    assert asked == [most("cpu"), 1]
    assert most("cpu") < most("cuda") == most("cuda:1")


@pytest.mark.parametrize("stacked", [True, False])
def test_a_seed_whose_loss_is_no_number_stops_alone(tmp_path, stacked):
    learn_many(TASK, replace(TINY, steps=1), SEEDS, tmp_path)
    broken = load_run(seed_folder(tmp_path, 0) / CHECKPOINT)
    with torch.no_grad():
        broken.network.rounds[0].skip.bias.fill_(float("inf"))
    from mechgap.training.checkpoint import save

    save(broken, seed_folder(tmp_path, 0) / CHECKPOINT)
    runs = learn_many(TASK, TINY, SEEDS, tmp_path, stacked=stacked)
    assert [run.step for run in runs] == [4, 1, 4, 4]
    assert isinstance(runs[1].error, TrainingError) and not any(run.error for run in runs[::2])


def test_ctrl_c_leaves_checkpoints_to_go_on_from(tmp_path):
    def interrupt(done, total, note):
        if done == 8:
            signal.raise_signal(signal.SIGINT)

    whole = learn_many(TASK, TINY, SEEDS, tmp_path / "whole")
    half = learn_many(TASK, TINY, SEEDS, tmp_path / "half", interrupt)
    assert [run.step for run in half] == [3] * 4 and not any(run.done for run in half)
    again = learn_many(TASK, TINY, SEEDS, tmp_path / "half")
    for one, other in zip(whole, again, strict=True):
        assert other.done and torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("seeds", [(), (1, 1)])
def test_missing_and_repeated_seeds_are_refused(tmp_path, seeds):
    with pytest.raises(TrainingError, match="no two the same"):
        learn_many(TASK, TINY, seeds, tmp_path)
