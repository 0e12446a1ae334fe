"""The table of the stock network: the page shows the recorded figures, and what compiles is what it says."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from mechgap.tasks.catalogue import CLRS_NAMES

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "stock.md"
RECORD = ROOT / "docs" / "stock.json"


@pytest.fixture
def stock(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.stock")


def test_the_page_shows_the_record(stock):
    record = json.loads(RECORD.read_text())
    reporting = importlib.import_module("benchmarks.reporting")
    assert reporting.between(PAGE, "table") == stock.table(record)


def test_every_algorithm_is_scored_or_refused_for_every_processor(stock):
    record = json.loads(RECORD.read_text())
    for name in CLRS_NAMES:
        for processor in stock.PROCESSORS:
            refused = processor in record["refusals"].get(name, {})
            assert refused is not (f"{processor}-{name}" in record["shapes"])


def test_ten_algorithms_are_exact_at_every_size(stock):
    scores = json.loads(RECORD.read_text())["scores"]
    assert all(row["score"] == 1.0 for row in scores)
    exact = {row["task"] for row in scores if row["processor"] == "mpnn" and row["n"] >= 16}
    assert len(exact) >= 10


def test_what_is_compiled_today_has_the_recorded_shape(stock):
    from mechgap.compiler.stock.compilation import stock_parameters
    from mechgap.tasks.catalogue import load

    shapes = json.loads(RECORD.read_text())["shapes"]
    for name in ("bfs", "dijkstra", "dfs", "kmp_matcher"):
        found = stock_parameters(load(name).program, "mpnn")
        assert [found.width, found.rounds, found.heads] == shapes[f"mpnn-{name}"]
