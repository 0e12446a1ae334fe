"""Parity with the recorded traces."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mechgap.errors import FileFormatError, GraphError, NotFoundError
from mechgap.interop.golden import write_trace
from mechgap.lab.parity import parity
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import CLRS_NAMES, load

GOLDEN = Path(__file__).parent.parent / "golden"
RECORDED = ("bfs", "bellman_ford", "dfs")


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("target", ["interpreter", "gatv2"])
def test_every_hint_length_and_output_is_the_recorded_one(name, target):
    report = parity(GOLDEN, [name], target=target)
    assert [file.nodes for file in report.files] == [4, 16, 64]
    assert report.compared > 1000
    assert report.mismatches == 0


def test_all_recorded_tasks_are_compared_by_default():
    report = parity(GOLDEN)
    assert tuple(dict.fromkeys(file.task for file in report.files)) == CLRS_NAMES
    assert len(report.files) == len(list(GOLDEN.glob("*.npz")))
    assert report.refused == ()
    data = json.loads(json.dumps(report.to_json()))
    assert (data["mismatches"], data["refused"], data["target"]) == (0, [], "interpreter")
    assert data["files"][0]["comparisons"][0]["name"] == "length"


def test_what_the_target_refuses_is_counted_apart(tmp_path):
    for name in ("bfs", "matrix_chain_order", "segments_intersect"):
        shutil.copy(GOLDEN / f"{name}-n4.npz", tmp_path)
    report = parity(tmp_path, target="gatv2")
    assert [(file.task, file.mismatches) for file in report.files] == [
        ("bfs", 0),
        ("segments_intersect", 0),
    ]
    assert [(refused.task, refused.file) for refused in report.refused] == [
        ("matrix_chain_order", "matrix_chain_order-n4.npz"),
    ]
    assert "triples" in report.refused[0].reason.given
    assert report.mismatches == 0 < report.compared
    data = json.loads(json.dumps(report.to_json()))
    assert data["refused"][0]["reason"]["remedy"]


def test_a_size_beyond_the_certificate_is_refused_and_smaller_ones_are_not(tmp_path):
    task = load("boruvka")
    for n in (3, 140):
        batch = task.sample(0, n, 1)
        write_trace(tmp_path / f"{task.name}-n{n}.npz", interpret(task.program, batch), task.program)
    report = parity(tmp_path, target="gatv2")
    assert [(file.nodes, file.mismatches) for file in report.files] == [(3, 0)]
    assert [refused.file for refused in report.refused] == ["boruvka-n140.npz"]


def test_inputs_that_a_task_does_not_allow_are_told_before_the_run(tmp_path):
    with np.load(GOLDEN / "binary_search-n4.npz") as file:
        arrays = dict(file)
    arrays["input/key"] = arrays["input/key"][:, ::-1]
    np.savez(tmp_path / "binary_search-n4.npz", **arrays)
    with pytest.raises(GraphError, match="task binary_search, graph 0"):
        parity(tmp_path)


def wrong(program, batch):
    """A run with a wrong colour at one node, another clock, and a frame too many."""
    trace = interpret(program, batch)
    values = {name: torch.cat([value, value[-1:]]) for name, value in trace.values.items()}
    values["color"][5, 1, 2] = (values["color"][5, 1, 2] + 1) % 3
    values["time"] = values["time"] + 2e-5
    lengths = trace.lengths.clone()
    lengths[3] += 1
    outputs = {"pi": trace.outputs["pi"].clone()}
    outputs["pi"][0, 0] = 3
    return dataclasses.replace(trace, values=values, lengths=lengths, outputs=outputs)


def test_mismatches_are_counted_for_each_variable_and_placed(tmp_path):
    shutil.copy(GOLDEN / "dfs-n4.npz", tmp_path)
    report = parity(tmp_path, ["dfs"], target="wrong", run=wrong)
    found = {(c.stage, c.name): c for c in report.files[0].comparisons}
    assert (found["trace", "length"].mismatches, found["trace", "length"].first) == (1, (3,))
    assert (found["hint", "color"].mismatches, found["hint", "color"].first) == (1, (5, 1, 2))
    assert found["hint", "time"].mismatches == found["hint", "time"].compared == 12 * 16
    assert found["hint", "time"].largest == pytest.approx(2e-5, rel=0.01)
    assert (found["output", "pi"].mismatches, found["output", "pi"].first) == (1, (0, 0))
    assert found["hint", "pi_h"].mismatches == 0
    assert report.mismatches == 1 + 1 + 192 + 1
    assert parity(tmp_path, ["dfs"], run=wrong, atol=1e-4).mismatches == 3


def test_a_users_program_is_compared_with_the_files_of_its_name(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from mechgap.tasks.graphs.bfs import program\n")
    assert parity(GOLDEN, [f"{path}:program"]).mismatches == 0


def test_what_cannot_be_compared_is_told(tmp_path):
    with pytest.raises(FileFormatError, match=r"bfs_seq-n\*"):
        parity(GOLDEN, ["bfs_seq"])
    with pytest.raises(FileFormatError, match=r"TASK-n\*"):
        parity(tmp_path)
    with pytest.raises(FileFormatError, match="no such directory"):
        parity(tmp_path / "none", ["bfs"])
    with pytest.raises(NotFoundError, match="interpreter"):
        parity(GOLDEN, target="abacus")
    with pytest.raises(NotFoundError, match="bellman_ford"):
        parity(GOLDEN, ["bsf"])
