"""Files of runs that came in parts: those that were written at once, and those that CLRS recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mechgap.errors import GraphError
from mechgap.interop import recorder
from mechgap.interop.encoding import encoded, is_small, pointer_dtype
from mechgap.interop.golden import read_trace, write_trace
from mechgap.interop.recorder import NpzRecorder
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

GOLDEN = Path(__file__).parent.parent / "golden"
TASKS = ("bfs", "bridges", "lcs_length", "heapsort", "segments_intersect", "mst_kruskal")


def arrays(path):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype, name
        assert np.array_equal(array, other[name]), name


@pytest.fixture
def parts(tmp_path):
    """Writes the runs of a batch in parts, and at once; gives both files."""

    def write(task, batch, *cuts):
        whole, path = tmp_path / "whole.npz", tmp_path / "parts.npz"
        write_trace(whole, interpret(task.program, batch), task.program)
        writer = NpzRecorder(path, task.program, len(batch))
        for start, stop in zip((0, *cuts), (*cuts, len(batch)), strict=True):
            writer.add(interpret(task.program, batch.part(start, stop)))
        writer.close()
        assert sorted(tmp_path.glob("*")) == [path, whole]
        return arrays(path), arrays(whole)

    return write


@pytest.mark.parametrize("block", [recorder.BLOCK, 500, 1])
@pytest.mark.parametrize("name", TASKS)
def test_parts_are_written_as_the_whole(name, block, parts, monkeypatch):
    monkeypatch.setattr(recorder, "BLOCK", block)
    task = load(name)
    same(*parts(task, task.sample(3, 7, 9), 1, 4, 8))


def test_padding_is_kept(parts):
    task = load("bfs")
    found, whole = parts(task, join([task.sample(size, size, 2) for size in (6, 1, 3)]), 3)
    assert found["sizes"].tolist() == [6, 6, 1, 1, 3, 3]
    same(found, whole)


@pytest.mark.parametrize("name", ["bfs", "dfs", "bellman_ford"])
def test_a_recorded_file_is_written_as_it_was(name, tmp_path):
    program, source, path = load(name).program, GOLDEN / f"{name}-n16.npz", tmp_path / "again.npz"
    recorded = read_trace(source, program)
    writer = NpzRecorder(path, program, len(recorded.batch))
    writer.add(recorded)
    writer.close(least=len(recorded.values["pi_h"]))
    same(arrays(path), arrays(source))


def test_more_frames_are_zeros(tmp_path):
    task, path = load("bfs"), tmp_path / "bfs.npz"
    trace = interpret(task.program, task.sample(0, 5, 4))
    writer = NpzRecorder(path, task.program, 4)
    writer.add(trace)
    writer.close(least=20)
    found = arrays(path)
    assert found["hint/pi_h"].shape == (20, 4, 5)
    assert not found["hint/pi_h"][trace.frames :].any()
    again = read_trace(path, task.program)
    assert (again.lengths == trace.lengths).all()


def test_files_without_hints_have_lengths(tmp_path):
    task, path = load("bfs"), tmp_path / "bfs.npz"
    writer = NpzRecorder(path, task.program, 3, hints=False)
    writer.add(interpret(task.program, task.sample(0, 5, 3)))
    writer.close()
    assert sorted(arrays(path)) == ["input/A", "input/adj", "input/pos", "input/s", "lengths", "output/pi"]


def test_equal_runs_are_equal_bytes(tmp_path):
    task = load("dfs")
    for number in range(2):
        writer = NpzRecorder(tmp_path / f"{number}.npz", task.program, 3)
        writer.add(interpret(task.program, task.sample(5, 6, 3)))
        writer.close()
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()


def test_a_trace_is_not_changed_by_being_written(tmp_path):
    task = load("bellman_ford")
    trace = interpret(task.program, task.sample(5, 9, 8))
    before = trace.values["d"].clone()
    writer = NpzRecorder(tmp_path / "x.npz", task.program, 8)
    writer.add(trace)
    writer.close()
    assert (trace.values["d"] == before).all()


def test_runs_of_two_widths_are_told(tmp_path):
    task = load("bfs")
    writer = NpzRecorder(tmp_path / "bfs.npz", task.program, 4)
    writer.add(interpret(task.program, task.sample(0, 5, 2)))
    with pytest.raises(GraphError, match="5 and with 6"):
        writer.add(interpret(task.program, task.sample(0, 6, 2)))
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


def test_pointers_take_the_fewest_bytes():
    assert [pointer_dtype(n).itemsize for n in (1, 127, 128, 32767, 32768, 10**6)] == [1, 1, 2, 2, 4, 4]
    task = load("minimum")
    batch = task.sample(0, 130, 1)
    trace = interpret(task.program, batch)
    port = next(p for p in task.program.interface.hints if p.kind.refers)
    assert encoded(port.kind, trace.values[port.name], batch.nodes).dtype == np.int16


def test_small_numbers_are_whole_and_fit_in_a_byte():
    assert is_small(np.array([-127.0, 0, 127]))
    assert not any(is_small(np.array([x])) for x in (0.5, 128, -128, np.nan, np.inf))
