"""Files are written whole or not at all."""

from __future__ import annotations

import os

import pytest

from mechgap.errors import FileFormatError
from mechgap.lab.store import read_json, write_json, write_text


def test_what_is_read_is_what_was_written(tmp_path):
    path = tmp_path / "deep" / "down" / "x.json"
    write_json(path, {"a": (1, 2.5), "b": float("nan"), 3: [float("inf"), None, True]})
    assert read_json(path) == {"a": [1, 2.5], "b": None, "3": [None, None, True]}


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt(), ValueError("odd")])
def test_a_failure_half_way_leaves_the_old_file(tmp_path, monkeypatch, failure):
    path = tmp_path / "x.txt"
    write_text(path, "old")

    def fail(*_: object) -> None:
        raise failure

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", fail)
        with pytest.raises(FileFormatError if isinstance(failure, OSError) else type(failure)):
            write_text(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.txt"]


def test_places_that_cannot_be_written_to_are_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileFormatError, match="choose another folder"):
        write_text(tmp_path / "file" / "x.txt", "new")


@pytest.mark.parametrize("text", [None, "{", "\udcff"])
def test_what_is_no_json_is_told(tmp_path, text):
    path = tmp_path / "x.json"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(FileFormatError):
        read_json(path)
