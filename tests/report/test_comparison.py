"""The page of a comparison: complete, self-contained, the same for the same runs."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from lab.folders import write_run
from mechgap.lab.comparison import compare
from mechgap.report.comparison import COLUMNS, comparison_page, relation_lines, seed_rows, title
from report.pages import Page


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    runs = [write_run(folder / f"{k}", k, 0.9 + k / 100, 0.4 + k / 20, kept=k > 2) for k in range(7)]
    runs += [write_run(folder / f"long-{k}", k, 0.99, 0.7 + k / 20, steps=200) for k in range(3)]
    runs += [write_run(folder / f"odd-{k}", k, 0.8, None, task="<odd> & own") for k in range(2)]
    return compare(runs)


@pytest.fixture(scope="module")
def page(found):
    return comparison_page(found)


def test_the_page_is_well_formed_and_complete(page):
    read = Page(page)
    assert read.open == []
    assert {"group-1", "group-2", "group-3", "relation", "reading"} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids)), "names in a page are unique"
    assert "None" not in page and "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", page)


def test_the_page_needs_nothing_else(page):
    read = Page(page)
    assert set(read.links) <= {f"#{name}" for name in read.ids}
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "@import" not in page and "url(" not in re.sub(r"url\(#[\w-]+\)", "", page)


def test_the_page_says_what_was_found(page, found):
    for group in found.groups:
        if "<" not in group.task:
            assert title(group) in page and group.standing(group.task) in page
    assert "kept bfs in 4 of 7 seeds [18%, 90%]" in page
    assert str(found.relations[0]) in page
    assert "&lt;odd&gt; &amp; own" in page and "<odd>" not in page


def test_charts_show_every_run(page, found):
    charts = [ElementTree.fromstring(text) for text in re.findall(r"<svg xmlns.*?</svg>", page, re.S)]
    labels = [chart.get("aria-label") or "" for chart in charts]
    assert sum("over seeds" in label for label in labels) == 3
    assert sum("one point for each run" in label for label in labels) == 1


def test_rows_have_all_columns(found):
    for rows in seed_rows(found.groups[0]).values():
        for row in rows:
            assert len(row.cells) == len(COLUMNS)
    valid = seed_rows(found.groups[0])["Gate 0, behaviour: are the answers right?"][0]
    assert valid.cells[:3] == ("valid", "0.930", valid.cells[2]) and valid.cells[3:5] == ("7", "700")
    assert valid.cells[-1] == "0.900 to 0.960" and "7 seeds" in valid.note


def test_lines_name_what_they_rest_on(found):
    first, last = relation_lines(found.relations)
    assert "n=10, 7 seeds" in first and "7 seeds: the interval needs 10 or more" in first
    assert "0 runs with both figures" in last


def test_the_same_runs_give_the_same_page(page, found):
    assert comparison_page(found) == page
