"""What is wrong in a network is found, named and shrunk."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from compiler.cases import COMPILED
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.compiler.variables import held
from mechgap.graphs import Graph
from mechgap.interop.golden import read_batch
from mechgap.lab.counterexample import Suspect, described, find_counterexample, write_counterexample
from mechgap.lab.divergence import Divergence, operation_at
from mechgap.lab.verification import (
    VerificationPlan,
    compare_runs,
    failing_inputs,
    verify,
    verify_on,
)
from mechgap.lang.location import Location
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.inputs import to_batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

PLAN = VerificationPlan(sizes=(4, 9), count=4)


@cache
def compiled(name: str) -> Compiled:
    return compile_program(load(name).program, CompileSettings(n=16))


def suspect(name: str, *weights: tuple[str, tuple[int, ...], float]) -> Suspect:
    """A compiled network with some weights multiplied."""
    fresh = compile_program(load(name).program, CompileSettings(n=16))
    parameters = dict(fresh.network.named_parameters())
    with torch.no_grad():
        for parameter, place, factor in weights:
            assert parameters[parameter][place] != 0
            parameters[parameter][place] *= factor
    return Suspect(load(name), fresh.network, fresh.layout)


def first_failure(found: Suspect):
    report = verify(found.task, found.network, compiled(found.task.name).certificate, PLAN)
    failed = [check for check in report.checks if check.divergence is not None]
    return min(failed, key=lambda check: check.n, default=None)


def mutations(name: str, part: str, count: int) -> list[tuple[str, tuple[int, ...], float]]:
    """Some weights of the step that are not zero."""
    found = [
        (key, tuple(place), -1.0)
        for key, value in compiled(name).network.named_parameters()
        if key.startswith(part)
        for place in value.nonzero().tolist()
    ]
    return found[:: max(1, len(found) // count)]


@pytest.mark.parametrize(
    ("name", "count"), [("bfs", 8), ("bellman_ford", 5), pytest.param("dfs_light", 2, marks=pytest.mark.slow)]
)
def test_mutated_weights_are_found_and_shrunk(name, count, tmp_path):
    """Every weight that matters on the families gives a small graph, on which the file still fails."""
    found = 0
    for mutation in mutations(name, "rounds", count):
        wrong = suspect(name, mutation)
        check = first_failure(wrong)
        if check is None:
            continue  # the weight is about graphs that the task does not have
        found += 1
        whole = failing_inputs(wrong.task, check, PLAN.count)
        assert whole is not None
        assert compare_runs(wrong.task, wrong.network, whole).mismatches > 0
        example = find_counterexample(wrong, whole)
        assert example.batch.width <= min(4, whole.width)
        path = tmp_path / "failing.npz"
        write_counterexample(path, wrong, example)
        again = read_batch(path, wrong.task.program)
        report = verify_on(wrong.task, wrong.network, compiled(name).certificate, again, "again")
        assert report.mismatches > 0
        assert (
            verify_on(wrong.task, compiled(name).network, compiled(name).certificate, again, "x").mismatches
            == 0
        )
        assert json.loads(json.dumps(example.to_json()))["nodes"] == example.batch.width
    assert found >= max(1, count // 3)


@pytest.mark.parametrize(
    ("name", "variable", "operation"),
    [("bfs", "pi_h", "if "), ("bellman_ford", "d", "if "), ("components", "label", "min")],
)
def test_the_message_names_step_node_variable_and_operation(name, variable, operation):
    """One is added to what the step writes into a variable."""
    slot = compiled(name).layout.dimensions(variable)[0]
    fresh = compile_program(load(name).program, CompileSettings(n=16))
    with torch.no_grad():
        fresh.network.rounds[-1].mlp[-1].bias[slot] += 1
    wrong = Suspect(load(name), fresh.network, fresh.layout)
    check = first_failure(wrong)
    assert check is not None and check.divergence is not None
    assert (check.divergence.step, check.divergence.variable) == (1, variable)
    found = find_counterexample(wrong, failing_inputs(wrong.task, check, PLAN.count)).divergence
    assert (found.step, found.nodes, found.variable) == (1, (0,), variable)
    assert found.network - found.interpreter == pytest.approx(0.01 if name == "components" else 1)
    assert found.operation.startswith(operation), found.operation
    assert found.case == (variable if name != "components" else found.operation)


def test_the_case_is_the_one_that_holds_at_the_place():
    task = load("bellman_ford")
    path = np.zeros((3, 3))
    path[0, 1] = path[1, 2] = 0.5
    batch = to_batch(Graph.from_matrix(path), task.program, source=0)
    exact = interpret(task.program, batch)

    def case(step: int, node: int) -> str:
        return operation_at(task.program, exact, Divergence(0, step, (node,), "d", 1.0, 0.0)).case

    offer = "best = smallest[through | offers; else 0]"
    assert [case(1, node) for node in range(3)] == ["d", offer, "d"]
    assert [case(2, node) for node in range(3)] == ["d", "d", offer]
    assert case(0, 1) == "0"


@pytest.mark.parametrize("name", ["bfs", "dfs"])
@pytest.mark.parametrize("variable", ["pi_h"])
def test_a_wrong_readout_is_told_from_a_wrong_state(name, variable):
    layer = f"readouts.hint_{variable}.receiver.weight"
    wrong = suspect(name, *[(layer, place, -1.0) for _, place, _ in mutations(name, layer, 99)])
    check = first_failure(wrong)
    assert check is not None
    example = find_counterexample(wrong, failing_inputs(wrong.task, check, PLAN.count))
    assert example.divergence.variable == variable
    assert example.readout is True
    assert example.batch.width == 2


def test_the_case_that_holds_is_named():
    wrong = suspect("bfs", *mutations("bfs", "rounds.0.value.weight", 99))
    check = first_failure(wrong)
    assert check is not None and check.divergence is not None
    for found in (
        check.divergence,
        find_counterexample(wrong, failing_inputs(wrong.task, check, 4)).divergence,
    ):
        assert found.case in found.operation or "=" in found.case
        assert not found.case.startswith("if ")


@pytest.mark.parametrize("name", COMPILED)
def test_hidden_vectors_hold_what_the_layout_says(name):
    """Every state variable of nodes and of the graph, internal ones too, at every step."""
    task, network = load(name), compiled(name)
    batch = task.sample(1, 6, 2)
    exact = interpret(task.program, batch)
    hidden = rollout(network.network, batch, RolloutOptions(lengths=exact.lengths, hidden=True)).hidden
    assert hidden is not None
    seen = 0
    for variable in task.program.state:
        if variable.location is Location.EDGE:
            continue
        found, truth = held(network.layout, variable, hidden), exact.values[variable.name]
        truth = truth if variable.location is Location.NODE else truth[..., None].expand(found.shape)
        real = batch.nodes.expand(found.shape)
        assert bool(variable.kind.agreement(found, truth)[real].all()), variable.name
        seen += 1
    assert seen


def test_inputs_are_described():
    batch = load("bfs").sample(0, 3, 1)
    assert set(dict(described(batch))) == set(batch.values)
    graphless = replace(batch, values={"k": torch.tensor([3.0]), "m": torch.tensor([[False]])})
    assert dict(described(graphless)) == {"k": "3", "m": "none"}
