"""The page: complete, self-contained, the same for every program."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from mechgap.lab.experiment import execute
from mechgap.lab.stages import STAGES
from mechgap.report.figure import training_chart
from mechgap.report.page import PAGE, Results, write_page
from mechgap.report.page import page as page_of
from mechgap.report.stage import REPORT
from report.pages import Page

SECTIONS = ("program", "compiled", "training", "trace", "sizes", "attention", "exchanges", "gates", "reading")
PROGRAMS = ("bfs", "bellman_ford", "dfs", "components")


@pytest.fixture(scope="module", params=PROGRAMS)
def page(request, done):
    made = done(request.param)
    write_page(made, lambda *part: None)
    return made, made.file(PAGE).read_text()


def test_the_page_is_well_formed_and_complete(page):
    _, text = page
    read = Page(text)
    assert read.open == []
    assert set(SECTIONS) <= set(read.ids)
    assert len(read.ids) == len(set(read.ids)), "names in a page are unique"
    assert "None" not in re.sub(r"<script>.*?</script>", "", text, flags=re.S)


def test_the_page_needs_nothing_else(page):
    _, text = page
    read = Page(text)
    inside = {f"#{name}" for name in read.ids}
    assert set(read.links) <= inside
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "@import" not in text and "url(" not in re.sub(r"url\(#[\w-]+\)", "", text)


def test_the_page_says_what_was_measured(page):
    made, text = page
    program = made.task.program
    assert program.name in text
    assert program.digest[:16] in text
    for measure in ("valid", "changed/" + program.name):
        assert f"<td>{measure}" in text
    assert "0 mismatches" in text
    assert "cluster bootstrap" in text
    assert text.count("<h3>Gate") >= 3
    for variable in program.hints:
        assert f"<code>{variable.name}</code>" in text


def test_exchanges_and_references_are_shown(page):
    made, text = page
    found = Results.of(made).exchanges
    assert text.count("must change</span>") == sum(
        place["changes"] and place["judged"]
        for example in found["examples"]
        for output in example["outputs"]
        for place in output["places"]
    )
    assert "† not calibrated</span>" in text
    assert text.count('aria-label="untrained network, step') == text.count(
        'aria-label="trained network, step'
    )
    assert len(found["examples"]) == text.count("Networks whose answers change") or found["rivals"]


def test_a_page_without_exchanges_says_so(done):
    results = Results.of(done("components"))
    empty = replace(
        results, exchanges={**results.exchanges, "examples": [], "absent": "no runs of three frames"}
    )
    assert "the small graphs have no runs of three frames." in page_of(empty, defaultdict(str))


def test_levels_of_references_stand_in_the_training_chart():
    history = [{"step": s, "losses": {"all": 1.0 / s}, "scores": {"valid": 0.5}} for s in (1, 2)]
    score = {"value": 0.25, "low": 0.2, "high": 0.3}
    bare, marked = training_chart(history, {}), training_chart(history, {"untrained": score})
    assert "var(--untrained" in marked and "var(--untrained" not in bare


def test_the_legacy_norm_is_labelled(done):
    made = done("bfs")
    write_page(made, lambda *part: None)
    text = made.file(PAGE).read_text()
    assert 'norm<span class="badge">legacy</span>' in text


def test_texts_are_escaped(done):
    made = done("components")
    write_page(made, lambda *part: None)
    text = made.file(PAGE).read_text()
    assert "Components &lt;by&gt; the smallest label &amp; more." in text


def test_figures_are_files_that_can_stand_alone(page):
    made, _ = page
    figures = sorted(path.name for path in made.file("figures").iterdir())
    assert "sizes.svg" in figures and "training.svg" in figures
    assert any(name.startswith("graph-compiled") for name in figures)
    for path in made.file("figures").iterdir():
        root = ElementTree.fromstring(path.read_text())
        assert root.tag.endswith("svg") and root.get("viewBox")


def test_the_same_results_give_the_same_page(page):
    made, text = page
    write_page(made, lambda *part: None)
    assert made.file(PAGE).read_text() == text


def test_the_page_is_a_stage(done):
    from .conftest import Quiet

    made = done("bfs")
    made.file(PAGE).unlink(missing_ok=True)
    outcome = execute(made, (*STAGES, REPORT), Quiet())[-1]
    assert (outcome.stage, outcome.reused) == ("report", False)
    assert made.file(PAGE).exists()


def test_results_are_read_from_the_folder(done):
    results = Results.of(done("bfs"))
    assert results.compiled.program == "bfs"
    assert set(results.metrics) >= {"panel", "courses", "history"}
    assert set(results.example["runs"]) == {"compiled", "trained", "untrained"}
