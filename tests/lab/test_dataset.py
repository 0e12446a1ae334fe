"""Data sets: files that are whole, described, not made twice, and never mixed with others."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mechgap.errors import FileFormatError, GraphError, NotFoundError
from mechgap.lab.clrs_sets import left_out, seed_jobs, split_jobs
from mechgap.lab.dataset import Form, make
from mechgap.lab.exports import Order, file_job, folder_jobs
from mechgap.lab.manifest import MANIFEST, Manifest, digest
from mechgap.lab.streams import Distribution
from mechgap.tasks.catalogue import CLRS_NAMES, load
from mechgap.tasks.samplers.clrs.inputs import clrs_dataset, clrs_inputs

ABOUT = {"seed": 1}


def silent(done, total, note):
    assert 0 <= done <= total


def arrays(path):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture
def made(tmp_path):
    """Makes files in a folder; gives what was made."""

    def call(jobs, about=ABOUT, watch=silent, form=None, **options):
        manifest = Manifest.open(tmp_path / MANIFEST, about, **options)
        return make(jobs, form or Form(), manifest, watch)

    return call


def order(name="bfs", **changes):
    return Order(Distribution(load(name)), **{"seed": 5, "count": 10, "sizes": (6,), **changes})


def test_a_manifest_says_what_the_files_are(made, tmp_path):
    files = made(seed_jobs(["bfs", "dfs"], 1, (4, 5), 3))
    names = ["bfs-n4.npz", "bfs-n5.npz", "dfs-n4.npz", "dfs-n5.npz"]
    assert [f.file.name for f in files] == names
    data = json.loads((tmp_path / MANIFEST).read_text())
    assert data["data"] == ABOUT
    assert sorted(data["files"]) == sorted(path.name for path in tmp_path.glob("*.npz")) == names
    for name, entry in data["files"].items():
        program = load(entry["task"]).program
        assert entry["program"] == program.digest
        assert entry["sha256"] == digest(tmp_path / name)
        assert entry["bytes"] == (tmp_path / name).stat().st_size
        assert (entry["seed"], entry["count"], entry["mechgap"]) == (1, 3, "0.1.0")
        assert f"{entry['task']}-n{entry['size']}.npz" == name


def test_what_is_there_is_not_made_again(made, tmp_path):
    jobs = seed_jobs(["bfs"], 1, (4, 5), 3)
    made(jobs[:1])
    before = (tmp_path / "bfs-n4.npz").stat().st_mtime_ns
    assert [f.reused for f in made(jobs)] == [True, False]
    assert (tmp_path / "bfs-n4.npz").stat().st_mtime_ns == before
    assert all(f.reused for f in made(jobs))


@pytest.mark.parametrize("harm", ["cut", "gone", "changed"])
def test_a_file_that_is_not_whole_is_made_again(made, tmp_path, harm):
    jobs, path = seed_jobs(["bfs"], 1, (4,), 3), tmp_path / "bfs-n4.npz"
    made(jobs)
    whole = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[:-9] if harm == "cut" else whole[:-1] + bytes([whole[-1] ^ 1]))
    assert [f.reused for f in made(jobs)] == [False]
    assert path.read_bytes() == whole


def test_an_interrupted_call_is_gone_on_with(made, tmp_path):
    jobs = seed_jobs(["bfs", "dfs"], 1, (4,), 3)

    def stop(done, total, note):
        if note.startswith("dfs"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(jobs, watch=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bfs-n4.npz", MANIFEST]
    (tmp_path / ".dfs-n4.npz.partial").mkdir()  # as a process that was killed leaves it
    (tmp_path / ".dfs-n4.npz.partial" / "dfs-n4.npz").write_text("half")
    assert [f.reused for f in made(jobs)] == [True, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bfs-n4.npz", "dfs-n4.npz", MANIFEST]


def test_files_of_an_older_program_are_made_again(made, tmp_path):
    jobs, path = seed_jobs(["bfs"], 1, (4,), 3), tmp_path / MANIFEST
    made(jobs)
    path.write_text(path.read_text().replace(load("bfs").program.digest, "0" * 64))
    assert [f.reused for f in made(jobs)] == [False]


def test_data_sets_are_not_mixed(made, tmp_path):
    made(seed_jobs(["bfs"], 1, (4,), 3))
    with pytest.raises(FileFormatError, match="seed"):
        made(seed_jobs(["bfs"], 2, (4,), 3), {"seed": 2})
    with pytest.raises(FileFormatError, match="count"):
        made(seed_jobs(["bfs"], 1, (4,), 5))
    (tmp_path / "dfs-n4.npz").write_text("mine")
    with pytest.raises(FileFormatError, match="does not list"):
        made(seed_jobs(["dfs"], 1, (4,), 3))
    assert (tmp_path / "dfs-n4.npz").read_text() == "mine"
    (file,) = made(seed_jobs(["bfs"], 2, (5,), 3), {"seed": 2}, fresh=True)
    assert (file.entry["seed"], file.reused) == (2, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bfs-n5.npz", "dfs-n4.npz", MANIFEST]


def test_other_json_is_told(made, tmp_path):
    for text in ("[1]", "{}", '{"data": {}, "files": {"../precious": {}}}'):
        (tmp_path / MANIFEST).write_text(text)
        with pytest.raises(FileFormatError, match="no manifest"):
            made([], fresh=True)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    manifest = Manifest.open(tmp_path / "file" / MANIFEST, ABOUT)
    with pytest.raises(FileFormatError, match=r"bfs-n4\.npz"):
        make(seed_jobs(["bfs"], 1, (4,), 3), Form(), manifest, silent)


def test_a_sampler_that_draws_too_few_is_told(made, tmp_path):
    (job,) = seed_jobs(["bfs"], 1, (4,), 3)
    with pytest.raises(GraphError, match="3 runs"):
        made([dataclasses.replace(job, count=4)])
    assert list(tmp_path.iterdir()) == []


def test_unknown_forms_are_told():
    for wrong in ({"format": "csv"}, {"dtype": "float16"}):
        with pytest.raises(NotFoundError, match="of a data set"):
            Form(**wrong)


def test_hints_are_as_long_as_those_of_all_samples(made, tmp_path):
    """CLRS pads to its longest sample, whether or not it is in the batch."""
    (job,) = seed_jobs(["dijkstra"], 20261122, (4,), 16)
    (file,) = made([job])
    found = arrays(file.file)
    assert found["lengths"].max() == 4
    assert len(found["hint/d"]) == file.entry["frames"] == 5
    assert not found["hint/d"][4].any()


@pytest.mark.parametrize("name", ["bfs", "minimum", "lcs_length"])
def test_what_is_left_out_is_the_rest(name):
    chosen, rest = clrs_inputs(name, 3, 12, 6), left_out(name, 3, 12, 6)
    drawn = clrs_dataset(name, 3, 12, 6)
    key = "A" if "A" in drawn else "key"
    rows = {array.tobytes() for array in drawn[key]}
    assert {a.tobytes() for a in chosen[key]} | {a.tobytes() for a in rest[key]} == rows
    assert len({a.tobytes() for a in chosen[key]}) + len(rest[key]) == 12


def test_the_official_sets_have_their_sizes():
    assert {(j.seed, j.size, j.count) for j in split_jobs(CLRS_NAMES, "train")} == {(1, 16, 1000)}
    assert {(j.seed, j.size) for j in split_jobs(CLRS_NAMES, "val")} == {(2, 16)}
    counts = {j.task.name: (j.seed, j.size, j.count) for j in split_jobs(CLRS_NAMES, "test")}
    assert len(counts) == 30
    assert counts["bfs"] == (3, 64, 32)
    assert counts["minimum"] == (3, 64, 2048)
    assert counts["find_maximum_subarray_kadane"] == (3, 64, 1024)
    with pytest.raises(NotFoundError, match="'dev'"):
        split_jobs(["bfs"], "dev")
    with pytest.raises(NotFoundError, match="'components'"):
        split_jobs(["components"], "test")
    with pytest.raises(GraphError, match="length"):
        seed_jobs(["bfs", "kmp_matcher"], 0, (2,))


def test_an_official_set_has_each_sample_once(made):
    (file,) = made(split_jobs(["segments_intersect"], "val"), form=Form(traces=False))
    found = arrays(file.file)
    assert found["input/x"].shape == (2048, 4)
    assert len(np.unique(found["input/x"], axis=0)) == 2048
    assert found["output/intersect"].mean() == pytest.approx(0.5, abs=0.05)
    assert not [name for name in found if name.startswith("hint/")]


def test_a_file_holds_the_runs_of_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("mechgap.lab.exports.RUNS", 4)
    jobs = {
        "draws": folder_jobs(order(), "npz"),
        "shards": folder_jobs(order(shard=9), "npz"),
        "file": [file_job(order(), "x.npz")],
    }
    assert [j.file for j in jobs["draws"]] == [f"bfs-n6-0000{k}-of-00003.npz" for k in (1, 2, 3)]
    assert [j.count for j in jobs["draws"]] == [4, 4, 2]
    assert [j.count for j in jobs["shards"]] == [8, 2]
    found = {}
    for name, these in jobs.items():
        files = make(these, Form(), Manifest.open(tmp_path / name / MANIFEST, ABOUT), silent)
        found[name] = np.concatenate([arrays(f.file)["input/A"] for f in files])
    assert np.array_equal(found["draws"], found["file"])
    assert np.array_equal(found["draws"], found["shards"])
    assert len(np.unique(found["file"], axis=0)) == 10


def test_large_graphs_are_drawn_in_small_numbers():
    assert order().runs(16) == 1024
    assert order().runs(64) == 1024
    assert order().runs(256) == 64
    assert order().runs(10_000) == 1
    assert order("minimum").runs(1024) == 1024
    assert [job.file for job in folder_jobs(order(sizes=(4, 6, 4)), "npz")] == ["bfs-n4.npz", "bfs-n6.npz"]
