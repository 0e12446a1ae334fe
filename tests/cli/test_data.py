"""The commands that write data sets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mechgap.interop.golden import read_trace
from mechgap.tasks.catalogue import CLRS_NAMES, load

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden"
SEED = 20261122
MAIN = [sys.executable, "-c", "from mechgap.cli.main import main; main()"]
RECORDED = sorted(
    path
    for name in CLRS_NAMES
    for path in GOLDEN.glob(f"{name}-n*.npz")
    if re.search("-n(4|16|64)$", path.stem)
)


def assert_equal_to_recorded(path, recorded):
    """All arrays, in type, shape and value; computed numbers may differ in their last bits."""
    with np.load(path) as found, np.load(recorded) as truth:
        assert set(found.files) == set(truth.files)
        for key in truth.files:
            assert (found[key].dtype, found[key].shape) == (truth[key].dtype, truth[key].shape), key
            if key.startswith("hint/") and truth[key].dtype.kind == "f":
                assert np.allclose(found[key], truth[key], rtol=0, atol=1e-12), key
            else:
                assert np.array_equal(found[key], truth[key]), key


def test_the_recorded_sets_come_out(mechgap, tmp_path):
    names = {path.name for path in RECORDED}
    tasks = [part for name in sorted({n.rpartition("-n")[0] for n in names}) for part in ("--task", name)]
    done = mechgap("data", "clrs", "--seed", SEED, "--size", 4, *tasks, "--out", "sets", "--json")
    assert done.code == 0
    made = {Path(file["file"]).name for file in done.data["files"]}
    assert made >= {name for name in names if name.endswith("-n4.npz")}
    for name in ("bfs", "dfs", "bellman_ford"):
        assert mechgap("data", "clrs", "--seed", SEED, "--task", name, "--out", "sets").code == 0
    compared = [path for path in RECORDED if (tmp_path / "sets" / path.name).exists()]
    assert len(compared) >= 26
    for path in compared:
        assert_equal_to_recorded(tmp_path / "sets" / path.name, path)


def test_sets_are_traces_that_parity_accepts(mechgap):
    mechgap("data", "clrs", "--seed", 3, "--task", "kmp_matcher", "--size", 6, "--count", 5)
    done = mechgap("parity", "data/clrs-seed3", "--task", "kmp_matcher")
    assert done.code == 0
    assert "0 mismatches" in done.out


def test_a_split(mechgap, tmp_path):
    options = ("--split", "val", "--task", "bfs", "--task", "dfs", "--no-traces")
    shown = mechgap("data", "clrs", *options)
    assert "2 files in data/clrs-val, described in manifest.json" in shown.out
    assert "was there" not in shown.out
    assert mechgap("data", "clrs", *options).out.count("was there") == 2
    data = mechgap("data", "clrs", *options, "--json").data
    assert (data["split"], data["traces"]) == ("val", False)
    assert [(f["seed"], f["size"], f["count"], f["reused"]) for f in data["files"]] == [(2, 16, 32, True)] * 2
    with np.load(tmp_path / "data" / "clrs-val" / "bfs-n16.npz") as found:
        assert sorted(found.files) == [
            *(f"input/{n}" for n in ("A", "adj", "pos", "s")),
            "lengths",
            "output/pi",
        ]
    other = mechgap("data", "clrs", *options[:-1], "--json")
    assert (other.code, other.error["kind"]) == (1, "FileFormatError")
    assert mechgap("data", "clrs", *options[:-1], "--fresh").code == 0


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--split", "test", "--seed", "3"),
        ("--split", "test", "--size", "4"),
        ("--seed", "0", "--count", "0"),
    ],
)
def test_misuse_of_data(mechgap, options):
    assert mechgap("data", "clrs", *options).code == 2


def test_data_explains_itself(mechgap):
    assert "clrs" in mechgap("data", "--help").out
    assert "--split" in mechgap("data", "clrs", "-h").out


def test_export_a_folder(mechgap, tmp_path):
    options = ("export", "dfs", "--count", 5, "--size", 4, "--size", 6, "--seed", 2, "-p", 0.1, "-p", 0.9)
    data = mechgap(*options, "--random-pos", "--dtype", "float32", "--out", "runs", "--json").data
    assert [Path(f["file"]).name for f in data["files"]] == ["dfs-n4.npz", "dfs-n6.npz"]
    assert (data["p"], data["random_pos"], data["dtype"], data["count"]) == ([0.1, 0.9], True, "float32", 5)
    trace = read_trace(tmp_path / "runs" / "dfs-n6.npz", load("dfs").program)
    assert trace.batch.nodes.shape == (5, 6)
    assert mechgap("parity", "runs", "--task", "dfs").code == 0
    assert mechgap(*options, "--out", "runs").code == 1  # of other positions


def test_export_a_file(mechgap, tmp_path, own):
    assert mechgap("export", own, "--out", "sets/own.npz", "--count", 3, "--size", 5).code == 0
    assert (tmp_path / "sets" / "own.npz.manifest.json").exists()
    with np.load(tmp_path / "sets" / "own.npz") as found:
        assert len(found["lengths"]) == 3


def test_export_parquet(mechgap, tmp_path):
    read_table = pytest.importorskip("pyarrow.parquet").read_table
    assert mechgap("export", "bfs", "--out", "bfs.parquet", "--count", 7, "--size", 5).code == 0
    assert (
        mechgap("export", "bfs", "--out", "bfs", "--format", "parquet", "--count", 7, "--size", 5).code == 0
    )
    file, folder = read_table(tmp_path / "bfs.parquet"), read_table(tmp_path / "bfs" / "bfs-n5.parquet")
    assert file.num_rows == 7
    assert file.equals(folder)
    entry = json.loads((tmp_path / "bfs.parquet.manifest.json").read_text())["files"]["bfs.parquet"]
    assert entry["program"] == load("bfs").program.digest


def test_export_parquet_without_its_package(mechgap, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = mechgap("export", "bfs", "--out", "bfs.parquet", "--json")
    assert done.code == 1
    assert "pip install 'mechgap[parquet]'" in done.error["faults"][0]["remedy"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--out", "a.npz", "--format", "parquet"), 2),
        (("--out", "a.npz", "--size", "4", "--size", "5"), 2),
        (("--out", "a", "--count", "0"), 2),
        (("--out", "a", "--format", "csv"), 1),
        (("--out", "a", "--dtype", "float16"), 1),
        (("--out", "a", "-p", "1.5"), 1),
    ],
)
def test_misuse_of_export(mechgap, tmp_path, options, code):
    assert mechgap("export", "bfs", *options).code == code
    assert not (tmp_path / "a").exists() or list((tmp_path / "a").iterdir()) == []


def test_the_page_on_data_does_what_it_says(mechgap, tmp_path):
    page = (ROOT / "docs" / "data.md").read_text()
    commands = re.findall(r"^mechgap (.+?)(?: +#.*)?$", page, re.M)
    quick = [c for c in commands if "--split" not in c and "20261122" not in c]
    assert len(quick) >= 4
    for command in quick:
        assert mechgap(*command.split()).code == 0, command
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S):
        exec(block, names)


@pytest.mark.slow
def test_ctrl_c_keeps_the_files_that_are_whole(tmp_path):
    command = [*MAIN, "data", "clrs", "--split", "train", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ.copy())
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("*.npz"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in told
    listed = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*listed, "manifest.json"])
