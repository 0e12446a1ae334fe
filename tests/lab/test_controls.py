"""Controls hold, and a measure that is changed for the worse fails one of them and is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.symmetries import symmetric
from mechgap.errors import NotFoundError
from mechgap.lab import selftest as module
from mechgap.lab.control_bench import ControlBench, SelftestPlan, Statement, class_aware
from mechgap.lab.selftest import CONTROLS, Selftest, selftest
from mechgap.measures import intervention, panel, routing
from mechgap.measures.admissible import Answer
from mechgap.measures.bootstrap import Clusters
from mechgap.measures.claims import claim
from mechgap.measures.panel import Bench
from mechgap.measures.score import score
from mechgap.measures.subject import ProgramSubject

PLAN = SelftestPlan(nodes=9, graphs=12, swaps=4, realisations=2, steps=200)
QUICK = ("C1", "C2", "C3", "C5", "C6")


@pytest.fixture(scope="module")
def bench():
    return ControlBench(PLAN)


def failed(name, bench=None):
    """The rows that a control blames."""
    checks = tuple(CONTROLS[name].run(bench or ControlBench(PLAN)))
    return Selftest(checks).blamed


@pytest.mark.parametrize("name", QUICK)
def test_controls_hold(bench, name):
    found = Selftest(tuple(CONTROLS[name].run(bench)))
    assert found.checks
    for check in found.checks:
        assert check.passed, check
        assert check.counted >= len(check.found) > 0
    assert found.passed


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CONTROLS if name not in QUICK])
def test_controls_of_several_programs_and_of_training_hold(name):
    found = selftest(SelftestPlan(), only=[name])
    assert found.passed, found.blamed


def all_rows(exact):
    """The selections of a run, with all rows active."""
    return {
        name: replace(each, active=torch.ones_like(each.active))
        for name, each in exact.selections.items()
        if each.admissible.dim() == 4
    }


def one_choice(exact):
    """The selections of a run, with the choice that was made as the only admissible one."""
    return {
        name: replace(
            each, admissible=torch.nn.functional.one_hot(each.chosen, each.admissible.shape[-1]).bool()
        )
        for name, each in exact.selections.items()
        if each.admissible.dim() == 4
    }


def test_attention_on_all_rows_fails_on_exact_networks(monkeypatch):
    monkeypatch.setattr(routing, "selections_at_nodes", all_rows)
    assert "routing/gap" in failed("C2")


def test_attention_held_against_one_choice_fails_on_ties(monkeypatch):
    monkeypatch.setattr(routing, "selections_at_nodes", one_choice)
    assert "routing/gap" in failed("C2")


def test_hints_held_against_one_choice_fail_on_ties(monkeypatch):
    real = panel.admissible_trace
    monkeypatch.setattr(panel, "admissible_trace", lambda *given: ({}, real(*given)[1]))
    assert "trace/error" in failed("C2")


def test_answers_held_against_one_choice_fail_on_ties(monkeypatch):
    monkeypatch.setattr(Answer, "accepts", lambda self, given: self.port.kind.agreement(given, self.value))
    assert "intervention/unchanged/bfs" in failed("C2")


def test_interventions_that_exchange_nothing_fail_on_exact_networks(monkeypatch):
    monkeypatch.setattr(panel, "carry_out", lambda subject, plan: intervention.inert(plan, "bfs"))
    assert "intervention/changed/bfs" in failed("C2")


def test_interventions_read_off_the_program_fail_on_a_cheat(monkeypatch):
    real = panel.carry_out
    own = ProgramSubject(ControlBench(PLAN).program)
    monkeypatch.setattr(panel, "carry_out", lambda subject, plan: real(own, plan))
    checks = [check for check in CONTROLS["C6"].run(ControlBench(PLAN)) if not check.passed]
    assert {name.partition("/")[0] for check in checks for name in check.blamed} == {"intervention"}


def test_probes_that_read_the_decoder_fail_on_a_cheat(monkeypatch):
    """Rows of probes, made or replaced by what the subject's own decoder says."""
    real = Bench.gates

    def gates(self, *given, **options):
        found = real(self, *given, **options)
        decoder = {f"probe/{n}": s for n, s in found.scores.items() if n.startswith("trace/")}
        rest = {n: s for n, s in found.scores.items() if not n.startswith("probe/")}
        return replace(found, scores=rest | decoder)

    monkeypatch.setattr(Bench, "gates", gates)
    assert {name.partition("/")[0] for name in failed("C6")} == {"probe"}


@given(seed=st.integers(0, 2**31))
@settings(max_examples=8, deadline=None)
def test_no_symmetry_of_an_exact_network_moves_a_class_aware_figure(bench, seed):
    for name, value, off in class_aware(bench.scores(symmetric(bench.exact, seed))):
        assert off <= claim(name).tolerance, (name, value)


def constant(value, ideal):
    return score("m", Clusters(torch.full((12,), value).numpy(), torch.ones(12).numpy()), ideal)


def test_a_check_counts_what_is_known_and_names_what_is_off():
    statement = Statement("C0", "numbers", "ideal", 0.1)
    unknown = replace(constant(0.0, 1.0), value=float("nan"))
    assert not statement.check([("routing/gap", unknown, 0.0)]).passed
    found = statement.check(
        [("routing/gap", constant(0.5, 0.0), 0.5), ("trace/error", constant(0.0, 0.0), 0.05)]
    )
    assert found.blamed == ("routing/gap",)
    assert found.off == 0.5
    assert found.to_json()["found"][0]["value"] == 0.5
    assert [each.name for each in found.found] == ["routing/gap", "trace/error"]
    assert not statement.check([("trace/error", constant(0.0, 0.0), float("nan"))]).passed


def test_rows_that_claim_nothing_must_be_class_aware():
    assert not claim("some/new/gate").strict
    assert claim("some/new/gate").reads == "states"
    assert claim("behaviour/n=64/accuracy").strict
    assert claim("routing/gap/offering").reads == "attention"


def test_one_control_runs_alone_and_unknown_ones_do_not():
    told = []
    found = selftest(PLAN, ["C6"], lambda done, total, note: told.append((done, total, note)))
    assert {check.control for check in found.checks} == {"C6"}
    assert told == [(0, 1, CONTROLS["C6"].title)]
    assert set(found.to_json()["controls"]) == set(module.CONTROLS)
    with pytest.raises(NotFoundError, match="C10"):
        selftest(PLAN, ["C10"])
