"""Kernels make the same bits as steps: as machine code, and as the Python that they are written in."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from compiler.cases import TASKS, inputs
from mechgap.errors import MechgapError, RangeError
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import anywhere, graph, node, where
from mechgap.semantics import interpreter
from mechgap.semantics.batch import Batch
from mechgap.semantics.frames import recorded
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.semantics.native import library
from mechgap.semantics.native.library import Kernel, is_ready, kernel
from mechgap.semantics.native.replay import Replay
from mechgap.semantics.native.source import write_kernel
from mechgap.semantics.native.values import Unsupported
from mechgap.semantics.trace import Trace
from semantics.small import batch_of, once, s
from strategies import Grammar, batches, programs

COMPILED = ("bfs", "bellman_ford", "dfs", "heapsort", "floyd_warshall", "kmp_matcher", "mst_kruskal")
"""Tasks of every kind whose kernels are made in every run of the tests."""
RICH = Grammar(depth=2, variables=3, edge_state=True, pairs=True, triples=True)
ANGLES = {"graham_scan"}
"""Tasks that kernels leave to steps."""


def _as_python(text: str, real: str) -> Callable[..., None]:
    """The source of a kernel as the Python function that it is."""
    namespace: dict[str, object] = {"np": np, "F": getattr(np, real), "ZERO": getattr(np, real)(0)}
    exec(compile(text, "<kernel>", "exec"), namespace)
    function = namespace["run"]
    assert isinstance(function, types.FunctionType)
    return function


def _python_kernel(program: Program, dtype: torch.dtype) -> Kernel:
    real = str(dtype).removeprefix("torch.")
    source = write_kernel(program, real)
    return Kernel(source, _as_python(source.text, real))


def _agrees(program: Program, replay: Replay, trace: Trace) -> None:
    """Lengths, every frame of every variable, and outputs are the same to the last bit, at all nodes."""
    assert torch.equal(replay.lengths, trace.lengths)
    nodes = trace.batch.nodes
    for variable in program.state:
        found = variable.kind.unpack(replay[variable.name], trace.batch.width)
        found = recorded(variable.kind, found)
        _equal(found, trace.values[variable.name], nodes, 1, variable.name)
    for port, value in zip(program.interface.outputs, replay.outputs, strict=True):
        _equal(recorded(port.kind, value), trace.outputs[port.name], nodes, 0, port.name)


def _equal(found: torch.Tensor, wanted: torch.Tensor, nodes: torch.Tensor, frames: int, name: str) -> None:
    assert found.dtype == wanted.dtype and found.shape == wanted.shape, name
    rank = wanted.dim() - 1 - frames
    real = (nodes[:, 0], nodes, nodes[:, :, None] & nodes[:, None])[rank]
    assert bool(((found == wanted) | ~real).all()), name


def _mixed(name: str) -> Batch:
    """Graphs of several sizes, padded to one."""
    directed = name in ("dfs", "strongly_connected_components")
    return join([inputs(name, n, 2, 0.4, "tenths", directed=directed) for n in (1, 2, 5, 7)])


@pytest.mark.parametrize("name", sorted(TASKS.keys() - ANGLES))
def test_the_source_of_every_task_says_what_steps_do(name: str) -> None:
    program = TASKS[name].program
    batch = TASKS[name].sample(1, 4, 2) if name == "segments_intersect" else _mixed(name)
    for dtype in (torch.float32, torch.float64):
        trace = interpret(program, batch, dtype=dtype, engine="steps")
        _agrees(program, Replay(program, batch, dtype, _python_kernel(program, dtype)), trace)


@pytest.mark.parametrize("name", COMPILED)
def test_machine_code_is_what_steps_do(name: str) -> None:
    _check_compiled(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TASKS.keys() - ANGLES - set(COMPILED)))
def test_machine_code_of_the_other_tasks_is_what_steps_do(name: str) -> None:
    _check_compiled(name)


def _check_compiled(name: str) -> None:
    task = TASKS[name]
    for n in (4, 16, 33):
        batch = task.sample(n, n, 16)
        fast = interpret(task.program, batch, engine="kernel")
        assert is_ready(task.program, torch.float32) and isinstance(fast.values.packed, Replay)  # type: ignore[attr-defined]
        slow = interpret(task.program, batch, engine="steps")
        _agrees(task.program, fast.values.packed, slow)  # type: ignore[attr-defined]
        assert all(torch.equal(fast.values[v.name], slow.values[v.name]) for v in task.program.state)
        assert all(torch.equal(fast.outputs[o], slow.outputs[o]) for o in slow.outputs)
        assert fast.defined.keys() == slow.defined.keys()


@given(programs() | programs(RICH), batches())
@settings(max_examples=300)
def test_the_source_of_random_programs_says_what_steps_do(program: Program, batch: Batch) -> None:
    try:
        trace = interpret(program, batch, engine="steps")
    except (RangeError, MechgapError):
        assert not Replay(program, batch, torch.float32, _python_kernel(program, torch.float32)).sound
        return
    replay = Replay(program, batch, torch.float32, _python_kernel(program, torch.float32))
    _agrees(program, replay, trace)


def test_angles_of_a_state_are_left_to_steps() -> None:
    program = TASKS["graham_scan"].program
    with pytest.raises(Unsupported):
        write_kernel(program, "float32")
    batch = TASKS["graham_scan"].sample(0, 8, 2)
    assert kernel(program, torch.float32) is None
    assert int(interpret(program, batch, engine="kernel").lengths.min()) > 8


def test_programs_that_are_too_long_are_left_to_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "LONGEST", 100)
    count = node.scalar("count", low=0, high=2)
    program = once(count, 0, where(s, 2, count))
    assert interpret(program, batch_of("01", 2), engine="kernel").outputs["result"].tolist() == [[2.0, 0.0]]
    assert not is_ready(program, torch.float32)


def test_errors_are_those_of_steps() -> None:
    count = node.scalar("count", low=0, high=2)
    program = once(count, 0, where(s, 3, count))
    for engine in ("kernel", "steps"):
        with pytest.raises(RangeError, match="node 1"):
            interpret(program, batch_of("01", 2, source=1), engine=engine)  # type: ignore[arg-type]
    clock = graph.scalar("clock", low=0, high=100, whole=True)
    endless = Program("endless", (s,), {clock: 0}, {clock: clock + 1}, ~anywhere(s), {"clock": clock}, 9)
    for engine in ("kernel", "steps"):
        with pytest.raises(MechgapError, match="not halted after 9 frames"):
            interpret(endless, batch_of("01", 2), engine=engine)  # type: ignore[arg-type]
    with pytest.raises(MechgapError, match="'fast'"):
        interpret(endless, batch_of("01", 2), engine="fast")  # type: ignore[arg-type]


def test_a_program_gets_a_kernel_when_its_runs_have_taken_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    count = node.scalar("count", low=0, high=2)
    program, batch = once(count, 0, where(s, 1, count)), batch_of("01", 2)
    interpret(program, batch)
    assert not is_ready(program, torch.float32)
    monkeypatch.setattr(interpreter, "PATIENCE", 0.0)
    interpret(program, batch)
    assert is_ready(program, torch.float32)


def test_several_threads_make_the_same_bits() -> None:
    task, threads = TASKS["bfs"], torch.get_num_threads()
    batch = task.sample(3, 12, 100)
    one = interpret(task.program, batch, engine="kernel")
    try:
        torch.set_num_threads(3)
        several = interpret(task.program, batch, engine="kernel")
        assert all(torch.equal(one.values[v.name], several.values[v.name]) for v in task.program.state)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("damage", ["", "raise RuntimeError", "run = None"])
def test_a_folder_of_kernels_only_saves_time(tmp_path: Path, damage: str) -> None:
    code = (
        "import torch; from mechgap.tasks.catalogue import load\n"
        "from mechgap.semantics.interpreter import interpret\n"
        "t = load('eccentricity'); b = t.sample(0, 5, 4)\n"
        "print(interpret(t.program, b, engine='kernel').outputs['eccentricity'].sum())"
    )
    environment = {**os.environ, "MECHGAP_CACHE": str(tmp_path)}

    def answer() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    first = answer()
    (kept,) = (tmp_path / "kernels").glob("*.py")
    if damage:
        kept.write_text(damage)
    assert answer() == first
