"""Compiled networks against the interpreter."""

from __future__ import annotations

import json

import pytest
import torch

from compiler.cases import COMPILED, SMALLEST
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import NotFoundError, Refusal
from mechgap.lab.families import FAMILIES
from mechgap.lab.verification import VerificationPlan, verify
from mechgap.tasks.catalogue import load

SMALL = VerificationPlan(sizes=(5,), count=2, seed=3)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_programs_are_exact(name):
    task = load(name)
    compiled = compile_program(task.program)
    told = []
    report = verify(task, compiled.network, compiled.certificate, SMALL, lambda *part: told.append(part))
    assert report.mismatches == 0
    assert {check.n for check in report.checks} == ({5} if name in SMALLEST else {1, 5})
    fitting = {family.name for family in FAMILIES if family.fits(task)}
    assert {check.family for check in report.checks} == fitting
    assert report.steps >= report.graphs == 2 * len(report.checks)
    assert told[0][:2] == (0, len(report.checks))
    data = json.loads(json.dumps(report.to_json()))
    assert (data["mismatches"], data["steps"]) == (0, report.steps)


def spoiled(part: str):
    task = load("bellman_ford")
    compiled = compile_program(task.program, CompileSettings(n=64))
    with torch.no_grad():
        for weight in compiled.network.readouts[part].parameters():
            weight.add_(weight.new_tensor(1e-3) if part == "hint_d" else -2 * weight)
    return verify(task, compiled.network, compiled.certificate, VerificationPlan(sizes=(4,), count=3))


@pytest.mark.parametrize(
    ("part", "variable"),
    [("hint_d", "d"), ("hint_msk", "msk"), ("output_pi", "output pi"), ("halt", "length")],
)
def test_the_first_difference_is_told(part, variable):
    report = spoiled(part)
    assert report.mismatches > 0
    found = next(check.divergence for check in report.checks if check.divergence is not None)
    assert found.variable == variable
    assert found.network != found.interpreter
    check = max(report.checks, key=lambda check: check.largest)
    assert check.largest > 0


def test_families_can_be_chosen():
    task = load("bfs")
    compiled = compile_program(task.program, CompileSettings(n=8))
    plan = VerificationPlan((4,), 1, families=("sparse", "no loops"))
    report = verify(task, compiled.network, compiled.certificate, plan)
    assert {check.family for check in report.checks} == {"sparse", "no loops"}
    with pytest.raises(NotFoundError, match="complete"):
        verify(task, compiled.network, compiled.certificate, VerificationPlan(families=("odd",)))


def test_sizes_beyond_the_certificate_are_refused():
    task = load("bfs")
    compiled = compile_program(task.program, CompileSettings(n=8))
    with pytest.raises(Refusal, match="at most 8 nodes"):
        verify(task, compiled.network, compiled.certificate, VerificationPlan(sizes=(4, 9)))


def test_work_can_be_limited():
    task = load("bfs")
    compiled = compile_program(task.program, CompileSettings(n=64))

    def graphs(work):
        plan = VerificationPlan((8, 32), 6, work=work)
        checks = verify(task, compiled.network, compiled.certificate, plan).checks
        return {(check.n, check.family): check.graphs for check in checks}

    complete_runs_have_two_frames = 32 * 32 * 2
    few = graphs(3 * complete_runs_have_two_frames)
    assert few[32, "complete"] == 3
    assert few[8, "complete"] == 6
    assert {n for n, _ in graphs(10)} == {1, 8}
