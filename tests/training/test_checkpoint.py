"""Files of training runs: they go on bit for bit with every option, and what is refused."""

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
from mechgap.tasks.catalogue import load as load_task
from mechgap.training.checkpoint import digest, load, resume, save
from mechgap.training.loop import Company, train
from mechgap.training.perturbation import perturbed
from mechgap.training.run import Run
from nets.cases import counting_network
from training.cases import SETTINGS, begun, fresh, source, source_of

OPTIONS = [
    {"family": "mpnn"}, {"family": "mpnn", "gating": True, "triplets": True, "attend": "all"},
    {"family": "transformer", "heads": 2}, {"rounds": 2}, {"hints": "decoded_only"}, {"hints": "none"},
    {"schedule": "cosine"}, {"schedule": "warmup_cosine", "warmup": 0.5}, {"weight_decay": 0.1},
    {"patience": 1}, {"truncate": 1}, {"clip_by": "value", "clip": 0.01}, {"attention": 0.5},
    {"attention": 0.5, "heads": 2, "attention_heads": (1,)}, {"internal": 0.5}, {"l1": 0.01},
    {"random_pos": True},
]  # fmt: skip


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


@pytest.mark.parametrize("change", OPTIONS, ids=str)
def test_a_run_with_any_option_goes_on_bit_for_bit(tmp_path, change):
    task = load_task("dfs_light" if "internal" in change else "bfs")
    settings = replace(SETTINGS, sizes=(4,), steps=4, checkpoint_every=2, validate_every=2, **change)
    data = source_of(task, settings)
    company = Company(validate=lambda network: {"valid": 0.5}, checkpoint=tmp_path / "whole")
    whole = begun(task, settings)
    train(whole, data, company)

    def stopped(step):
        if step == 3:
            raise InterruptedError
        return data(step)

    half = replace(company, checkpoint=tmp_path / "half")
    with pytest.raises(InterruptedError):
        train(begun(task, settings), stopped, half)
    found = resume(tmp_path / "half", begun(task, settings))
    assert found.step == 2 and found.settings == settings
    assert train(found, data, half)
    assert (tmp_path / "half").read_bytes() == (tmp_path / "whole").read_bytes()
    assert [name for name, _ in load(tmp_path / "half").weights()] == [name for name, _ in whole.weights()]


@pytest.mark.parametrize("change", OPTIONS, ids=str)
def test_a_run_with_another_option_is_refused(path, change):
    if set(change) == {"patience"}:
        assert resume(path, fresh(replace(SETTINGS, **change))).settings.patience == 1
        return
    task = load_task("dfs_light" if "internal" in change else "bfs")
    with pytest.raises(CheckpointError, match=r"run.safetensors, (\w+)\n"):
        resume(path, begun(task, replace(SETTINGS, **change)))


def test_steps_are_fixed_where_the_rate_follows_them(path):
    run = fresh(replace(SETTINGS, steps=2, schedule="cosine"))
    train(run, source)
    save(run, path)
    with pytest.raises(CheckpointError, match=r"run\.safetensors, steps"):
        resume(path, fresh(replace(SETTINGS, steps=4, schedule="cosine")))


def test_files_from_before_the_options_are_read(path):
    """Options at their defaults are not written, so that such files are those of today."""
    with safe_open(str(path), framework="pt") as file:
        data = json.loads(file.metadata()[KEY])
    assert "family" not in data["settings"] and "internals" not in data and "origin" not in data
    assert load(path).settings == replace(SETTINGS, steps=2)


def test_a_run_that_began_with_another_network_is_refused(tmp_path):
    network = fresh().network
    file, settings = tmp_path / "run.safetensors", replace(SETTINGS, steps=1)
    run = Run.of(network, settings, origin=digest(network))
    train(run, source, Company(checkpoint=file))
    assert load(file).origin == run.origin != digest(run.network)
    other = perturbed(network, 0.1, (0,))
    with pytest.raises(CheckpointError, match="network it began with"):
        resume(file, Run.of(other, settings, origin=digest(other)))
    with pytest.raises(CheckpointError, match="a new one"):
        resume(file, fresh(settings))


def test_readouts_that_do_not_fit_are_refused(tmp_path):
    task, file = load_task("dfs_light"), tmp_path / "run.safetensors"
    run = begun(task, replace(SETTINGS, internal=1.0))
    run.advance(source_of(task, run.settings)(0))
    save(run, file)
    rewrite(file, **{"internal.readouts.0.weight": torch.zeros(3)})
    with pytest.raises(CheckpointError, match="readouts of internal variables of shapes"):
        load(file)


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
