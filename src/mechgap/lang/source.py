"""Where in a file of Python an expression was written."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import NamedTuple

_HERE = str(Path(__file__).parent)
_PACKAGE = str(Path(__file__).parent.parent.parent)


class SourceLine(NamedTuple):
    """A line of a file.

    Attributes:
        file: path of the file.
        number: of the line, from 1.
    """

    file: str
    number: int

    def __str__(self) -> str:
        """The line, named alike on every machine: inside the package by its path, elsewhere by its file."""
        path = Path(self.file)
        inside = path.is_relative_to(_PACKAGE)
        return f"{path.relative_to(_PACKAGE).as_posix() if inside else path.name}:{self.number}"


def calling_line() -> SourceLine | None:
    """The line outside of the language that is being run; None for what the language itself makes."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith("<frozen"):  # the language is being imported
            return None
        generated = code.co_filename == "<string>" and code.co_name == "__init__"  # of a dataclass
        if not generated and not code.co_filename.startswith(_HERE):
            return SourceLine(code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None
