"""Who stands in a line-up: training that is not done twice, and columns that are missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.errors import CheckpointError, Refusal, TrainingError
from mechgap.lab import suspects as module
from mechgap.lab.measurement import MeasurePlan
from mechgap.lab.suspects import suspects, train_suspects
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.training.settings import preset

BFS = load("bfs")
QUICK = replace(preset("quick"), hidden=8, steps=3, batch=4, sizes=(4, 6))
PLAN = MeasurePlan(orbit=1, random=2)


def test_a_rival_that_does_not_compile_is_missing_with_a_reason(monkeypatch):
    rival, known = load("bfs_distance").program, module.compile_program

    def compile_program(program, *rest):
        if program.name == rival.name:
            raise Refusal("here", "a rival", "another", "nothing")
        return known(program, *rest)

    monkeypatch.setattr(module, "compile_program", compile_program)
    exact = interpret(BFS.program, BFS.sample(0, 6, 2, p=0.3), selections=True)
    trained = {"own": Network(clrs_config(BFS.program.interface, hidden=8), seed=0)}
    found, missing = suspects(BFS, trained, (rival, load("bfs_frontier").program), PLAN, exact)
    assert missing == {"bfs_distance": "here: a rival"}
    assert [each.name for each in found if each.role == "rival"] == ["bfs_frontier"]
    floor = next(each for each in found if each.role == "untrained")
    assert len(floor.subjects) == 2 and all(n.config == trained["own"].config for n in floor.subjects)
    none, _ = suspects(BFS, trained, (), replace(PLAN, random=0), exact)
    assert all(each.role != "untrained" for each in none)


def test_training_is_done_once_and_its_failures_are_told(tmp_path):
    first = train_suspects(BFS, QUICK, (0,), tmp_path)
    again = train_suspects(BFS, QUICK, (0,), tmp_path)
    for one, two in zip(first["seed 0"].parameters(), again["seed 0"].parameters(), strict=True):
        assert torch.equal(one, two)
    with pytest.raises(CheckpointError):
        train_suspects(BFS, replace(QUICK, batch=5), (0,), tmp_path)
    with pytest.raises(TrainingError):
        train_suspects(BFS, replace(QUICK, learning_rate=1e30, layer_norm=False), (0,), tmp_path / "bad")
