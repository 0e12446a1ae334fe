"""The zoo: files are valid and say what is in them, what is there is kept, and the seed says all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import FileFormatError, NotFoundError
from mechgap.interop.compiled import load_compiled
from mechgap.interop.golden import read_trace
from mechgap.lab import zoo as module
from mechgap.lab.parity import compare
from mechgap.lab.specimens import CHANGES, PLAIN, UNCERTIFIED
from mechgap.lab.zoo import ENTRY, INDEX, build_zoo
from mechgap.nets.rollout import rollout
from mechgap.nets.storage import read_tensors
from mechgap.tasks.catalogue import load

TASKS = ("bfs", "minimum")
by_target = pytest.mark.parametrize("target", TARGETS)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    return build_zoo(folder, [load(name) for name in TASKS], tuple(TARGETS))


def files(folder: Path) -> dict[str, bytes]:
    return {f"{p.relative_to(folder)}": p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@by_target
@pytest.mark.parametrize("name", TASKS)
def test_every_network_runs_the_program(zoo, name, target):
    task, place = load(name), zoo.folder / target / name
    exact = read_trace(place / "trace.npz", task.program)
    for network in (PLAIN, *CHANGES):
        found = load_compiled(place / f"{network}.safetensors", task.program)
        trace = rollout(found.network, exact.batch)
        wrong = {c.name: c.mismatches for c in compare(task.program, trace, exact) if c.mismatches}
        assert not wrong or (network == "noisy" and wrong.keys() <= {"key"}), network
        assert (found.provenance is not None) == (network == PLAIN)
        assert (UNCERTIFIED in found.certificate.conditions) == (network == "noisy")
        layout = json.loads((place / layout_file(network)).read_text())
        assert layout == json.loads(json.dumps(found.layout.to_json()))


def layout_file(network: str) -> str:
    return "layout.json" if network == PLAIN else f"{network}.layout.json"


@by_target
@pytest.mark.parametrize("name", TASKS)
def test_hidden_vectors_are_those_of_the_network(zoo, name, target):
    place = zoo.folder / target / name
    tensors, _ = read_tensors(place / "hidden.safetensors")
    exact = read_trace(place / "trace.npz", load(name).program)
    config = load_compiled(place / "network.safetensors").network.config
    assert tensors["hidden"].shape == (exact.frames, *exact.batch.nodes.shape, config.hidden)
    for k, shape in enumerate(config.rounds):
        assert tensors[f"attention.{k}"].shape[2] == shape.attentions
    assert all(torch.isfinite(value).all() for value in tensors.values())


def test_cards_and_index_tell_what_was_verified(zoo):
    index = json.loads((zoo.folder / INDEX).read_text())
    assert [entry["task"] for entry in index["entries"]] == sorted(TASKS) * len(TARGETS)
    for entry in index["entries"]:
        card = (zoo.folder / entry["folder"] / "README.md").read_text()
        assert "2505.18623" in card and "seed 0" in card and "not certified" in card
        for network in entry["networks"]:
            assert f"{network['verified']['graphs']} graphs" in card
            assert network["certified"] == (network["name"] != "noisy")
            assert network["verified"]["graphs"] >= 16


@by_target
def test_the_padded_network_is_wider_and_the_scaled_one_is_not(zoo, target):
    place = zoo.folder / target / "bfs"
    shapes = {n: load_compiled(place / f"{n}.safetensors").network.config.hidden for n in (PLAIN, *CHANGES)}
    assert shapes["padded"] == 64 and shapes["scaled"] == shapes["permuted"] == shapes[PLAIN]


def test_what_is_there_is_kept_and_what_is_damaged_is_made_again(zoo, tmp_path):
    folder = tmp_path / "zoo"
    build_zoo(folder, [load("bfs")], ["gatv2"])
    before = files(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    again = build_zoo(folder, [load("bfs")], ["gatv2"])
    assert again.reused == 1 and files(folder) == before
    assert times == {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    (folder / "gatv2" / "bfs" / "permuted.safetensors").write_bytes(b"cut off")
    mended = build_zoo(folder, [load("bfs")], ["gatv2"])
    assert mended.reused == 0 and files(folder) == before
    same = files(zoo.folder / "gatv2" / "bfs")
    assert same == files(folder / "gatv2" / "bfs"), "equal seeds make equal files"


def test_an_interrupted_zoo_is_gone_on_with(tmp_path, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "_write_example", stop)
        with pytest.raises(KeyboardInterrupt):
            build_zoo(tmp_path, [load("minimum")], ["gatv2"])
    place = tmp_path / "gatv2" / "minimum"
    assert not (place / ENTRY).exists() and not list(place.glob("*.part"))
    assert build_zoo(tmp_path, [load("minimum")], ["gatv2"]).reused == 0
    assert (place / ENTRY).exists()


def test_refused_programs_are_listed_with_the_reason(tmp_path):
    found = build_zoo(tmp_path, [load("transitive_closure")], ["gatv2"])
    assert found.entries == () and "triples" in found.refused[0]["given"]
    assert json.loads((tmp_path / INDEX).read_text())["refused"] == list(found.refused)


def test_a_folder_with_something_else_is_left_alone(zoo, tmp_path):
    with pytest.raises(FileFormatError, match="a zoo of the seed 0"):
        build_zoo(zoo.folder, [load("bfs")], ["gatv2"], seed=1)
    (tmp_path / INDEX).write_text("[]")
    with pytest.raises(FileFormatError, match="no index of a zoo"):
        build_zoo(tmp_path, [load("bfs")], ["gatv2"])
    with pytest.raises(NotFoundError):
        build_zoo(tmp_path / "other", [load("bfs")], ["no_such_family"])


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "gatv2").write_text("a file where a folder must be")
    with pytest.raises(FileFormatError, match="can be written to"):
        build_zoo(tmp_path, [load("minimum")], ["gatv2"])


def test_the_command_builds_and_says_so(tmp_path, capsys):
    from mechgap.cli.main import main

    for count in (0, 1):
        with pytest.raises(SystemExit) as left:
            main(["zoo", "build", str(tmp_path / "zoo"), "--task", "minimum", "--target", "gatv2"])
        assert left.value.code == 0
        assert f"1 entry in {tmp_path / 'zoo'} ({count} were there)" in capsys.readouterr().out
