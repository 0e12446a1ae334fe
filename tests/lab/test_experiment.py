"""Stages are done once, in order, and anew if what they are made from is."""

from __future__ import annotations

import dataclasses

import pytest

from mechgap.errors import FileFormatError, NotFoundError
from mechgap.lab.experiment import AbstractObserver, Stage, clear, execute, experiment


class Noting(AbstractObserver):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def begin(self, stage, number, total):
        self.seen.append((stage, number, total))

    def at(self, done, total, note):
        self.seen.append((done, total, note))

    def end(self, outcome):
        self.seen.append(outcome)


def stage(name: str, runs: list[str], fails: bool = False) -> Stage:
    def run(made, watch):
        watch(0, 1, "all")
        runs.append(name)
        if fails:
            raise KeyboardInterrupt
        made.file(f"{name}.txt").write_text(name)
        return f"{name} done"

    return Stage(name, (f"{name}.txt",), run)


@pytest.fixture
def made(tmp_path):
    return experiment("bfs", folder=tmp_path / "run")


def test_stages_are_done_once(made):
    runs: list[str] = []
    stages = [stage("first", runs), stage("second", runs)]
    watching = Noting()
    outcomes = execute(made, stages, watching)
    assert [(o.stage, o.note, o.reused) for o in outcomes] == [
        ("first", "first done", False),
        ("second", "second done", False),
    ]
    assert watching.seen[:3] == [("first", 1, 2), (0, 1, "all"), outcomes[0]]
    assert [o.reused for o in execute(made, stages, Noting())] == [True, True]
    assert runs == ["first", "second"]


def test_what_follows_a_stage_is_done_anew_with_it(made):
    runs: list[str] = []
    stages = [stage(name, runs) for name in ("first", "second", "third")]
    execute(made, stages, Noting())
    made.file("second.txt").unlink()
    assert [o.reused for o in execute(made, stages, Noting())] == [True, False, False]
    assert runs == ["first", "second", "third", "second", "third"]


def test_a_stage_that_fails_is_not_done(made):
    runs: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        execute(made, [stage("first", runs), stage("second", runs, fails=True)], Noting())
    made.file("second.txt").write_text("left over")
    again = execute(made, [stage("first", runs), stage("second", runs)], Noting())
    assert [o.reused for o in again] == [True, False]


def test_a_folder_belongs_to_one_experiment(made):
    execute(made, [], Noting())
    other = dataclasses.replace(made, training=dataclasses.replace(made.training, steps=7))
    with pytest.raises(FileFormatError, match="--fresh") as told:
        execute(other, [], Noting())
    assert told.value.faults[0].expected == "{'steps': 7}"
    clear(made, [stage("first", [])])
    assert list(made.folder.iterdir()) == []
    execute(other, [], Noting())


def test_clearing_leaves_other_files(made):
    stages = [stage("first", [])]
    execute(made, stages, Noting())
    made.file("notes.txt").write_text("mine")
    clear(made, stages)
    assert [path.name for path in made.folder.iterdir()] == ["notes.txt"]


def test_the_folder_is_named_after_the_task():
    named = experiment("bfs", "clrs", seed=3)
    assert str(named.folder).endswith("bfs-clrs-3")
    assert (named.seed, named.measuring.seed, named.verification.seed) == (3, 3, 3)
    assert named.training.steps == 10_000
    with pytest.raises(NotFoundError):
        experiment("bfs", "slow")
