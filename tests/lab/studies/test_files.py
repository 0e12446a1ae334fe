"""Every study of the project can be read; files that are no studies say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.studies.cases import read
from mechgap.errors import FileFormatError, MechgapError, NotFoundError
from mechgap.lab.studies.files import SECTIONS, find_study
from mechgap.report.study_words import MAKERS

FILES = sorted((Path(__file__).parents[3] / "studies").glob("*.toml"))


@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_study_can_be_read(path, quick):
    study = find_study(str(path), quick)
    assert study.name == path.stem and study.quick is quick
    assert study.silent and study.question.endswith("?")
    assert len({cell.folder for cell in study.cells}) == len(study.cells)
    groups = {(task, arm.name) for task, arm in study.groups()}
    for contrast in study.contrasts:
        assert {contrast.left, contrast.right} <= groups
    for cell in study.cells:
        settings = study.settings(cell)
        assert settings.steps == study.moments[-1] and settings.seed == cell.seed
        assert all(moment % settings.validate_every == 0 for moment in study.moments)


def test_there_are_studies():
    assert {path.stem for path in FILES} >= {"spectrum", "accuracy", "parallel", "basin", "closing"}


def test_every_section_has_a_maker():
    assert set(SECTIONS) == set(MAKERS)


def test_the_quick_form_replaces_entries_and_merges_settings(small):
    small["quick"] = {"seeds": 1, "training": {"hidden": 4}}
    study = read(small, quick=True)
    assert study.seeds == 1 and study.training.hidden == 4 and study.training.batch == 4
    assert read(small).seeds == 2


def test_a_baseline_stands_against_every_other_arm(small):
    assert [(c.left, c.right) for c in read(small).contrasts] == [(("bfs", "wide"), ("bfs", "plain"))]


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("seeds", 0, "seeds"),
        ("seeds", "two", "seeds"),
        ("tasks", ["nothing"], "tasks"),
        ("moments", [0], "moments"),
        ("margin", 0, "margin"),
        ("sections", ["poem"], "sections"),
        ("training", {"depth": 3}, "training, depth"),
        ("training", {"seed": 3}, "training, seed"),
        ("training", {"patience": 3}, "training, patience"),
        ("training", {"hidden": 0}, "hidden"),
        ("measuring", {"width": 3}, "measuring, width"),
        ("arm", [{"training": {}}], "arm"),
        ("arm", [{"name": "a", "training": {"depth": 1}}], "training, depth"),
        ("contrast", [{"baseline": "nobody"}], "contrast, baseline"),
        ("contrast", [{"name": "x", "left": "bfs/plain", "right": "dfs"}], "contrast"),
        ("colour", 3, "colour"),
    ],
)
def test_faults_say_where(small, name, value, where):
    small[name] = value
    with pytest.raises(MechgapError, match=where):
        read(small)


@pytest.mark.parametrize("name", ["title", "tasks", "seeds", "moments", "margin", "sections"])
def test_what_is_missing_is_named(small, name):
    del small[name]
    with pytest.raises(FileFormatError, match=name):
        read(small)


def test_files_that_are_not_there_or_no_toml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match="nowhere"):
        find_study("nowhere")
    Path("bad.toml").write_text("seeds = = 3")
    with pytest.raises(FileFormatError, match="TOML"):
        find_study("bad.toml")
