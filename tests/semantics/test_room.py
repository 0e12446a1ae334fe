"""What does not fit into memory is an error that says so, whoever would have made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mechgap.errors import MechgapError
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics import frames, recording, room
from mechgap.semantics.interpreter import interpret
from mechgap.semantics.native import replay
from mechgap.semantics.room import LARGE, check_room, free_memory
from mechgap.tasks.catalogue import load

GROUP = "process/42"


def machine(root: Path, available: int, groups: str = "") -> int | None:
    """The free memory of a machine that says this of itself."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 99999 kB\nMemAvailable: {available} kB\n")
    (root / "proc/self/cgroup").write_text(groups)
    return free_memory(root)


def test_a_machine_without_groups_has_what_it_says(tmp_path):
    assert machine(tmp_path, 100) == 100 * 1024


def test_a_system_that_does_not_say_is_not_asked(tmp_path, monkeypatch):
    assert free_memory(tmp_path) is None
    monkeypatch.setattr(room, "free_memory", lambda: None)
    check_room(2**60, "here", "much")


@pytest.mark.parametrize(
    ("kind", "limit", "usage", "total"),
    [
        ("", "memory.max", "memory.current", ""),
        ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ],
)
@pytest.mark.parametrize("inner", [True, False], ids=["inner", "outer"])
def test_groups_take_from_it(tmp_path, kind, limit, usage, total, inner):
    """The inner group's limit counts where there is one, and the outer's, with copies of files left out."""
    base = tmp_path / "sys/fs/cgroup" / kind
    group = base / GROUP if inner else base
    group.mkdir(parents=True)
    (group / limit).write_text("5000\n")
    (group / usage).write_text("3000\n")
    (group / "memory.stat").write_text(f"anon 7\n{total}inactive_file 300\n{total}active_file 200\n")
    if inner:
        (base / limit).write_text("max\n")
    assert machine(tmp_path, 100, f"3:cpu:/elsewhere\n0:{kind}:/{GROUP}\n") == 2500


def test_an_overdrawn_group_has_nothing_left(tmp_path):
    base = tmp_path / "sys/fs/cgroup"
    base.mkdir(parents=True)
    (base / "memory.max").write_text("5\n")
    (base / "memory.current").write_text("9\n")
    assert machine(tmp_path, 100, "0::/\n") == 0


def test_little_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(room, "free_memory", lambda: 0)
    check_room(LARGE - 1, "here", "little")
    with pytest.raises(MechgapError, match=r"much: 0\.2 GiB more"):
        check_room(LARGE, "here", "much")


@pytest.fixture
def narrow(monkeypatch):
    """A machine in which the next bytes that are asked for are too many."""

    def from_now_on() -> None:
        for module in (room, frames):
            monkeypatch.setattr(module, "LARGE", 1)
        monkeypatch.setattr(room, "free_memory", lambda: 0)

    return from_now_on


@pytest.mark.parametrize("name", ["bfs", "floyd_warshall", "dfs"])
def test_frames_of_steps(name, narrow):
    task = load(name)
    batch = task.sample(0, 5, 2)
    narrow()
    with pytest.raises(MechgapError, match=r"frames of .* runs.* GiB more"):
        dict(interpret(task.program, batch, engine="steps").values)


def test_frames_that_become_more_than_there_was_room_for(narrow, monkeypatch):
    task = load("floyd_warshall")
    batch = task.sample(0, 40, 1)
    monkeypatch.setattr(recording, "_ROOM", 0)
    asked: list[str] = []
    monkeypatch.setattr(recording, "check_room", lambda needed, where, given: asked.append(given))
    interpret(task.program, batch, engine="steps")
    assert {"16 frames of 1 runs", "32 frames of 1 runs"} <= set(asked)


@pytest.mark.parametrize("at_once", [0, 2**30], ids=["recorded later", "recorded"])
@pytest.mark.parametrize("name", ["bfs", "floyd_warshall"])
def test_frames_of_kernels(name, at_once, narrow, monkeypatch):
    monkeypatch.setattr(replay, "_AT_ONCE", at_once)
    task = load(name)
    trace = interpret(task.program, task.sample(0, 5, 2), engine="kernel")
    narrow()
    with pytest.raises(MechgapError, match=r"frames of .* runs.* GiB more"):
        dict(trace.values)


@pytest.mark.parametrize("halting", [False, True], ids=["lengths", "halting"])
def test_records_of_rollouts(narrow, halting):
    task = load("bfs")
    exact = interpret(task.program, task.sample(0, 5, 2))
    first = {name: value[0] for name, value in exact.values.items()}
    network = Network(replace(clrs_config(task.program.interface, 8), halting=halting), 0)
    options = RolloutOptions(first=first, lengths=None if halting else exact.lengths, max_frames=9)
    narrow()
    with pytest.raises(MechgapError, match="record of a rollout"):
        rollout(network, exact.batch, options)
