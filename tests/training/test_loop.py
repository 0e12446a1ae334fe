"""Training runs: they learn, stop cleanly, and go on where they stopped, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from mechgap.errors import TrainingError
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.tasks.graphs.bfs import task
from mechgap.training.checkpoint import load, resume
from mechgap.training.loop import Company, train
from mechgap.training.settings import preset
from training.cases import SETTINGS, fresh, source


def weights(run):
    return {name: value.clone() for name, value in run.network.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def uninterrupted():
    run = fresh()
    assert train(run, source, Company(progress=False))
    return weights(run)


def test_a_run_is_a_function_of_its_settings(uninterrupted):
    run = fresh()
    before = weights(run)
    train(run, source)
    assert same(weights(run), uninterrupted) and not same(before, uninterrupted)
    other = fresh(replace(SETTINGS, seed=1))
    train(other, source)
    assert not same(weights(other), uninterrupted)


def test_the_number_of_threads_is_part_of_the_settings():
    before, seen = torch.get_num_threads(), []

    def watched(step):
        seen.append(torch.get_num_threads())
        return source(step)

    train(fresh(replace(SETTINGS, steps=1, threads=2)), watched)
    assert seen == [2] and torch.get_num_threads() == before


def test_it_learns_breadth_first_search():
    settings = replace(preset("quick"), hidden=16, sizes=(8,), batch=16, steps=60, learning_rate=1e-2)
    run = fresh(settings)

    def data(step):
        return replaced(step, 8)

    def replaced(step, size):
        from mechgap.semantics.interpreter import interpret

        return interpret(task.program, task.sample(step, size, 16, p=settings.connectivity))

    train(run, data)
    trace = replaced(10**6, 8)
    first = {name: value[0] for name, value in trace.values.items()}
    answer = rollout(run.network, trace.batch, RolloutOptions(first=first, lengths=trace.lengths))
    assert task.valid(answer.outputs, trace.batch).float().mean() > 0.9


def test_kill_9_and_resume_give_the_weights_of_an_uninterrupted_run(tmp_path, uninterrupted):
    path = tmp_path / "run.safetensors"
    code = f"""
import os, signal, sys
sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})
from pathlib import Path
from training.cases import fresh, source
from mechgap.training.loop import Company, train
def deadly(step):
    if step == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return source(step)
train(fresh(), deadly, Company(checkpoint=Path({str(path)!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    run = resume(path, fresh())
    assert run.step == 6
    assert train(run, source, Company(checkpoint=path))
    assert same(weights(run), uninterrupted)
    assert same(weights(load(path)), uninterrupted) and load(path).done


def test_ctrl_c_ends_the_step_and_writes_the_checkpoint(tmp_path, uninterrupted):
    path = tmp_path / "run.safetensors"

    def interrupted(step):
        if step == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return source(step)

    handler = signal.getsignal(signal.SIGINT)
    assert not train(fresh(), interrupted, Company(checkpoint=path))
    assert signal.getsignal(signal.SIGINT) is handler
    run = resume(path, fresh())
    assert run.step == 5
    assert train(run, source) and same(weights(run), uninterrupted)


def test_a_second_ctrl_c_stops_at_once():
    def impatient(step):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return source(step)

    with pytest.raises(KeyboardInterrupt):
        train(fresh(), impatient)


def test_a_loss_that_is_no_number_says_where(tmp_path):
    path = tmp_path / "run.safetensors"
    run = fresh()

    def broken(step):
        trace = source(step)
        if step == 4:
            trace.batch.values["A"].fill_(torch.nan)
        return trace

    with pytest.raises(
        TrainingError, match=r"training, step 4, loss of hint reach_h[\s\S]*learning rate 0.001"
    ):
        train(run, broken, Company(checkpoint=path))
    assert run.step == 4 and all(value.isfinite().all() for value in weights(run).values())
    assert load(path).step == 3


def test_a_gradient_that_is_no_number_is_found_too():
    run = fresh()
    next(iter(run.network.parameters())).register_hook(lambda gradient: gradient * torch.inf)
    before = weights(run)
    with pytest.raises(TrainingError, match="step 0, gradient"):
        train(run, source)
    assert same(weights(run), before)


def test_validations_are_noted(tmp_path):
    seen = []

    def validate(network):
        seen.append(network)
        return {"score": float(len(seen))}

    run = fresh()
    train(run, source, Company(validate=validate, checkpoint=tmp_path / "run.safetensors"))
    assert [(entry.step, dict(entry.scores)) for entry in run.history] == [
        (3, {"score": 1.0}), (6, {"score": 2.0}), (8, {"score": 3.0})
    ]  # fmt: skip
    assert set(run.history[0].losses) == {"hint reach_h", "hint pi_h", "output pi"}
    assert load(tmp_path / "run.safetensors").history == run.history


def test_a_penalty_on_weights_makes_them_smaller():
    def size(l1):
        run = fresh(replace(SETTINGS, steps=30, l1=l1, learning_rate=1e-2))
        train(run, source)
        return sum(weight.abs().sum().item() for weight in run.network.parameters())

    assert size(0.1) < 0.9 * size(0.0)


def test_a_bar_shows_the_loss_and_the_time_left(capsys):
    train(fresh(), source, Company(validate=lambda network: {"valid": 0.5}, progress=True))
    shown = capsys.readouterr().err
    assert "8/8" in shown and "loss" in shown and "valid 0.5" in shown
    train(fresh(), source, Company())
    assert capsys.readouterr().err == ""
