"""Runs are grouped by task and settings, averaged over seeds, and correlated over all runs of a task."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import spearmanr, trim_mean

from lab.folders import write_run
from mechgap.errors import FileFormatError, NotFoundError
from mechgap.lab.comparison import ComparePlan, compare
from mechgap.lab.store import finite

VALID = (0.91, 0.5, 0.93, 0.95, 0.92, 0.9, 0.94, 0.99)
CHANGED = (0.5, 0.1, 0.8, 0.6, 0.55, 0.4, 0.7, 0.9)


@pytest.fixture
def folders(tmp_path):
    """Eight seeds of one experiment."""
    figures = zip(VALID, CHANGED, strict=True)
    return [write_run(tmp_path / f"{k}", k, *pair, kept=k % 4 > 0) for k, pair in enumerate(figures)]


def test_seeds_of_one_experiment_are_one_group(folders):
    (group,) = compare(folders).groups
    assert (group.task, group.label, [*group.folders]) == ("bfs", "quick", [*range(8)])
    row = group.rows["behaviour/valid"]
    assert row.score.value == pytest.approx(trim_mean(VALID, 0.25))
    assert row.score.low <= row.score.value <= row.score.high
    assert (row.score.unit, row.score.replicates, row.score.n) == ("seed", 8, 800)
    assert "8 seeds: the interval needs 10 or more" in row.score.note
    assert row.spread == pytest.approx(np.std(VALID, ddof=1)) and row.ends == (0.5, 0.99)
    assert row.exact.value == 1.0 and row.untrained.value == pytest.approx(0.2)
    assert "share untrained networks" in row.untrained.note


def test_verdicts_are_counted(folders, tmp_path):
    more = write_run(tmp_path / "untested", 8, kept=None)
    (group,) = compare([*folders, more]).groups
    share = group.kept["bfs"]
    assert (share.value, share.n, share.unit) == (0.75, 8, "seed")
    assert group.standing("bfs") == "kept bfs in 6 of 8 seeds [35%, 97%], nothing to test in 1"
    assert group.verdicts == {"rejects all": 2, "rejects rival": 6, "tests nothing": 1}
    (alone,) = compare([more]).groups
    assert alone.standing("bfs") == "bfs: nothing to test in 1 seed"


def test_the_order_of_folders_does_not_matter(folders):
    assert compare(folders[::-1]) == compare(folders)


def test_the_relation_is_that_of_all_runs(folders):
    (relation,) = compare(folders).relations
    assert relation.found.value == pytest.approx(spearmanr(VALID, CHANGED).statistic)
    assert (relation.found.n, relation.found.replicates, relation.found.unit) == (8, 8, "seed")
    assert relation.keys == ("behaviour/valid", "intervention/changed/bfs")
    assert "n=8, 8 seeds, p=" in str(relation)


def test_other_measures_can_be_correlated(folders):
    (relation,) = compare(folders, ComparePlan(faithfulness="routing/gap")).relations
    assert relation.found.value == pytest.approx(-1.0)
    with pytest.raises(NotFoundError, match="routing/gap"):
        compare(folders, ComparePlan(accuracy="behaviour/charm"))


def test_other_settings_are_another_group_and_its_points_hang_together_by_seed(folders, tmp_path):
    longer = [write_run(tmp_path / f"long-{k}", k, 0.99, 0.1 * k, steps=200) for k in range(6)]
    found = compare([*folders, *longer])
    assert [group.label for group in found.groups] == [
        "quick, training.steps=100",
        "quick, training.steps=200",
    ]
    (relation,) = found.relations
    assert (relation.found.n, relation.found.replicates) == (14, 8)
    assert "not all runs were measured" not in relation.found.note
    assert [point.label for point in relation.points] == [g.label for g in found.groups for _ in g.folders]


def test_other_graphs_are_remarked_upon(folders, tmp_path):
    more = write_run(tmp_path / "more", 8, graphs=60)
    found = compare([*folders, more])
    assert len(found.groups) == 2
    assert "not all runs were measured" in found.relations[0].found.note


def test_few_runs_are_not_correlated(folders):
    (relation,) = compare(folders[:4]).relations
    assert relation.found is None and str(relation) == "bfs: 4 runs with both figures, 5 or more are needed"


def test_runs_without_a_figure_are_no_points(folders, tmp_path):
    empty = write_run(tmp_path / "empty", 8, 0.9, None)
    found = compare([*folders, empty])
    assert found.relations[0].found.n == 8
    row = found.groups[0].rows["intervention/changed/bfs"]
    assert row.score.replicates == 8 and "nothing to count in 1 of 9 seeds" in row.score.note
    assert math.isnan(row.values[8])


def test_runs_that_are_all_as_accurate_say_nothing(tmp_path):
    same = [write_run(tmp_path / f"{k}", k, 1.0, 0.1 * k) for k in range(6)]
    (relation,) = compare(same).relations
    assert not relation.found.known and "the same at all points" in str(relation)


def test_tests_of_several_tasks_are_adjusted(folders, tmp_path):
    others = [write_run(tmp_path / f"dfs-{k}", k, 0.9 - k / 50, k / 10, task="dfs") for k in range(7)]
    few = [write_run(tmp_path / f"mst-{k}", k, task="mst") for k in range(2)]
    found = compare([*folders, *others, *few])
    assert [group.task for group in found.groups] == ["bfs", "dfs", "mst"]
    first, second, third = found.relations
    assert first.adjusted.tests == second.adjusted.tests == 2
    for relation in (first, second):
        assert relation.adjusted.p == relation.found.p <= relation.adjusted.adjusted <= 2 * relation.found.p
        assert "among 2 tests (Holm)" in str(relation)
    assert third.found is None and "Holm" not in str(third)


def test_a_comparison_is_plain_data(folders):
    data = compare(folders).to_json()
    assert json.loads(json.dumps(finite(data), allow_nan=False)) == finite(data)
    row = data["groups"][0]["rows"]["behaviour/valid"]
    assert {
        "value",
        "low",
        "high",
        "n",
        "unit",
        "replicates",
        "exact",
        "untrained",
        "sd",
        "values",
    } <= row.keys()


def test_copies_are_no_replicates(folders, tmp_path):
    with pytest.raises(FileFormatError, match="2 runs of seed 3"):
        compare([*folders, folders[3]])


def test_folders_that_hold_no_finished_run_are_named_all_at_once(folders, tmp_path):
    (tmp_path / "bare").mkdir()
    begun = write_run(tmp_path / "begun", 9, done=("show", "compile"))
    gone = write_run(tmp_path / "gone", 10)
    (gone / "metrics.json").unlink()
    broken = write_run(tmp_path / "broken", 11)
    (broken / "metrics.json").write_text("{}")
    torn = write_run(tmp_path / "torn", 12)
    (torn / "config.json").write_text("{")
    bad = [tmp_path / "nowhere", tmp_path / "bare", begun, gone, broken, torn]
    with pytest.raises(FileFormatError) as caught:
        compare([*folders, *bad])
    faults = caught.value.faults
    assert len(faults) == len(bad)
    assert faults[0].given == "no such folder" and "without config.json" in faults[1].given
    assert faults[2].given == "a run that is not finished; done: show, compile"
    assert "mechgap run bfs --preset quick --seed 9" in faults[2].remedy
    assert "not finished" in faults[3].given and "no run wrote" in faults[4].given


@pytest.mark.parametrize("changed", [{"digest": "f" * 64}, {"rival": "f" * 64}], ids=["program", "rival"])
def test_runs_of_different_programs_are_refused(folders, tmp_path, changed):
    other = write_run(tmp_path / "other", 8, **changed)
    with pytest.raises(FileFormatError, match="figures of different programs") as caught:
        compare([*folders, other])
    assert len(caught.value.faults) == 1 and "ffff" in caught.value.faults[0].given
