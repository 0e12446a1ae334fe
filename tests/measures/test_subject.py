"""Subjects run like the programs and networks they stand for; grafts go where they belong."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.measures.intervention import carry_out, judge
from mechgap.measures.subject import Graft, NetworkSubject, ProgramSubject, repeat_last
from mechgap.nets.config import clrs_config, mpnn_config
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from mechgap.tasks.graphs import bfs


@pytest.fixture(scope="module")
def network():
    return Network(clrs_config(bfs.program.interface, hidden=8), seed=1)


def test_a_program_as_a_subject_makes_the_interpreters_trace(graphs, exact):
    trace = ProgramSubject(bfs.program).run(graphs, exact.lengths)
    for name, value in trace.values.items():
        assert torch.equal(value, exact.values[name])
    assert torch.equal(trace.outputs["pi"], exact.outputs["pi"])


def test_a_graft_of_the_own_state_changes_nothing(graphs, exact):
    subject = ProgramSubject(bfs.program)
    plain = subject.run(graphs, exact.lengths)
    step, node = torch.ones(len(graphs), dtype=torch.int64), torch.arange(len(graphs)) % graphs.width
    vectors = plain.hidden[1, torch.arange(len(graphs)), node]
    again = subject.run(graphs, exact.lengths, graft=Graft(step, node, vectors))
    assert torch.equal(again.outputs["pi"], plain.outputs["pi"])


def test_a_graft_goes_into_one_node_of_one_frame():
    hidden = torch.zeros(3, 4, 2)
    graft = Graft(torch.tensor([1, 2, 1]), torch.tensor([0, 1, 3]), torch.ones(3, 2))
    assert graft(0, hidden) is hidden
    changed = graft(1, hidden)
    assert changed.sum(-1).nonzero().tolist() == [[0, 0], [2, 3]]
    assert not hidden.any()
    assert graft.take(torch.tensor([1]))(2, hidden[:1]).sum(-1).nonzero().tolist() == [[0, 1]]


def test_networks_run_in_parts_as_in_one(network, graphs, exact, plan, monkeypatch):
    subject = NetworkSubject(network, bfs.program)
    whole = subject.run(graphs, exact.lengths, attention=True)
    swapped = judge(carry_out(subject, plan), plan, "bfs")
    monkeypatch.setattr("mechgap.measures.subject.CELLS", 5 * graphs.width**2 * 8)
    parted = subject.run(graphs, exact.lengths, attention=True)
    assert torch.equal(parted.lengths, whole.lengths)
    live = exact.live
    for name, value in whole.values.items():
        assert torch.equal(parted.values[name], value)
    assert torch.allclose(parted.hidden, whole.hidden, atol=1e-5)
    assert torch.allclose(parted.attention[0][live[1:]], whole.attention[0][live[1:]], atol=1e-5)
    again = judge(carry_out(subject, plan), plan, "bfs")
    for name, found in again.items():
        assert found.value == pytest.approx(swapped[name].value, nan_ok=True)


def test_frames_past_the_end_repeat_the_last():
    values = torch.arange(8).reshape(4, 2)
    assert repeat_last(values, torch.tensor([2, 4])).tolist() == [[0, 1], [2, 3], [2, 5], [2, 7]]


@pytest.mark.parametrize("name", ["bfs", "bridges", "lcs_length"])
def test_a_network_as_a_subject_gets_what_the_programs_own_run_gives(name):
    """Also of hints that are not defined everywhere."""
    task = load(name)
    exact = interpret(task.program, task.sample(0, 6, 5))
    network = Network(mpnn_config(task.program.interface, hidden=8), seed=1)
    found = NetworkSubject(network, task.program).run(exact.batch, exact.lengths)
    options = replace(RolloutOptions.of(network, exact), hidden=True)
    wanted, other = (
        rollout(network, exact.batch, replace(options, defined=defined))
        for defined in (options.defined, None)
    )
    near, far = ((trace.hidden[1] - wanted.hidden[1]).abs().max() for trace in (found, other))
    assert near < 1e-6
    assert (far > 1e-5) == bool(exact.defined)
