"""Files of traces: what is written is read again, and what is no trace is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from compiler.cases import sampled
from mechgap.errors import FileFormatError
from mechgap.interop.golden import read_batch, read_trace, write_trace
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import graph, size
from mechgap.semantics.defined import where_defined
from mechgap.semantics.inputs import join, places
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load

GOLDEN = Path(__file__).parent.parent / "golden"
RECORDED = ("bfs", "bellman_ford", "dfs")


@pytest.mark.parametrize("name", RECORDED)
def test_programs_have_the_recorded_interface(name):
    spec = json.loads((GOLDEN / "specs.json").read_text())[name]
    ports = load(name).program.interface
    found = {
        port.name: [stage, port.location.value, port.kind.name]
        for stage, group in (("input", ports.inputs), ("hint", ports.hints), ("output", ports.outputs))
        for port in group
    }
    assert found == spec


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_file_is_written_as_it_was(name, tmp_path):
    program, source = load(name).program, GOLDEN / f"{name}-n16.npz"
    path = tmp_path / "again.npz"
    write_trace(path, read_trace(source, program), program)
    with np.load(source) as old, np.load(path) as new:
        assert set(old.files) == set(new.files)
        for key in old.files:
            assert np.array_equal(old[key], new[key]), key
            assert old[key].dtype == new[key].dtype


@pytest.mark.parametrize("name", NAMES)
def test_runs_on_graphs_of_several_sizes_are_kept(name, tmp_path):
    task, path = load(name), tmp_path / "runs.npz"
    batch = join([sampled(name, size, 2) for size in (6, 1, 3)])
    trace = interpret(task.program, batch)
    write_trace(path, trace, task.program)
    again = read_trace(path, task.program)
    assert torch.equal(again.lengths, trace.lengths)
    assert torch.equal(again.batch.nodes, batch.nodes)
    defined = where_defined(task.program, batch)
    for port in task.program.interface.hints:
        same = again.values[port.name] == trace.values[port.name].to(again.values[port.name].dtype)
        real = places(port.location, batch.nodes)
        assert same[:, real & defined.get(port.name, real)].all(), port.name
    assert list(tmp_path.iterdir()) == [path]


def test_inputs_alone_suffice_for_a_batch(tmp_path):
    program, path = load("bfs").program, tmp_path / "inputs.npz"
    with np.load(GOLDEN / "bfs-n4.npz") as old:
        np.savez(path, **{key: old[key] for key in old.files if key.startswith("input/")})
    assert len(read_batch(path, program)) == 16
    with pytest.raises(FileFormatError, match="'lengths'"):
        read_trace(path, program)


def changed(tmp_path, change):
    with np.load(GOLDEN / "dfs-n4.npz") as old:
        arrays = {key: old[key] for key in old.files}
    change(arrays)
    path = tmp_path / "changed.npz"
    np.savez(path, **arrays)
    return path


def put(key, place, value):
    def change(arrays):
        arrays[key] = arrays[key].astype(float)
        arrays[key][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a: a.pop("hint/color"), r"(?s)no array 'hint/color'.*\[T, B, N, 3\]"),
        (lambda a: a.pop("input/adj"), r"no array 'input/adj'"),
        (lambda a: a.update({"hint/color": a["hint/color"][..., :2]}), r"hint/color.*"),
        (lambda a: a.update({"hint/time": a["hint/time"][:5]}), r"(?s)hint/time.*T = 12, B = 16"),
        (lambda a: a.update({"input/pos": a["input/pos"][0]}), "input/pos"),
        (lambda a: a.update({"input/A": a["input/A"][:, :3]}), r"(?s)input/A.*B = 16, N = 4"),
        (lambda a: a.update({"lengths": a["lengths"][:3]}), "lengths"),
        (lambda a: a.update({"lengths": a["lengths"] * 0}), "lengths"),
        (lambda a: a.update({"sizes": np.full(16, 5)}), "sizes"),
        (lambda a: a.update({"output/pi": np.full((16, 4), "x")}), "output/pi"),
        (put("output/pi", (0, 0), 0.5), r"(?s)output/pi.*0\.5"),
        (put("input/pos", (0, 0), np.nan), "not finite"),
        (put("input/adj", (0, 0, 1), -1), r"(?s)input/adj.*-1"),
        (put("input/pos", (0, 0), 7), r"(?s)input pos.*7\.0"),
        (put("hint/color", (3, 2, 1), 0), r"(?s)hint/color.*\[0"),
        (put("hint/color", (3, 2, 1), 1), r"(?s)hint/color.*\[1"),
        (put("hint/u", (3, 2), 1), "hint/u"),
    ],
)
def test_faulty_arrays_are_told(tmp_path, change, told):
    path = changed(tmp_path, change)
    with pytest.raises(FileFormatError, match=told) as caught:
        read_trace(path, load("dfs").program)
    assert str(path) in caught.value.faults[0].where


class Bomb:
    def __reduce__(self):
        raise AssertionError("pickled")


def test_other_files_are_refused(tmp_path):
    program = load("bfs").program
    whole = (GOLDEN / "bfs-n16.npz").read_bytes()
    contents = {
        "none.npz": None,
        "empty.npz": b"",
        "text.npz": b"source,target\n",
        "short.npz": whole[: len(whole) // 2],
        "damaged.npz": whole[:400] + b"\0" * 200 + whole[600:],
        "pickle.npz": pickle.dumps([1, 2]),
    }
    for name, content in contents.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FileFormatError, match=name):
            read_batch(path, program)
    np.save(tmp_path / "single.npy", np.ones(3))
    with pytest.raises(FileFormatError, match="npz"):
        read_batch(tmp_path / "single.npy", program)
    np.savez(tmp_path / "objects.npz", **{"input/pos": np.array([{}], dtype=object)})
    with pytest.raises(FileFormatError, match="never loaded"):
        read_batch(tmp_path / "objects.npz", program)
    with pytest.raises(FileFormatError, match=str(tmp_path)):
        read_batch(tmp_path, program)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    program = load("bfs").program
    trace = read_trace(GOLDEN / "bfs-n4.npz", program)
    with pytest.raises(FileFormatError, match="written"):
        write_trace(tmp_path / "nowhere" / "x.npz", trace, program)


def test_a_program_of_graph_values_only_has_no_file():
    count = graph.scalar("count", low=0, whole=True)
    cap = graph.scalar("cap", low=0)
    program = Program("tally", (cap,), {count: 0}, {count: count + 1}, count >= size, {"count": count})
    with pytest.raises(FileFormatError, match="number of nodes"):
        read_batch(GOLDEN / "bfs-n4.npz", program)
