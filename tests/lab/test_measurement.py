"""What networks are measured on, and how their runs go."""

from __future__ import annotations

import json

import pytest

from mechgap.compiler.passes import compile_program
from mechgap.lab.example import draw_example
from mechgap.lab.measurement import MeasurePlan, courses, left_out, setting
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load

PLAN = MeasurePlan(n=6, graphs=5, sizes=(8, 12), more=4)


def pair(task):
    untrained = Network(clrs_config(task.program.interface, hidden=8))
    return {"compiled": compile_program(task.program).network, "untrained": untrained}


def test_sizes_that_are_too_much_work_are_named():
    task = load("bfs")
    assert left_out(setting(task, (), PLAN), PLAN) == []
    few = MeasurePlan(n=6, graphs=5, sizes=(8, 64), more=4, work=4000)
    made = setting(task, (), few)
    assert left_out(made, few) == [64]
    assert [len(batch) for batch in made.sizes] == [4]


@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs"])
def test_the_compiled_course_is_right_everywhere(name):
    task = load(name)
    found = courses(pair(task), setting(task, (), PLAN))
    assert [entry["n"] for entry in found["compiled"]["valid"]] == [6, 8, 12]
    assert {entry["score"]["value"] for entry in found["compiled"]["valid"]} == {1.0}
    for curve in found["compiled"]["trace"].values():
        assert all(score["value"] in (None, pytest.approx(0.0, abs=1e-6)) for score in curve)
    assert found["untrained"]["valid"][0]["score"]["value"] < 1.0
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs"])
def test_an_example_has_steps_with_choices(name):
    task = load(name)
    found = draw_example(task, pair(task), nodes=6)
    steps = found["frames"] - 1
    assert steps >= 2 and any(found["active"])
    assert len(found["admissible"]) == steps
    for step, matrix in enumerate(found["runs"]["compiled"]["attention"]):
        for row, allowed in zip(matrix, found["admissible"][step], strict=True):
            assert sum(row) == pytest.approx(1.0, abs=1e-2)
            if any(allowed):
                assert sum(w for w, a in zip(row, allowed, strict=True) if a) == pytest.approx(1.0)
    assert found["runs"]["compiled"]["states"] == found["program"]
    assert json.loads(json.dumps(found)) == found
