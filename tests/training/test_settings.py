"""Settings of training: presets, plain data, and values that are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mechgap.errors import CheckpointError, NotFoundError, TrainingError
from mechgap.tasks.graphs.bfs import program
from mechgap.training.settings import PRESETS, TrainingSettings, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_written_as_plain_json(name):
    settings = preset(name)
    assert TrainingSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_the_preset_of_clrs_is_that_of_the_benchmark():
    settings = preset("clrs")
    assert (settings.hidden, settings.heads, settings.batch, settings.steps) == (128, 1, 32, 10_000)
    assert settings.sizes == (4, 7, 11, 13, 16) and settings.soft and settings.layer_norm
    assert (settings.learning_rate, settings.clip, settings.l1, settings.teacher_forcing) == (1e-3, 1.0, 0, 0)
    config = settings.network(program.interface)
    assert (
        config.hidden == config.rounds[0].mid == 128
        and config.layer_norm
        and not config.rounds[0].edge_values
    )


def test_sizes_come_in_turn():
    settings = TrainingSettings(sizes=(4, 7))
    assert [settings.size(step) for step in range(5)] == [4, 7, 4, 7, 4]


def test_unknown_presets_are_named():
    with pytest.raises(NotFoundError, match="clrs, quick"):
        preset("slow")


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 6, "heads": 4}, {"sizes": ()}, {"sizes": (0,)}, {"batch": 0}, {"connectivity": (1.5,)},
        {"steps": -1}, {"learning_rate": 0.0}, {"learning_rate": float("nan")}, {"clip": 0.0}, {"l1": -1.0},
        {"family": "gru"}, {"rounds": 0}, {"attend": "some"}, {"hints": "encoded"}, {"schedule": "linear"},
        {"warmup": 1.5}, {"weight_decay": -1.0}, {"weight_decay": 1e6}, {"patience": -1}, {"truncate": -1},
        {"clip_by": "layer"}, {"attention": -1.0}, {"attention": float("inf")}, {"attention_heads": (-1,)},
        {"internal": -1.0}, {"triplets": True}, {"gating": True},
        {"heads": 2, "family": "mpnn"}, {"edge_values": True, "family": "mpnn"},
        {"attention": 1.0, "family": "mpnn"},
        {"teacher_forcing": 2.0}, {"threads": 0}, {"validate_every": 0}, {"checkpoint_every": 0},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(TrainingError, match=f"training settings, {next(iter(change))}"):
        replace(preset("quick"), **change)


def test_settings_of_another_version_are_refused():
    data = preset("quick").to_json()
    with pytest.raises(CheckpointError, match="momentum"):
        TrainingSettings.from_json({**data, "momentum": 0.9})


def test_plain_data_name_options_only_where_they_are_set():
    assert preset("quick").to_json().keys() & {"family", "schedule", "attention"} == set()
    data = replace(preset("quick"), family="mpnn", gating=True, attention_heads=(2, 0)).to_json()
    assert (data["family"], data["gating"], data["attention_heads"]) == ("mpnn", True, [2, 0])
    assert TrainingSettings.from_json(json.loads(json.dumps(data))).attention_heads == (2, 0)


@pytest.mark.parametrize("hints", ["encoded_decoded", "decoded_only", "none"])
def test_networks_are_of_the_shape_that_is_set(hints):
    settings = TrainingSettings(
        family="mpnn", hidden=8, rounds=3, attend="all", triplets=True, gating=True, hints=hints
    )
    config = settings.network(program.interface)
    assert len(config.rounds) == 3 and config.encode_hints == (hints == "encoded_decoded")
    (shape,) = set(config.rounds)
    assert (shape.family, shape.attend, shape.thirds, shape.gated) == ("mpnn", "all", 8, True)
    plain = TrainingSettings(family="transformer", hidden=8, heads=2, edge_values=True)
    (shape,) = plain.network(program.interface).rounds
    assert (shape.family, shape.heads, shape.keys, shape.edge_values) == ("transformer", 2, 8, True)
