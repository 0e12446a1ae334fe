"""Files of training runs: what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from mechgap.errors import CheckpointError
from mechgap.nets.storage import KEY
from mechgap.nets.storage import save as save_network
from mechgap.training.checkpoint import load, resume, save
from mechgap.training.loop import train
from nets.cases import counting_network
from training.cases import SETTINGS, fresh, source


@pytest.fixture
def path(tmp_path):
    run = fresh(replace(SETTINGS, steps=2))
    train(run, source)
    save(run, tmp_path / "run.safetensors")
    return tmp_path / "run.safetensors"


def rewrite(path, metadata=None, **tensors):
    with safe_open(str(path), framework="pt") as file:
        kept = {name: file.get_tensor(name) for name in list(file.keys())}
        texts = {**json.loads(file.metadata()[KEY]), **(metadata or {})}
    save_file(
        {n: t for n, t in {**kept, **tensors}.items() if t is not None}, str(path), {KEY: json.dumps(texts)}
    )


def test_a_run_is_read_as_it_was_written(path):
    run = load(path)
    again = path.with_name("again.safetensors")
    save(run, again)
    assert again.read_bytes() == path.read_bytes() and run.step == 2 and run.done


def test_more_steps_may_be_asked_of_a_run_that_was_done(path):
    run = resume(path, fresh(replace(SETTINGS, steps=4, checkpoint_every=1)))
    assert not run.done and train(run, source) and run.step == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [({"learning_rate": 0.5}, "learning_rate"), ({"hidden": 16}, "hidden"), ({"sizes": (9,)}, "sizes")],
)
def test_a_run_with_other_settings_is_refused(path, change, field):
    with pytest.raises(CheckpointError, match=f"run.safetensors, {field}"):
        resume(path, fresh(replace(SETTINGS, **change)))


def test_missing_corrupt_and_foreign_files_are_refused(path, tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        load(tmp_path / "none.safetensors")
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        load(path)
    save_network(counting_network(), path)
    with pytest.raises(CheckpointError, match=r"format 'mechgap\.network/1'"):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"settings": {}}}, "other settings"),
        ({"metadata": {"step": "two"}}, "invalid literal"),
        ({"metadata": {"history": [{"step": 1}]}}, "Entry"),
        ({"weight.rounds.0.attend": torch.zeros(3)}, "weight rounds.0.attend"),
        ({"exp_avg.rounds.0.attend": torch.zeros(3)}, "moments of shapes"),
        ({"exp_avg.rounds.0.attend": None}, "moments of shapes"),
    ],
)
def test_files_that_do_not_fit_themselves_are_refused(path, change, message):
    rewrite(path, **change)
    with pytest.raises(CheckpointError, match=message):
        load(path)
