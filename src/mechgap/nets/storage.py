"""Files of networks: safetensors with the configuration inside, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from ..errors import CheckpointError, FileFormatError, MechgapError
from .config import NetworkConfig
from .network import Network

FORMAT = "mechgap.network/1"
KEY = "mechgap"
"""Under which the plain data of a file stand, as one JSON text."""


def save(network: Network, path: Path | str, extra: Mapping[str, str] | None = None) -> None:
    """Write a network with its configuration.

    Args:
        network: what to write.
        path: of the file.
        extra: more texts to keep with it, such as a certificate as JSON.
    """
    metadata = {"format": FORMAT, "config": network.config.to_json(), "extra": dict(extra or {})}
    write_tensors(path, network.state_dict(), metadata)


def load(path: Path | str) -> tuple[Network, dict[str, str]]:
    """Read a network and the texts that were kept with it.

    Raises:
        CheckpointError: if the file is missing, corrupt, of another kind, or does not fit itself.
    """
    tensors, metadata = read_tensors(path)
    check_format(path, metadata, FORMAT)
    try:
        config = NetworkConfig.from_json(metadata["config"])
        extra = {str(name): str(text) for name, text in metadata["extra"].items()}
    except (KeyError, AttributeError, TypeError, ValueError, MechgapError) as error:
        raise _bad_metadata(path, error) from error
    network = Network(config)
    fill(path, network, tensors)
    return network, extra


def fill(path: Path | str, network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Put weights that were read from a file into a network; their number type stays that of the file.

    Raises:
        CheckpointError: if names or shapes are not those of the network.
    """
    expected = network.state_dict()
    given = {name: tuple(value.shape) for name, value in tensors.items()}
    wanted = {name: tuple(value.shape) for name, value in expected.items()}
    wrong = sorted(name for name in given.keys() | wanted.keys() if given.get(name) != wanted.get(name))
    if wrong:
        name = wrong[0]
        raise CheckpointError(
            f"file {path}, weight {name}",
            f"shape {given.get(name, 'missing')} ({len(wrong)} such weights)",
            f"shape {wanted.get(name, 'none')}, as its configuration says",
            "write the file again; it does not fit its own configuration",
        )
    types = {value.dtype for value in tensors.values()}
    if len(types) == 1 and types != {network.dtype}:
        network.to(types.pop())
    network.load_state_dict(dict(tensors))


def write_tensors(path: Path | str, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors and plain data to a file that is at no time half written, even if the machine stops."""
    # One text only: safetensors writes several in random order, and equal networks shall make equal files.
    texts = {KEY: json.dumps(dict(metadata), sort_keys=True)}
    data = to_bytes({n: t.detach().cpu().contiguous() for n, t in tensors.items()}, texts)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def read_tensors(path: Path | str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the plain data of a file.

    Raises:
        CheckpointError: if it is missing or corrupt.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            names = list(file.keys())
            texts = (file.metadata() or {}).get(KEY, "{}")
            return {name: file.get_tensor(name) for name in names}, dict(json.loads(texts))
    except (OSError, SafetensorError, TypeError, ValueError, RuntimeError) as error:
        problem = "no such file" if isinstance(error, FileNotFoundError) else f"{error}"
        raise CheckpointError(
            f"file {path}",
            f"a file that cannot be read ({problem})",
            "a safetensors file written by mechgap",
            "check the path; if the file is damaged, compile or train again",
        ) from error


def check_format(path: Path | str, metadata: Mapping[str, Any], wanted: str) -> None:
    """Make sure that a file is what it should be.

    Raises:
        CheckpointError: if it is not.
    """
    if metadata.get("format") != wanted:
        raise CheckpointError(
            f"file {path}",
            f"format {metadata.get('format', 'of another program')!r}",
            f"format {wanted!r}",
            "pass a file that this command wrote",
        )


def _bad_metadata(path: Path | str, error: Exception) -> CheckpointError:
    reason = (
        error.faults[0].given if isinstance(error, FileFormatError) else f"{type(error).__name__}: {error}"
    )
    return CheckpointError(
        f"file {path}, configuration",
        reason,
        "the configuration of a network",
        "write the file again with this version of mechgap",
    )


def _sync_folder(folder: Path) -> None:
    """Make a renaming last; not every system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
