"""Sections say of made-up figures what is true of them."""

from __future__ import annotations

import numpy as np
import pytest

from lab.studies.cases import made_up, read
from mechgap.lab.studies.basins import basin
from mechgap.lab.studies.comparisons import contrasts, correlations
from mechgap.lab.studies.groups import gates, sizes, steps
from mechgap.report.study_figure import study_chart
from mechgap.report.study_page import write_study
from mechgap.report.study_words import study_page


@pytest.fixture
def study(small):
    small.update(seeds=8, accuracy=["behaviour/valid"], sections=["gates", "steps", "sizes", "contrasts"])
    return read(small)


def noisy(cell, step):
    """Wide is better by 0.3, with some noise."""
    random = np.random.default_rng((cell.seed, step, cell.arm == "wide"))
    return 0.3 + 0.3 * (cell.arm == "wide") + 0.05 * float(random.random())


def test_differences_are_found_and_have_their_sign(study):
    section = contrasts(made_up(study, noisy))
    rows = {row[1]: row for row in section.tables[0].rows}
    assert rows["behaviour/valid"][2].startswith("0.3") and rows["behaviour/valid"][6] == "different"
    assert rows["gap of intervention/changed"][2].startswith("-0.3")
    said = {text.split(",")[0]: text for text in section.texts[1:]}
    assert "higher: bfs: wide against plain (0.3" in said["behaviour/valid"]
    assert "lower: bfs: wide against plain (-0.3" in said["gap of intervention/changed"]


def test_no_difference_is_called_none(study):
    def alike(cell, step):
        return 0.5 + 0.01 * float(np.random.default_rng((cell.seed, cell.arm == "wide")).random())

    rows = contrasts(made_up(study, alike)).tables[0].rows
    assert all(row[6] == "equivalent within ±0.1" for row in rows)


def test_correlations_have_their_sign_and_count_trainings(study):
    results = made_up(study, noisy)
    table = correlations(results).tables[0]
    rows = {row[1]: row for row in table.rows}
    assert rows["all trainings, last moment"][3].startswith("-1.000")  # the gap is 1 - accuracy
    assert rows["all trainings, last moment"][4] == "16"


def test_every_section_can_be_drawn(study):
    results = made_up(study, noisy)
    for make in (gates, steps, sizes, contrasts, correlations):
        section = make(results)
        assert section.charts or section.tables
        for chart in section.charts:
            assert study_chart(chart).startswith("<svg")


def test_basins_tell_where_half_of_the_trainings_come_back(small):
    small["arm"] = [{"name": f"noise {s}", "start": "compiled", "noise": s} for s in (0.01, 0.1, 1.0)]
    small.update(contrast=[], seeds=10, sections=["basin"], returned=0.05)
    study = read(small)

    def back(cell, step):
        noise = float(cell.arm.split()[1])
        return 1.0 if noise < 0.1 or (noise == 0.1 and cell.seed < 5) else 0.2

    section = basin(made_up(study, back))
    assert "half of the trainings come back at noise 0.1 " in section.texts[-1]
    shares = [row[7] for row in section.tables[0].rows]
    assert [share.split()[0] for share in shares] == ["1.000", "0.500", "0.000"]


def test_the_page_states_counts_and_limits(study, tmp_path):
    shown = study_page(made_up(study, noisy))
    text = write_study(shown, tmp_path).read_text()
    assert "8 seeds" in text and "What this does not show" in text
    assert "There are 8 seeds in each group" in text
    assert (tmp_path / "tables" / "contrasts.csv").read_text().startswith("comparison,")
    assert list((tmp_path / "figures").glob("*.svg"))
