"""A study is done once, cell by cell, whatever interrupts it, and gives the same figures again."""

from __future__ import annotations

import dataclasses
import json
from itertools import pairwise

import pytest

from lab.studies.cases import SMALL, read
from mechgap.errors import FileFormatError, TrainingError
from mechgap.lab.studies import cell as cells
from mechgap.lab.studies.engine import CELLS, Line, run_study
from mechgap.lab.studies.results import Results


def figures(study, folder):
    return Results.read(study, folder / CELLS).table()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    study, folder = read(SMALL), tmp_path_factory.mktemp("study")
    seen = []
    assert run_study(study, folder, 1, lambda *told: seen.append(told))
    assert [told[:2] for told in seen] == [(k + 1, 4) for k in range(4)]
    return study, folder


def test_every_moment_of_every_cell_is_measured(done):
    study, folder = done
    results = Results.read(study, folder / CELLS)
    assert not results.missing and not results.failures
    assert len(results.moments) == len(study.cells) * len(study.moments)
    for moment in results.moments:
        assert moment.score("behaviour/valid").replicates == study.measuring.graphs
        assert moment.program == "bfs"
    gaps = results.scores("bfs", "plain", "gap:trace/error", 0)
    assert len(gaps) == study.seeds and all(gap.clusters.ratio == pytest.approx(gap.value) for gap in gaps)


def test_a_study_is_not_done_twice(done, monkeypatch):
    study, folder = done
    monkeypatch.setattr(cells, "train", lambda *_: pytest.fail("trained again"))
    before = figures(study, folder)
    assert run_study(study, folder, 1)
    assert figures(study, folder) == before


def test_more_seeds_join_those_that_are_done(done):
    study, folder = done
    more = dataclasses.replace(study, seeds=study.seeds + 1)
    missing = Results.read(more, folder / CELLS).missing
    assert {cell.seed for cell in missing} == {study.seeds}


def test_another_study_is_not_mixed_in(done):
    study, folder = done
    with pytest.raises(FileFormatError, match="moments"):
        run_study(dataclasses.replace(study, moments=(0, 8)), folder, 1)


def test_processes_give_the_same_figures(done, tmp_path):
    study, folder = done
    assert run_study(study, tmp_path, 2)
    assert figures(study, tmp_path) == figures(study, folder)


def test_an_interrupted_cell_goes_on(done, tmp_path, monkeypatch):
    study, folder = done
    whole = cells.train
    monkeypatch.setattr(cells, "train", lambda *_: False)
    assert not run_study(study, tmp_path, 1)
    monkeypatch.setattr(cells, "train", whole)
    assert run_study(study, tmp_path, 1)
    assert figures(study, tmp_path) == figures(study, folder)


def test_a_natural_start_that_is_interrupted_leaves_nothing(small, tmp_path, monkeypatch):
    small["arm"] = [{"name": "natural", "start": "natural", "exchanges": 1}]
    small["contrast"] = []
    monkeypatch.setattr(cells, "train", lambda *_: False)
    with pytest.raises(KeyboardInterrupt):
        run_study(read(small), tmp_path, 1)
    assert not list(tmp_path.glob("**/measured-*.json"))


def test_a_training_that_fails_does_not_end_the_study(small, tmp_path, monkeypatch):
    study = read(small)

    def fail(run, *_):
        if run.settings.hidden == 16:
            raise TrainingError("training", "nan", "a number", "less")
        return whole(run, *_)

    whole = cells.train
    monkeypatch.setattr(cells, "train", fail)
    assert run_study(study, tmp_path, 1)
    results = Results.read(study, tmp_path / CELLS)
    assert [cell.arm for cell, _ in results.failures] == ["wide", "wide"] and not results.missing
    file = tmp_path / CELLS / results.failures[0][0].folder / cells.FAILED
    assert json.loads(file.read_text())["fault"]["given"] == "nan"


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_a_line_hands_out_every_cell_once_and_keeps_groups_together(small, workers):
    small.update(tasks=["bfs", "dfs"], seeds=5)
    cells = read(small).cells
    line, given = Line(cells, workers), [[] for _ in range(workers)]
    while any(got := [line.next(worker) for worker in range(workers)]):
        for own, cell in zip(given, got, strict=True):
            own += [cell] if cell else []
    assert sorted(repr(cell) for own in given for cell in own) == sorted(map(repr, cells))
    changes = sum((a.task, a.arm) != (b.task, b.arm) for own in given for a, b in pairwise(own))
    assert changes <= 4 + workers  # four groups, and what is taken over at the end
