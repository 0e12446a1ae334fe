"""What the files of a data set are: from what they were made, and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from ..errors import FileFormatError
from .store import finite, read_json, write_json

MANIFEST = "manifest.json"
"""The name of the manifest of a folder."""
_DIGEST = "sha256"


class Manifest:
    """The record of a data set, a JSON file beside its files, which is true at any time.

    A file that the record does not know, or that is not as it says, is not finished.

    Attributes:
        path: of the record.
        about: what the whole set is: plain data.
        files: name of a file -> from what it was made, and its ``bytes`` and ``sha256``.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> None:
        self.path = path
        self.about = dict(about)
        self.files = {name: dict(entry) for name, entry in files.items()}

    @classmethod
    def open(cls, path: Path, about: Mapping[str, Any], *, fresh: bool = False) -> Self:
        """The manifest of a data set that is made or gone on with.

        Args:
            path: of the record.
            about: what the whole set shall be.
            fresh: whether the files that the record lists are removed first.

        Raises:
            FileFormatError: if there is a record of another data set.
        """
        if not path.exists():
            return cls(path, about, {})
        found = cls._read(path)
        if fresh:
            for name in found.files:
                found.file(name).unlink(missing_ok=True)
            path.unlink()
            return cls(path, about, {})
        wanted = finite(dict(about))
        for name in sorted(wanted.keys() | found.about.keys()):
            if wanted.get(name) != found.about.get(name):
                raise _other(f"{path}, {name}", found.about.get(name), wanted.get(name))
        return found

    def file(self, name: str) -> Path:
        """A file of the data set."""
        return self.path.parent / name

    def holds(self, name: str, made: Mapping[str, Any]) -> bool:
        """Whether a file is there and whole, and was made from just that.

        Raises:
            FileFormatError: if there is a file of that name with other data: another seed, size or number.
        """
        path, entry = self.file(name), self.files.get(name)
        if entry is None:
            if path.exists():
                raise FileFormatError(
                    str(path),
                    f"a file that {self.path.name} does not list",
                    "no such file, or one of this data set",
                    "move it away, or choose another place with --out",
                )
            return False
        for key in ("task", "seed", "size", "count"):
            if entry.get(key) != made[key]:
                raise _other(f"{self.path}, {name}, {key}", entry.get(key), made[key])
        if any(entry.get(key) != value for key, value in made.items()):
            return False  # of an older program or version
        return path.is_file() and path.stat().st_size == entry["bytes"] and digest(path) == entry[_DIGEST]

    def add(self, name: str, made: Mapping[str, Any], source: Path) -> None:
        """Put a finished file in its place, and record it.

        It is recorded before it is moved: what lies between the two is found out by ``holds``.
        """
        size = source.stat().st_size
        entry = {**made, "bytes": size, _DIGEST: digest(source)}
        if self.path.exists():  # another process may have added files of the same set
            self.files = self._read(self.path).files
        self.files[name] = entry
        ordered = {key: self.files[key] for key in sorted(self.files)}
        write_json(self.path, {"data": self.about, "files": ordered})
        source.replace(self.file(name))

    @classmethod
    def _read(cls, path: Path) -> Self:
        data = read_json(path)
        try:
            if any(Path(name).name != name for name in data["files"]):
                raise ValueError("files of another folder")
            return cls(path, data["data"], data["files"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileFormatError(
                str(path), "JSON that is no manifest", "a manifest written by mechgap", "move the file away"
            ) from error


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _other(where: str, found: object, wanted: object) -> FileFormatError:
    return FileFormatError(
        where, f"{found}", f"{wanted}", "choose another place with --out, or start anew with --fresh"
    )
