"""The command as a whole: help, errors, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from mechgap.cli.main import app
from mechgap.errors import MechgapError

COMMANDS = (
    *("list", "show", "trace", "compile", "certify", "verify", "explain", "diff"),
    *("parity", "train", "measure", "run", "compare", "study", "export", "stock", "robustness", "selftest"),
    "lineup",
)
SEEDED = (
    *("trace", "verify", "train", "measure", "run", "export", "stock", "robustness", "selftest"),
    *("study", "lineup"),
)
GROUPS = ("data", "zoo")
MAIN = [sys.executable, "-c", "from mechgap.cli.main import main; main()"]


def test_all_commands_are_there(mechgap):
    assert sorted(command.name for command in app.registered_commands) == sorted(COMMANDS)
    assert tuple(group.name for group in app.registered_groups) == GROUPS
    shown = mechgap("--help")
    assert shown.code == 0
    assert all(f"  {name} " in shown.out for name in (*COMMANDS, *GROUPS))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_speaks_json(mechgap, name):
    shown = mechgap(name, "-h")
    assert shown.code == 0
    assert "--json" in shown.out
    assert ("--seed" in shown.out) == (name in SEEDED)


def test_help_is_quick():
    best = min(_seconds([*MAIN, "--help"]) for _ in range(3))
    assert best < 0.6, "0.15 s on an idle machine; something heavy is imported"


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def test_the_version_is_told(mechgap):
    assert mechgap("--version").out.startswith("mechgap ")


def test_errors_say_four_things(mechgap):
    done = mechgap("show", "bsf")
    assert (done.code, done.out) == (1, "")
    parts = [line.split(":")[0].strip() for line in done.err.splitlines()]
    assert [part for part in parts if part in ("error", "given", "expected", "do")] == [
        "error",
        "given",
        "expected",
        "do",
    ]
    assert "'bsf'" in done.err


def test_errors_are_json_if_wanted(mechgap):
    done = mechgap("show", "bsf", "--json")
    assert done.code == 1
    assert done.error["kind"] == "NotFoundError"
    assert set(done.error["faults"][0]) == {"where", "given", "expected", "remedy"}


def test_all_faults_are_told_at_once(mechgap, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(
        "from mechgap import Program, node\nx = node.mask('x')\ny = node.scalar('y')\n"
        "bad = Program('bad', (), {x: 1, y: True}, {}, x, {})\n"
    )
    done = mechgap("show", f"{path}:bad", "--json")
    assert done.error["kind"] == "ProgramError"
    assert len(done.error["faults"]) >= 3
    assert mechgap("show", f"{path}:bad").err.count("error:") == len(done.error["faults"])


@pytest.mark.parametrize(
    "arguments",
    [["nope"], ["show"], ["verify", "bfs", "--n", "four"], ["trace", "bfs", "--target", "abacus"]],
    ids=["no such command", "missing argument", "bad numbers", "bad target"],
)
def test_misuse_is_told_and_is_2(mechgap, arguments):
    assert mechgap(*arguments).code == 2
    done = mechgap(*arguments, "--json")
    assert (done.code, done.error["kind"]) == (2, "UsageError")


def test_an_interruption_is_130(mechgap, monkeypatch):
    def stop(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mechgap.tasks.catalogue.load", stop)
    done = mechgap("show", "bfs")
    assert (done.code, done.out) == (130, "")
    assert "interrupted" in done.err
    assert mechgap("show", "bfs", "--json").error["kind"] == "Interrupted"


def test_a_fault_of_ours_is_no_message(monkeypatch):
    def fail(name: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mechgap.tasks.catalogue.load", fail)
    from mechgap.cli.main import main

    with pytest.raises(ZeroDivisionError):
        main(["show", "bfs"])


def test_long_parts_are_wrapped(mechgap, monkeypatch):
    def fail(name: str) -> None:
        raise MechgapError("somewhere", "x " * 200, "a\nb", "nothing")

    monkeypatch.setattr("mechgap.tasks.catalogue.load", fail)
    lines = mechgap("show", "bfs").err.splitlines()
    assert max(map(len, lines)) <= 110
    assert "            b" in lines


@pytest.mark.slow
def test_ctrl_c_in_training_leaves_a_checkpoint(tmp_path):
    command = [*MAIN, "train", "bfs", "--steps", "5000", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ.copy())
    deadline = time.monotonic() + 120
    while not (tmp_path / "checkpoint.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in told
    assert not (tmp_path / "trained.safetensors").exists()
