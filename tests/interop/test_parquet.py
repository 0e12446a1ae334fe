"""Parquet files: one row for each run, with the numbers of the ``.npz`` file."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mechgap.errors import NotFoundError
from mechgap.interop import parquet
from mechgap.interop.golden import write_trace
from mechgap.interop.parquet import ParquetRecorder
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

read_table = pytest.importorskip("pyarrow.parquet").read_table


@pytest.mark.parametrize("values", [parquet.VALUES, 1])
@pytest.mark.parametrize("name", ["bfs", "lcs_length", "mst_kruskal", "segments_intersect", "floyd_warshall"])
def test_rows_are_the_runs_of_the_npz_file(name, values, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "VALUES", values)
    task = load(name)
    sizes = (4,) if name == "segments_intersect" else (5, 3, 6)
    batch = join([task.sample(size, size, 2) for size in sizes])
    trace = interpret(task.program, batch)
    write_trace(tmp_path / "runs.npz", trace, task.program)
    writer = ParquetRecorder(tmp_path / "runs.parquet", task.program, "float32")
    writer.add(trace)
    writer.close()
    table = read_table(tmp_path / "runs.parquet")
    assert table.schema.metadata[b"program"].decode() == task.program.digest
    with np.load(tmp_path / "runs.npz") as whole:
        assert set(table.column_names) | {"sizes"} >= set(whole.files)
        for key in table.column_names:
            for row, found in enumerate(table[key].to_pylist()):
                n, frames = int(batch.sizes[row]), int(trace.lengths[row])
                array = whole[key][:frames, row] if key.startswith("hint/") else whole[key][row]
                axes = _node_axes(task.program, key)
                start = int(key.startswith("hint/"))
                cut = (slice(None),) * start + (slice(n),) * axes
                assert np.array_equal(np.array(found), array[cut] if axes else array), key


def _node_axes(program, key):
    stage, _, name = key.partition("/")
    ports = {"input": program.interface.inputs, "hint": program.interface.hints}
    found = [p for p in ports.get(stage, program.interface.outputs) if p.name == name]
    return found[0].location.rank if found else 0


def test_numbers_have_the_type_that_is_asked_for(tmp_path):
    task = load("bfs")
    writer = ParquetRecorder(tmp_path / "runs.parquet", task.program, "float64", hints=False)
    writer.add(interpret(task.program, task.sample(0, 4, 2)))
    writer.close()
    schema = read_table(tmp_path / "runs.parquet").schema
    assert str(schema.field("input/pos").type) == "list<element: double>"
    assert schema.names == ["input/pos", "input/s", "input/A", "input/adj", "output/pi", "lengths"]


def test_a_missing_package_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(NotFoundError, match=r"pip install 'mechgap\[parquet\]'"):
        ParquetRecorder(tmp_path / "x.parquet", load("bfs").program, "float64")
    assert list(tmp_path.iterdir()) == []
