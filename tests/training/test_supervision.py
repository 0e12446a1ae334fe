"""Attention supervision: its definition, what it does to attention, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import TrainingError
from mechgap.measures.routing import admissible_routing
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load as load_task
from mechgap.training.loop import train
from mechgap.training.objective import Aims, losses
from mechgap.training.settings import TrainingSettings
from mechgap.training.supervision import LEAST, costs
from training.cases import begun, source_of

SMALL = TrainingSettings(hidden=16, sizes=(6,), batch=8, steps=20, learning_rate=3e-3, attention=1.0)


def attention_of(network, trace):
    first = {port.name: trace.values[port.name][0] for port in network.config.interface.hints}
    return rollout(network, trace.batch, RolloutOptions(first=first, lengths=trace.lengths, attention=True))


def test_the_term_is_the_mean_over_active_rows():
    task = load_task("bfs")
    settings = replace(SMALL, heads=2)
    network, trace = begun(task, settings).network, source_of(task, settings)(0)
    (selection,) = (s for s in trace.selections.values() if s.admissible.dim() == 4)
    attention = attention_of(network, trace).attention[0]
    for head in (0, 1):
        rows = []
        for t in range(trace.frames - 1):
            for b in range(len(trace.batch)):
                for i in range(int(trace.batch.sizes[b])):
                    if t + 1 < trace.lengths[b] and selection.active[t, b, i]:
                        inside = attention[t, b, head, i][selection.admissible[t, b, i]].sum()
                        rows.append(-inside.clamp(min=LEAST).log())
        expected = torch.stack(rows).mean().item()
        term = losses(network, trace, aims=Aims(attention=2.0, heads=(head,)))["attention"]
        assert term.item() == pytest.approx(2 * expected, rel=1e-4)
        assert costs(network, trace)[0, head].item() == pytest.approx(expected, rel=1e-4)


def test_exact_networks_pay_nothing():
    task = load_task("bfs")
    network = compile_program(task.program, CompileSettings(n=16)).network
    trace = source_of(task, SMALL)(0)
    found = costs(network, trace)
    assert found.shape[0] == 1 and found.min() < 1e-4
    terms = losses(network, trace, aims=Aims(attention=1.0, heads=(int(found.argmin()),)))
    assert terms["attention"] < 1e-4


@pytest.mark.parametrize("family", ["gatv2", "transformer"])
def test_it_raises_the_mass_on_admissible_senders(family):
    task = load_task("bfs")
    gaps = {}
    for weight in (0.0, 1.0):
        settings = replace(SMALL, family=family, attention=weight)
        run = begun(task, settings)
        train(run, source_of(task, settings))
        exact = interpret(task.program, task.sample(999, 8, 32), selections=True)
        gaps[weight] = admissible_routing(attention_of(run.network, exact), exact)["gap"].value
    assert gaps[1.0] < 0.7 * gaps[0.0], gaps


def test_message_passing_has_nothing_to_supervise():
    task = load_task("bfs")
    with pytest.raises(TrainingError, match=r"attention = 1\.0 with family = mpnn"):
        replace(SMALL, family="mpnn")
    network = Network(replace(SMALL, attention=0.0, family="mpnn").network(task.program.interface))
    with pytest.raises(TrainingError, match="of the family mpnn, which attends nothing"):
        losses(network, source_of(task, SMALL)(0), aims=Aims(attention=1.0))


def test_what_cannot_be_supervised_is_refused():
    task = load_task("bfs")
    network = begun(task, SMALL).network
    with pytest.raises(TrainingError, match="a trace without selections"):
        losses(network, source_of(task, replace(SMALL, attention=0.0))(0), aims=Aims(attention=1.0))
    trace = source_of(task, SMALL)(0)
    for heads in ((1,), (0, 0)):
        with pytest.raises(TrainingError, match="a head below 1 for each of the 1 selections: "):
            losses(network, trace, aims=Aims(attention=1.0, heads=heads))
