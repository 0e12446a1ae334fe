"""The page and the figures of a line-up: complete, self-contained, and true to its figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from mechgap.lab.lineup import ACCURACY, GAP, NORM, lineup
from mechgap.lab.measurement import MeasurePlan
from mechgap.lab.rivals import tie_variants
from mechgap.measures.claims import claim
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.report.lineup import lineup_page, lineup_rows, pair_rows, terminal_rows, write_lineup
from mechgap.report.lineup_words import findings, inversion, limits
from mechgap.tasks.catalogue import load
from report.pages import Page

BFS = load("bfs")
PLAN = MeasurePlan(n=8, graphs=12, swaps=4, orbit=1, random=2, probes=False)


@pytest.fixture(scope="module")
def found():
    config = clrs_config(BFS.program.interface, hidden=8)
    own = tie_variants(BFS.program)["other ties"]
    trained = {"<own>": own, "a": Network(config, seed=1), "b": Network(config, seed=2)}
    return lineup(BFS, trained, (load("bfs_distance").program,), PLAN)


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    return write_lineup(found, tmp_path_factory.mktemp("lineup") / "deep" / "out")


def test_all_files_are_written_and_the_data_are_those_of_the_lineup(found, written):
    assert json.loads((written.parent / "lineup.json").read_text())["inverted"] == list(found.inverted)
    for name in ("inversion", "causes"):
        assert ElementTree.fromstring((written.parent / "figures" / f"{name}.svg").read_text()) is not None
    assert {path.name for path in written.parent.iterdir()} == {"lineup.json", "report.html", "figures"}


def test_the_page_is_well_formed_and_needs_nothing_else(written):
    text = written.read_text()
    page = Page(text)
    assert page.open == [] and len(page.ids) == len(set(page.ids))
    assert {"inversion", "causes", "class-aware", "strict", "suspects", "pairs", "limits"} <= set(page.ids)
    assert set(page.links) <= {f"#{name}" for name in page.ids}
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "&lt;own&gt;" in text and "<own>" not in text


def test_every_row_stands_on_the_page_once_and_strict_ones_apart(found, written):
    parts = {strict: lineup_rows(found, strict=strict) for strict in (False, True)}
    keys = [row.key for gates in parts.values() for rows in gates.values() for row in rows]
    assert sorted(keys) == sorted(found.ideals)
    assert all(claim(row.key).strict for rows in parts[True].values() for row in rows)
    assert not any(claim(row.key).strict for rows in parts[False].values() for row in rows)
    text = written.read_text()
    norm = found.columns[1].scores[NORM]
    assert f"[{norm.low:.3f}, {norm.high:.3f}]" in text and f"n={norm.n}" in text


def test_figures_show_every_network_with_its_number(found, written):
    drawn = (written.parent / "figures" / "inversion.svg").read_text()
    for column in found.columns:
        assert column.name.replace("<", "&lt;").replace(">", "&gt;") in drawn
        assert f"{column.scores[NORM].value:.2f}" in drawn
    causes = (written.parent / "figures" / "causes.svg").read_text()
    assert "bfs less bfs_distance" in causes and "−1" in causes


def test_sentences_say_what_was_found(found):
    said = " ".join(findings(found))
    assert "The legacy norm ranks 1 of 3 trained networks as less faithful" in said
    assert "Trained networks differ in accuracy" in said and "<own> less a" in said
    assert "The norm ranks exact realisations behind untrained networks" in said
    assert "other ties 0.8" in said
    few = replace(found, floor={})
    assert inversion(few) == []
    assert any("3 trained networks are too few" in sentence for sentence in limits(found))
    kept = replace(found, pairs=(), missing={"odd": "it is refused"})
    assert "differ in" not in " ".join(findings(kept)) and "odd is missing" in " ".join(limits(kept))


def test_equal_accuracy_is_said_with_what_it_rests_on(found):
    same = replace(found.pairs[0].accuracy, value=0.0, low=0.0, high=0.0, replicates=12)
    equal = replace(found, pairs=(replace(found.pairs[0], accuracy=same),))
    assert "equally right in all 12 graphs" in findings(equal)[1]
    assert "up to 22.1% of graphs may still differ" in findings(equal)[1]
    wide = replace(found, pairs=(replace(found.pairs[0], accuracy=replace(same, low=-0.1, high=0.25)),))
    assert "contains 0 and stays within 0.250 of it" in findings(wide)[1]


def test_tables_of_the_terminal_hold_the_same_figures(found):
    rows = [row for rows in lineup_rows(found, strict=False).values() for row in rows]
    (valid,) = [row for row in rows if row.key == ACCURACY]
    (cells,) = terminal_rows([valid], found.of("exact"))
    assert cells[:2] == ("valid", "1.000") and set(cells[3:]) == {"1.000\n[1.00, 1.00]"}
    assert cells[2] == f"{found.columns[0].scores[ACCURACY].n}"
    pairs = pair_rows(found)
    assert len({row[0] for row in pairs}) == 3
    assert any("shape" in row[3] for row in pairs if row[0] == "<own> and a")
    assert sum(row[1] == "distance of weights, matched" for row in pairs) == 1


def test_without_attention_there_is_no_figure_of_it(found):
    silent = tuple(
        replace(c, scores={k: s for k, s in c.scores.items() if k not in (NORM, GAP)}) for c in found.columns
    )
    assert 'id="inversion"' not in lineup_page(replace(found, columns=silent), {})
