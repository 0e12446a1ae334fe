"""Files of training runs: weights, moments of Adam, settings and history, written whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import CheckpointError, MechgapError
from ..nets.config import NetworkConfig, port_from_json, port_to_json
from ..nets.network import Network
from ..nets.storage import check_format, fill, read_tensors, write_tensors
from .run import Entry, Run
from .settings import TrainingSettings

FORMAT = "mechgap.training/1"
CHECKPOINT = "checkpoint.safetensors"
"""The name of a run's file, in whatever folder it is."""
WEIGHT, INTERNAL = "weight.", "internal."
MOMENTS = ("step", "exp_avg", "exp_avg_sq")
FREE = ("steps", "validate_every", "checkpoint_every", "patience", "device")
"""Settings that may change when a run is resumed; steps only if the learning rate does not follow them."""


def save(run: Run, path: Path | str) -> None:
    """Write a run, so that ``load`` gives one that goes on bit for bit as this one would."""
    tensors = {f"{WEIGHT}{name}": value for name, value in run.network.state_dict().items()}
    tensors |= {f"{INTERNAL}{name}": value for name, value in run.internals.state_dict().items()}
    for name, weight in run.weights():
        for moment, value in run.optimiser.state.get(weight, {}).items():
            tensors[f"{moment}.{name}"] = value
    metadata: dict[str, Any] = {
        "format": FORMAT,
        "config": run.network.config.to_json(),
        "settings": run.settings.to_json(),
        "step": run.step,
        "history": [asdict(entry) for entry in run.history],
    }
    # Only where there are any, so that other files stay what they were.
    if run.internals.ports:
        metadata["internals"] = [port_to_json(port) for port in run.internals.ports]
    if run.origin:
        metadata["origin"] = run.origin
    write_tensors(path, tensors, metadata)


def load(path: Path | str, device: str = "cpu") -> Run:
    """Read a run.

    Args:
        path: of the file.
        device: where it goes on, wherever it was.

    Raises:
        NotFoundError: if the device is not there.
        CheckpointError: if the file is missing, corrupt, of another kind, or does not fit itself.
    """
    tensors, metadata = read_tensors(path)
    check_format(path, metadata, FORMAT)
    try:
        config = NetworkConfig.from_json(metadata["config"])
        settings = replace(TrainingSettings.from_json(metadata["settings"]), device=device)
        step = int(metadata["step"])
        history = [Entry(**entry) for entry in metadata["history"]]
        internals = [port_from_json(port) for port in metadata.get("internals", [])]
    except (KeyError, TypeError, ValueError, MechgapError) as error:
        raise _unfit(path, f"{error}" if isinstance(error, MechgapError) else repr(error)) from error
    network = Network(config)
    fill(path, network, _part(tensors, WEIGHT))
    run = Run.of(network, settings, internals, str(metadata.get("origin", "")))
    _fill_internals(path, run, tensors)
    run.step, run.history = step, history
    _restore(path, run, tensors)
    return run


def resume(path: Path | str, fresh: Run) -> Run:
    """Read a run in order to go on with it.

    Args:
        path: of the file.
        fresh: a run as it would start now; the file must be of the same network and settings, but
            for the number of steps and how often to validate, to write and to wait for better scores.

    Raises:
        CheckpointError: if the file cannot be read or is of another run.
    """
    run = load(path, fresh.settings.device)
    wanted, found = _identity(fresh), _identity(run)
    for name in wanted:
        if wanted[name] != found.get(name):
            raise CheckpointError(
                f"file {path}, {name}",
                f"{found.get(name)}"[:200],
                f"{wanted[name]}"[:200],
                "resume with the settings of the file, or choose another folder to start anew",
            )
    run.settings = fresh.settings
    return run


def _identity(run: Run) -> dict[str, Any]:
    free = FREE if run.settings.schedule == "constant" else FREE[1:]
    settings = {name: value for name, value in asdict(run.settings).items() if name not in free}
    network = run.network.config.to_json()
    return {**settings, "network": network, "network it began with": run.origin or "a new one"}


def digest(network: Network) -> str:
    """SHA-256 of the weights of a network, which says which one a run began with."""
    found = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _fill_internals(path: Path | str, run: Run, tensors: dict[str, Tensor]) -> None:
    """Give the readouts of internal variables their weights back."""
    given = _part(tensors, INTERNAL)
    shapes = {name: tuple(value.shape) for name, value in given.items()}
    if shapes != {name: tuple(value.shape) for name, value in run.internals.state_dict().items()}:
        raise _unfit(path, f"readouts of internal variables of shapes {shapes}")
    run.internals.load_state_dict(given)


def _restore(path: Path | str, run: Run, tensors: dict[str, Tensor]) -> None:
    """Give Adam its moments back."""
    moments = {moment: _part(tensors, f"{moment}.") for moment in MOMENTS}
    for name, weight in run.weights():
        given = {moment: values[name] for moment, values in moments.items() if name in values}
        if not given:
            continue
        shapes = [tuple(given[m].shape) if m in given else None for m in MOMENTS]
        if shapes != [(), tuple(weight.shape), tuple(weight.shape)]:
            raise _unfit(path, f"moments of shapes {shapes} for the weight {name}")
        run.optimiser.state[weight] = {
            moment: given[moment].to(weight.device, copy=True) for moment in MOMENTS
        }
    if run.step and not moments["step"]:
        raise _unfit(path, f"no moments of Adam after {run.step} steps")


def _unfit(path: Path | str, given: str) -> CheckpointError:
    return CheckpointError(
        f"file {path}, state of a training run",
        given,
        "what training writes",
        "start the training anew",
    )
