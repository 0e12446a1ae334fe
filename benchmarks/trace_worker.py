"""Times inputs and traces of one task in mechgap; run as a process of its own by benchmarks.traces.

python -m benchmarks.trace_worker TASK N THREADS

Reads a job a line and answers each with a line, all as JSON:
    {"job": "tune", "memory": MiB, "patience": s, "clock": "wall"}   the fastest batch size
    {"job": "run", "batch": B, "seconds": s}     fresh inputs and their traces, for some seconds
    {"job": "widen", "batch": B, "seconds": s}   all hints in the types that `Batch` describes
The kernel of the task is made before anything is timed; the first answer says how long that took.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mechgap.semantics.trace import Trace
    from mechgap.tasks.task import Task

Figures = dict[str, Any]

FAMILIES = ("sorting", "searching", "greedy", "dynamic", "strings", "geometry", "graphs")
STEP = 2
"""Batch sizes are tried in steps of this factor, from the first that has about FIRST_NODES nodes."""
NEARLY = 0.9
"""The next step is squared if one has changed the rate by nearly its own factor: then all runs cost alike."""
FIRST_NODES = 2**15
ROOM = 4
"""A first batch leaves so many times the memory of its inputs and packed frames, for what a run needs."""
MOST_RUNS = 2**16
WORTH = 1.03
"""How much faster a larger batch must be to be taken."""
SLOWER = 0.9
"""No larger batch is tried after one that is slower than this share of the fastest."""
GAIN = 1.2
"""One that takes too long is doubled all the same while this makes it so much faster."""
WIDENING = 8
"""A batch is so many times smaller when its hints are widened."""


def main() -> None:
    """Serve jobs until the input ends."""
    name, n, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    import torch

    from mechgap.semantics.memory import keep_freed_memory

    keep_freed_memory()  # as streams and exports do
    torch.set_num_threads(threads)
    worker = Worker(find_task(name), n)
    start = time.perf_counter()
    worker.run(1)
    compiling = time.perf_counter() - start
    names = ("mechgap", "torch", "numpy", "numba")
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"python": python, **{name: version(name) for name in names}}
    _say({"versions": versions, "base_mib": _peak(), "compile_s": compiling})
    for line in sys.stdin:
        job = json.loads(line)
        _say({**getattr(worker, job.pop("job"))(**job), "peak_mib": _peak()})


def find_task(name: str) -> Task:
    """A task of the package, in the catalogue or not.

    Raises:
        LookupError: if there is none.
    """
    from mechgap.tasks.catalogue import NAMES, load

    if name in NAMES:
        return load(name)
    for family in FAMILIES:
        module = f"mechgap.tasks.{family}.{name}"
        if importlib.util.find_spec(module):
            task: Task = importlib.import_module(module).task
            return task
    raise LookupError(f"no task {name!r}")


class Worker:
    """Draws inputs of one task and size, and runs them; no seed is used twice.

    Args:
        task: the task.
        n: the number of nodes.
    """

    def __init__(self, task: Task, n: int) -> None:
        self._task = task
        self._n = n
        self._seed = 0
        self._hints = [variable.name for variable in task.program.hints]

    def run(self, batch: int, seconds: float = 0.0) -> Figures:
        """Time fresh inputs and their traces: drawing, checks of inputs and ranges, all frames, outputs.

        Args:
            batch: number of graphs in a batch.
            seconds: how long to go on.

        Returns:
            The number of traces, seconds on both clocks, the number of nodes and the mean number of frames.
        """
        length = 0.0
        runs = _Clock()
        while runs.count == 0 or runs.wall < seconds:
            trace = runs.timed(partial(self._trace, batch))
            length += float(trace.lengths.float().mean())
            nodes = trace.batch.width
            del trace
        found = {"nodes": nodes, "frames": length / runs.count}
        return {"count": runs.count * batch, "wall": runs.wall, "cpu": runs.cpu, **found}

    def widen(self, batch: int, seconds: float) -> Figures:
        """Time the widening of all hints of some traces, which the traces then keep."""
        batch = max(1, batch // WIDENING)
        runs = _Clock()
        while runs.count == 0 or runs.wall < seconds:
            trace = self._trace(batch)
            runs.timed(partial(self._widened, trace))
            del trace
        return {"count": runs.count * batch, "wall": runs.wall, "cpu": runs.cpu}

    def tune(self, memory: float, patience: float, clock: str) -> Figures:
        """The fastest of some batch sizes, the smallest of those that are about as fast.

        Args:
            memory: MiB that a batch may add to the process; the first size is tried in any case.
            patience: a batch takes too long from so many seconds on.
            clock: the time that counts, "wall" or "cpu".
        """
        batch, fastest, tried, before = self._first(memory, patience), 0.0, [], _peak()
        while batch <= MOST_RUNS:
            timed = [self.run(batch)]
            if timed[0]["wall"] < patience / 2:
                timed.append(self.run(batch))
            rate = max(figures["count"] / figures[clock] for figures in timed)
            tried.append([batch, rate])
            gain = rate / fastest if fastest else STEP
            if gain > WORTH:
                fastest, chosen = rate, batch
            step = STEP if gain < NEARLY * STEP else STEP**2
            slow = timed[0]["wall"] > patience and gain < GAIN
            if slow or gain < SLOWER or step * (_peak() - before) > memory:
                break
            batch *= step
        return {"batch": chosen, "tried": tried}

    def _first(self, memory: float, patience: float) -> int:
        """The first batch size to try: well within the memory, and fast enough to be tried."""
        batch = max(1, min(32, 2**14 // self._n**2))
        start = time.perf_counter()
        trace = self._trace(batch)
        fitting = int(batch * patience / (time.perf_counter() - start))
        packed = [trace.values.packed[name] for name in self._hints]  # type: ignore[attr-defined]
        made = sum(value.untyped_storage().nbytes() for value in packed)
        each = (made + sum(value.nbytes for value in trace.batch.values.values())) / batch
        return max(1, min(FIRST_NODES // self._n, int(memory * 2**20 / (ROOM * each)), fitting))

    def _trace(self, batch: int) -> Trace:
        from mechgap.semantics.interpreter import interpret

        self._seed += 1
        drawn = self._task.sample(self._seed, self._n, batch)
        trace = interpret(self._task.program, drawn, engine="kernel")
        for name in self._hints:
            trace.values.packed[name]  # type: ignore[attr-defined]
        return trace

    def _widened(self, trace: Trace) -> None:
        for name in self._hints:
            trace.values[name]


class _Clock:
    """Adds up the time of some calls.

    Attributes:
        wall, cpu: seconds.
        count: the number of calls.
    """

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self.count = 0

    def timed(self, action: Callable[[], Any]) -> Any:
        """The result of a call, whose time is added."""
        wall, cpu = time.perf_counter(), time.process_time()
        found = action()
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        self.count += 1
        return found


def _peak() -> int:
    """The most memory that this process has taken, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 1024))


def _say(answer: Figures) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
