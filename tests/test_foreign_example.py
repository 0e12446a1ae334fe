"""The example of a network from outside learns, and is measured at all gates."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mechgap import interpret

PATH = Path(__file__).parent.parent / "examples" / "foreign_network.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("foreign_network", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_own_loop_trains_it(example):
    trace = interpret(example.TASK.program, example.TASK.sample(0, example.NODES, 16, p=0.4))
    network = example.Messenger()
    before = float(example.loss(example.MessengerSteps(network), trace).detach())
    example.train(network, 40)
    assert float(example.loss(example.MessengerSteps(network), trace).detach()) < 0.8 * before


def test_it_is_measured_at_all_gates_beside_untrained_ones(example, capsys):
    panel = example.main(steps=5, graphs=8)
    gates = {name.partition("/")[0] for name in panel.rows}
    assert gates >= {"behaviour", "trace", "routing", "intervention"}
    for name in ("behaviour/valid", "trace/error", "routing/gap", "intervention/changed/bfs"):
        assert panel.rows[name].random.replicates == 2
    assert panel.verdict.floors
    printed = capsys.readouterr().out
    assert f"verdict: {panel.verdict.summary}" in printed
    assert all(name in printed for name in panel.rows)
