"""Files of experiments: written whole or not at all, read with errors that say what to do."""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from ..errors import FileFormatError


def write_text(path: Path | str, text: str) -> None:
    """Write a text file that is at no time half written."""
    target = Path(path)
    name = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise FileFormatError(
            str(path), f"{error}", "a place that can be written to", "choose another folder"
        ) from error


def write_json(path: Path | str, data: Any) -> None:
    """Write plain data as JSON; numbers that are not finite become null."""
    write_text(path, json.dumps(finite(data), indent=1, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read plain data.

    Raises:
        FileFormatError: if the file is missing or no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileFormatError(str(path), "no such file", "a JSON file", "correct the path") from error
    except (OSError, ValueError) as error:
        raise FileFormatError(
            str(path), f"{error}", "a JSON file written by mechgap", "remove the file and run again"
        ) from error


def finite(data: Any) -> Any:
    """Plain data in which infinities and NaN are null, and tuples are lists."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [finite(value) for value in data]
    return data
