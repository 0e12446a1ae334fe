"""Robustness: nothing breaks where nothing is changed, everything follows from the seed, shares are right."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechgap.compiler.passes import compile_program
from mechgap.errors import GraphError, NotFoundError, Refusal
from mechgap.lab.disturbances import rounded_activations, with_noise
from mechgap.lab.robustness import (
    DRAW,
    PARTS,
    RobustnessPlan,
    outcome,
    robustness,
)
from mechgap.nets.rollout import rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

SMALL = RobustnessPlan(n=6, graphs=4, noise=(1e-9, 3e-1), draws=2, certified=6, sizes=(6, 12))
TASKS = ("bfs", "bellman_ford", "minimum")


@pytest.fixture(scope="module", params=TASKS)
def report(request):
    return robustness(load(request.param), plan=SMALL)


def test_what_changes_nothing_breaks_nothing(report):
    exact = {
        ("noise", 1e-9),
        ("noise_small", 1e-9),
        ("activations", "float32"),
        ("cast", "float32"),
        ("size", 6),
    }
    found = [condition for condition in report.conditions if (condition.kind, condition.setting) in exact]
    assert len(found) == len(exact)
    for condition in found:
        for score in (*condition.steps.values(), *condition.traces.values()):
            assert score.value == score.low == score.high == 1.0, condition


def test_large_noise_breaks(report):
    for kind in ("noise", "noise_small"):
        assert report.breaking(kind, "everything") == (1e-9, 3e-1)


def test_everything_is_never_more_than_the_decisions(report):
    for condition in report.conditions:
        for shares in (condition.steps, condition.traces):
            assert shares["everything"].value <= shares["decisions"].value
            assert all(0.0 <= s.low <= s.value <= s.high <= 1.0 for s in shares.values())


def test_the_units_of_replication_are_draws_and_graphs(report):
    for condition in report.conditions:
        noisy = condition.kind.startswith("noise")
        for part in PARTS:
            found = condition.traces[part]
            assert (found.unit, found.replicates) == (
                (DRAW, SMALL.draws) if noisy else ("graph", SMALL.graphs)
            )
            assert found.n == SMALL.graphs * (SMALL.draws if noisy else 1)


def test_a_report_follows_from_its_seed():
    first, again = (robustness(load("bfs"), plan=SMALL).to_json() for _ in range(2))
    other = robustness(load("bfs"), plan=replace(SMALL, seed=1)).to_json()
    assert first == again != other


def test_noise_is_relative_and_leaves_the_network_as_it_is():
    network = compile_program(load("bfs").program).network
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    noisy = with_noise(network, 0.01, (0, 1))
    for name, weight in noisy.named_parameters():
        assert torch.equal(before[name], network.get_parameter(name))
        assert torch.equal(weight == 0, before[name] == 0)
        assert ((weight - before[name]).abs() <= 0.06 * before[name].abs()).all()
    assert any(not torch.equal(w, before[name]) for name, w in noisy.named_parameters())


def test_activations_are_rounded_within_the_block_only():
    task = load("bellman_ford")
    network = compile_program(task.program).network
    exact = interpret(task.program, task.sample(0, 6, 3))
    with rounded_activations(network, torch.bfloat16):
        inside = outcome(task.program, network, exact)
    after = outcome(task.program, network, exact)
    assert not inside.whole["everything"].all() and after.whole["everything"].all()
    with rounded_activations(network, torch.float32):
        hidden = rollout(network, exact.batch).lengths
    assert torch.equal(hidden, exact.lengths)


def test_a_run_that_does_not_halt_in_time_is_not_exact():
    task = load("bfs")
    network = compile_program(task.program).network
    exact = interpret(task.program, task.sample(0, 6, 3))
    with torch.no_grad():
        for weight in network.readouts["halt"].parameters():
            weight.zero_()
    found = outcome(task.program, network, exact)
    assert torch.equal(found.right["everything"], exact.lengths) and not found.whole["everything"].any()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"graphs": 0}, GraphError),
        ({"draws": 0}, GraphError),
        ({"certified": 1}, GraphError),
        ({"formats": ("float8",)}, GraphError),
        ({"n": 7}, Refusal),
    ],
    ids=str,
)
def test_a_plan_must_make_sense(change, error):
    with pytest.raises(error):
        robustness(load("bfs"), plan=replace(SMALL, **change))


def test_an_unknown_target_is_told():
    with pytest.raises(NotFoundError):
        robustness(load("bfs"), "no_such_family", SMALL)
