"""Rows of tables."""

from __future__ import annotations

import pytest

from mechgap.compiler.passes import compile_program
from mechgap.lab.store import read_json
from mechgap.report.page import Results
from mechgap.report.table import (
    GATE_COLUMNS,
    GATES,
    UNFIT,
    certificate_rows,
    fault_lines,
    gate_rows,
    scale_marks,
    verification_rows,
)
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


def test_what_is_not_calibrated_is_marked_and_says_why(done):
    panel = Results.of(done("bfs")).metrics["panel"]
    rows = {row.key: row for gate in gate_rows(panel).values() for row in gate}
    faults = {key for key, row in panel["rows"].items() if row["fault"]}
    assert "routing/norm" in faults and len(faults) < len(rows)
    assert {key for key, row in rows.items() if row.cells[-1] == UNFIT} == faults
    (line,) = fault_lines([rows["routing/norm"], rows["behaviour/valid"]])
    assert line.endswith(": norm (legacy)") and panel["rows"]["routing/norm"]["fault"] in line
    assert fault_lines([rows["behaviour/valid"]]) == []


def test_references_are_placed_from_exact_to_untrained(done):
    panel = Results.of(done("bfs")).metrics["panel"]
    for row in panel["rows"].values():
        marks = scale_marks(row)
        assert bool(marks) == bool(row["gap"])
        if marks:
            known = [score for score in row["orbit"].values() if score["value"] is not None]
            assert marks["exact"][: len(known)] == pytest.approx([0.0] * len(known), abs=1e-5)
            low, high = sorted(marks["untrained"])
            assert low - 1e-9 <= 1.0 <= high + 1e-9


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
