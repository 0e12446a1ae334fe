"""The loss on recorded samples, and its gradient, are those that dm-clrs trains with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from interop.clrs_recording import HIDDEN, drawn
from interop.test_clrs_networks import FILES, STEPS, parameters, recorded
from mechgap.interop.clrs import clrs_batch
from mechgap.interop.clrs_networks import arrays_of, network_of
from mechgap.lang.program import Program
from mechgap.nets.config import mpnn_config
from mechgap.nets.network import Network
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import CLRS_NAMES, load
from mechgap.training.objective import losses

Arrays = dict[str, NDArray[np.float32]]
WRITTEN = [path for path in FILES if "triplet" not in path.stem and path.stem[5:] not in STEPS]
"""Networks whose gradients have the benchmark's names: those that can be written, of one round."""


def learn(network: Network, program: Program, data: Arrays) -> float:
    """The loss on recorded inputs, after one way back."""
    inputs = {port.name: data[f"input/{port.name}"] for port in program.interface.inputs}
    loss = sum(losses(network, interpret(program, clrs_batch(program, inputs, torch.float32))).values())
    assert isinstance(loss, torch.Tensor)
    loss.backward()
    return loss.item()


def gradients(network: Network) -> Arrays:
    """The gradients by the benchmark's names, in place of the parameters."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.zeros(()) if parameter.grad is None else parameter.grad)
    return dict(arrays_of(network))


def learned(path: Path) -> tuple[Network, float]:
    """A recorded network after one way back, and the loss."""
    processor, task, data = recorded(path)
    program = load(task).program
    network = network_of(program.interface, parameters(data), processor, STEPS.get(path.stem[5:], 1))
    return network, learn(network, program, data)


def wanted(path: Path) -> tuple[Arrays, float]:
    """The recorded gradient by the benchmark's names, and the loss."""
    with np.load(path.with_name(path.name.replace("clrs", "gradient", 1))) as file:
        arrays = {key.removeprefix("gradient/"): file[key] for key in file.files}
    return arrays, float(arrays.pop("loss"))


@pytest.mark.parametrize("task", CLRS_NAMES)
def test_losses_of_all_tasks_are_equal(task):
    """Of an MPNN with random weights; and the norms of the gradients of all weight matrices."""
    with np.load(FILES[0].with_name("losses.npz")) as file:
        data = {key.removeprefix(f"{task}/"): file[key] for key in file.files if key.startswith(f"{task}/")}
    program = load(task).program
    shapes = arrays_of(Network(mpnn_config(program.interface, HIDDEN, layer_norm=False)))
    network = network_of(
        program.interface, drawn({key: array.shape for key, array in shapes.items()}), "mpnn"
    )
    loss = learn(network, program, data)
    assert loss == pytest.approx(float(data["loss"]), rel=1e-6)
    found = gradients(network)
    for key, norm in zip(sorted(found), data["norms"], strict=True):
        if key.endswith("/w"):
            assert np.linalg.norm(found[key]) == pytest.approx(norm, rel=3e-4, abs=1e-5), key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_losses_are_equal(path):
    assert learned(path)[1] == pytest.approx(wanted(path)[1], rel=1e-6)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_gradients_are_equal(path):
    """Of biases that are summed here, the benchmark has one in each layer, all with the same gradient."""
    network, _ = learned(path)
    found, (gradient, _) = gradients(network), wanted(path)
    assert found.keys() == gradient.keys()
    shared = {key for key, array in found.items() if key.endswith("/b") and not array.any()}
    for key in gradient.keys() - shared:
        error = np.abs(found[key] - gradient[key]).max()
        assert error <= 1e-5 * max(1.0, np.abs(gradient[key]).max()), key
    told = [array for key, array in found.items() if key.endswith("/b")]
    for key in shared:
        far = [np.abs(array - gradient[key]).max() for array in told if array.shape == gradient[key].shape]
        assert min(far, default=0.0) <= 1e-5 * max(1.0, np.abs(gradient[key]).max()), key
