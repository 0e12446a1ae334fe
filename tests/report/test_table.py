"""Rows of tables."""

from __future__ import annotations

from mechgap.compiler.passes import compile_program
from mechgap.lab.store import read_json
from mechgap.report.page import Results
from mechgap.report.table import GATE_COLUMNS, GATES, certificate_rows, gate_rows, verification_rows
from mechgap.tasks.catalogue import load


def test_every_measure_has_a_row_at_its_gate(done):
    panel = Results.of(done("bfs")).metrics["panel"]
    rows = gate_rows(panel)
    assert list(rows) == list(GATES.values())
    assert sorted(row.key for gate in rows.values() for row in gate) == sorted(panel["rows"])
    for gate in rows.values():
        for row in gate:
            assert len(row.cells) == len(GATE_COLUMNS)
            assert row.legacy == row.cells[0].endswith("(legacy)")


def test_the_certificate_is_told_in_full():
    rows = dict(certificate_rows(compile_program(load("bellman_ford").program).certificate.to_json()))
    assert rows["exact for graphs of up to"].endswith("nodes")
    assert "d in [0, 64]" in rows["with values"]
    assert "real keys are told apart from" in rows


def test_verification_has_a_row_for_each_family(done):
    report = read_json(done("bfs").file("verification.json"))
    names, rows = verification_rows(report)
    assert names == ["length", "reach_h", "pi_h", "output pi"]
    assert len(rows) == len(report["checks"])
    assert all(len(row) == 4 + len(names) + 1 for row in rows)
