"""Kernels as machine code: compiled once, kept in this process and in a folder for the next one."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

import torch

from ...lang.program import Program
from .source import Source, write_kernel
from .values import Unsupported

FOLDER = "MECHGAP_CACHE"
"""Environment variable that names the folder for what can be made again."""
LONGEST = 30_000
"""Characters of the longest source that is compiled: more take a minute, and longer ones hours."""
_HEADER = '''"""Made by mechgap for one program; it may be deleted."""

import numba as nb
import numpy as np

F = np.{real}
ZERO = F(0)


@nb.njit({signature}, nogil=True, error_model="numpy", boundscheck=False, cache=CACHED)
'''
_KNOWN: WeakKeyDictionary[Program, dict[torch.dtype, Kernel | None]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Kernel:
    """A program as machine code.

    Attributes:
        source: what it takes and fills.
        run: the function.
    """

    source: Source
    run: Callable[..., None]


def kernel(program: Program, dtype: torch.dtype) -> Kernel | None:
    """The kernel of a program, compiled if it is not known; None if it can have none.

    Args:
        program: the program.
        dtype: type of scalars, float32 or float64.
    """
    known = _KNOWN.setdefault(program, {})
    if dtype not in known:
        known[dtype] = _make(program, dtype)
    return known[dtype]


def is_ready(program: Program, dtype: torch.dtype) -> bool:
    """Whether the kernel of a program is known in this process."""
    return _KNOWN.get(program, {}).get(dtype) is not None


def _make(program: Program, dtype: torch.dtype) -> Kernel | None:
    real = str(dtype).removeprefix("torch.")
    try:
        source = write_kernel(program, real)
    except (Unsupported, RecursionError):
        return None
    if len(source.text) > LONGEST:
        return None
    axes = {1: "[::1]", 2: "[:, ::1]", 3: "[:, :, ::1]"}
    arrays = [f"nb.{array.dtype}{axes[rank]}" for array, rank in source.arguments]
    signature = f"nb.void({', '.join(['nb.int64'] * 5 + arrays)})"
    text = _HEADER.format(real=real, signature=signature) + source.text
    return Kernel(source, _function(text))


def _function(text: str) -> Callable[..., None]:
    """The function ``run`` of a text, from the folder if it can be kept there."""
    import numba

    name = hashlib.sha256(f"{numba.__version__}\n{text}".encode()).hexdigest()[:32]
    with suppress(Exception):  # nowhere to write, or damaged files: the folder only saves time
        path, kept = _folder() / f"{name}.py", text.replace("CACHED", "True")
        if not path.exists() or path.read_text() != kept:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, kept)
        return _loaded(path)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(text.replace("CACHED", "False"))
        return _loaded(path)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.replace(name, path)


def _loaded(path: Path) -> Callable[..., None]:
    spec = importlib.util.spec_from_file_location(f"mechgap_kernel_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # the compiler looks for it there
    spec.loader.exec_module(module)
    found: Callable[..., None] = module.run
    return found


def _folder() -> Path:
    base = os.environ.get(FOLDER)
    if base:
        return Path(base) / "kernels"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mechgap" / "kernels"
