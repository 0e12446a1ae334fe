"""Runs commands inside the process of the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mechgap.cli.main import main


@dataclass(frozen=True)
class Done:
    """How a command went."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


Command = Callable[..., Done]


@pytest.fixture
def mechgap(capsys, monkeypatch, tmp_path) -> Command:
    """Calls the command with arguments; it works in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        read = capsys.readouterr()
        return Done(int(left.value.code or 0), read.out, read.err)

    return call


@pytest.fixture
def own(tmp_path):
    """A user's file with a program in it."""
    path = tmp_path / "mine.py"
    path.write_text(
        """
from mechgap import Program, anywhere, edge, index, me, min_of, minimum, node, sender, size

adj = edge.mask("adj")
label = node.scalar("label", low=0, high=2**12, whole=True)
best = min_of(sender(label), adj)
lowest_label = Program(
    "lowest_label", (adj,), {label: index(me)}, {label: minimum(label, best)},
    ~anywhere(best < label), {"component": label}, size + 1, "Components by the smallest label.",
)
"""
    )
    return f"{path}:lowest_label"
