"""What is measured: each workload returns the rows of a table."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mechgap.tasks.task import Task

Row = dict[str, Any]

SIZES = {16: 32, 64: 16, 256: 4}
"""Number of nodes -> graphs in a batch."""
QUICK_SIZES = {16: 32, 64: 4}
LARGEST_RUN = {"bfs_seq": 64}
"""Largest n of tasks whose runs are as long as the graph has edges."""
LARGEST_ROLLOUT = {"bfs_seq": 16, "dfs": 64, "dfs_light": 64, "dfs_reverse": 64}
"""The same for networks, whose rounds cost more than the interpreter's steps."""
REPEATS = 5


def interpreter(quick: bool, threads: int) -> list[Row]:
    """Traces per second of the interpreter, without and with the time that drawing inputs takes."""
    from mechgap.semantics.interpreter import interpret

    rows = []
    for task, n, batch in _cases(quick, threads, LARGEST_RUN):
        drawing = _seconds(lambda task=task, n=n, batch=batch: task.sample(0, n, batch))
        inputs = task.sample(0, n, batch)
        running = _seconds(lambda task=task, inputs=inputs: interpret(task.program, inputs))
        rows.append(
            {
                "task": task.name,
                "n": n,
                "batch": batch,
                "frames": interpret(task.program, inputs).frames,
                "traces/s": batch / running,
                "with inputs/s": batch / (running + drawing),
            }
        )
    return rows


def network(quick: bool, threads: int) -> list[Row]:
    """Rollouts per second of compiled networks, until they halt by themselves."""
    from mechgap.nets.rollout import rollout

    rows, compiled = [], {}
    for task, n, batch in _cases(quick, threads, LARGEST_ROLLOUT):
        if task.name not in compiled:
            compiled[task.name] = _compiled(task)
        if compiled[task.name] is None or compiled[task.name].certificate.n < n:
            continue
        made, inputs = compiled[task.name], task.sample(0, n, batch)
        frames = rollout(made.network, inputs).frames
        running = _seconds(lambda made=made, inputs=inputs: rollout(made.network, inputs), repeats=1)
        rounds = made.certificate.rounds
        rows.append(
            {
                "task": task.name,
                "n": n,
                "batch": batch,
                "frames": frames,
                "rounds": rounds,
                "rollouts/s": batch / running,
                "ms/step": 1000 * running / frames,
            }
        )
    return rows


def compiling(quick: bool, threads: int) -> list[Row]:
    """Seconds to compile each task that the target takes: all passes, checks and emission."""
    from mechgap.compiler.passes import compile_program

    rows = []
    for task in _tasks(threads):
        made = _compiled(task)
        if made is None:
            continue
        certificate = made.certificate
        repeats = 1 if quick else REPEATS
        times = [_once(lambda task=task: compile_program(task.program)) for _ in range(repeats)]
        rows.append(
            {
                "task": task.name,
                "seconds": statistics.median(times),
                "slowest": max(times),
                "n": certificate.n,
                "parameters": certificate.parameters,
            }
        )
    return rows


def training(quick: bool, threads: int) -> list[Row]:
    """Training steps per second, drawing and running fresh graphs included."""
    from dataclasses import replace

    import numpy as np

    from mechgap.semantics.interpreter import interpret
    from mechgap.training.run import Run
    from mechgap.training.settings import preset

    settings = replace(preset("quick"), sizes=(16,))
    steps = 5 if quick else 30
    rows = []
    for task in _tasks(threads):
        if task.name not in ("bfs", "bellman_ford", "dfs"):
            continue
        run = Run.start(task.program.interface, settings)

        def step(task: Task = task, run: Run = run) -> None:
            rng = np.random.default_rng((0, run.step))
            batch = task.sample(rng, 16, settings.batch, p=settings.connectivity)
            run.advance(interpret(task.program, batch))

        step()
        taken = _once(lambda step=step: [step() for _ in range(steps)])
        rows.append(
            {
                "task": task.name,
                "n": 16,
                "batch": settings.batch,
                "hidden": settings.hidden,
                "steps/s": steps / taken,
            }
        )
    return rows


def startup(quick: bool, threads: int) -> list[Row]:
    """Seconds until a fresh process has printed something."""
    commands = {
        "python": "pass",
        "import mechgap": "import mechgap",
        "mechgap --help": "from mechgap.cli.main import main; main(['--help'])",
        "mechgap list": "from mechgap.cli.main import main; main(['list'])",
    }
    rows = []
    for name, code in commands.items():
        command = [sys.executable, "-c", code]
        times = [
            _once(lambda command=command: subprocess.run(command, capture_output=True, check=True))
            for _ in range(REPEATS)
        ]
        rows.append({"command": name, "seconds": min(times), "slowest": max(times)})
    return rows


WORKLOADS: dict[str, Callable[[bool, int], list[Row]]] = {
    "interpreter": interpreter,
    "network": network,
    "compile": compiling,
    "training": training,
    "startup": startup,
}


def _tasks(threads: int) -> list[Task]:
    import torch

    from mechgap.tasks.catalogue import NAMES, load

    torch.set_num_threads(threads)
    return [load(name) for name in NAMES]


def _compiled(task: Task) -> Any:
    """The compiled program, or None if the target refuses it."""
    from mechgap.compiler.passes import compile_program
    from mechgap.errors import Refusal

    try:
        return compile_program(task.program)
    except Refusal:
        return None


def _cases(quick: bool, threads: int, largest: dict[str, int]) -> list[tuple[Task, int, int]]:
    sizes = QUICK_SIZES if quick else SIZES
    return [
        (task, n, batch)
        for task in _tasks(threads)
        for n, batch in sizes.items()
        if n <= largest.get(task.name, n) and not (quick and task.name == "bfs_seq" and n > 16)
    ]


def _seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """The best time of a few; one is enough for what takes long."""
    first = _once(action)
    return first if first > 1.0 else min([first, *(_once(action) for _ in range(repeats))])


def _once(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
