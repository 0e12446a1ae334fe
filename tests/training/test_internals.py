"""Readouts of internal variables: they are learnt, are no part of the network, and shape it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.errors import TrainingError
from mechgap.lang.location import Location
from mechgap.tasks.catalogue import load as load_task
from mechgap.training.internals import Internals, internal_ports
from mechgap.training.objective import Aims, losses
from mechgap.training.run import Run
from mechgap.training.settings import TrainingSettings
from training.cases import SETTINGS, begun, source_of

NAME = "dfs_light"
SMALL = TrainingSettings(hidden=16, sizes=(4,), batch=4, steps=3, learning_rate=1e-2, internal=1.0)


def test_ports_are_internal_variables_at_nodes():
    program = load_task(NAME).program
    ports = internal_ports(program)
    hints = {port.name for port in program.interface.hints}
    assert ports and not hints & {port.name for port in ports}
    assert all(port.location is Location.NODE and not port.kind.refers for port in ports)
    assert internal_ports(load_task("bfs").program) == ()


def test_terms_are_weighted_means_over_live_frames():
    task = load_task(NAME)
    trace = source_of(task, SMALL)(0)
    network = Run.start(task.program.interface, replace(SMALL, internal=0.0)).network
    ports = internal_ports(task.program)
    readouts = Internals(ports, 16, 1)
    once, thrice = (losses(network, trace, aims=Aims(internal=w, internals=readouts)) for w in (1.0, 3.0))
    plain = losses(network, trace)
    assert set(once) - set(plain) == {f"internal {port.name}" for port in ports}
    for name, value in once.items():
        factor = 3.0 if name.startswith("internal ") else 1.0
        assert thrice[name].item() == pytest.approx(factor * value.item(), rel=1e-5)
    with torch.no_grad():
        for layer in readouts.readouts:
            layer.weight.zero_()
    silent = losses(network, trace, aims=Aims(internal=1.0, internals=readouts))
    live = trace.live[1:, :, None] & trace.batch.nodes
    for port in ports:
        width = (*trace.values[port.name][1:].shape, port.kind.width)
        whole = torch.zeros(width)
        truth = trace.values[port.name][1:]
        rows = [port.kind.loss(whole[t], truth[t], trace.batch.nodes) for t in range(len(whole))]
        expected = torch.stack(rows)[live].mean().item()
        assert silent[f"internal {port.name}"].item() == pytest.approx(expected, rel=1e-4)


def test_they_are_trained_with_the_network_and_not_written_into_it():
    task = load_task(NAME)
    run, trace = begun(task, SMALL), source_of(task, SMALL)(0)
    plain = begun(task, replace(SMALL, internal=0.0))
    assert run.network.state_dict().keys() == plain.network.state_dict().keys()
    found = []
    for _ in range(12):
        terms = run.advance(trace)
        found.append(sum(value for name, value in terms.items() if name.startswith("internal ")))
    assert found[-1] < 0.8 * found[0]
    plain.advance(trace)
    one = begun(task, SMALL)
    one.advance(trace)
    weights = (r.network.rounds[0].value.weight for r in (one, plain))
    assert not torch.equal(*weights)


def test_programs_without_internal_variables_are_refused():
    with pytest.raises(TrainingError, match="without internal variables"):
        begun(load_task("bfs"), replace(SETTINGS, internal=1.0))
