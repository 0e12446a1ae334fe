"""Times one side of `benchmarks.rollout` in mechgap; run as a process of its own.

python -m benchmarks.rollout_worker SIDE TASK N BATCH SEED THREADS

A side is "network" (the rollout of the compiled program), "kernel" or "steps" (the interpreter's engines).
The first answer says what runs here, or {"refused": …}; then a job {"seconds": s} a line is answered by
figures. Compilation and a first run are not timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .trace_worker import _peak, _say, find_task

if TYPE_CHECKING:
    from mechgap.semantics.batch import Batch
    from mechgap.semantics.trace import Trace

SIDES = ("network", "kernel", "steps")


def main() -> None:
    """Serve jobs until the input ends."""
    side, name = sys.argv[1:3]
    n, batch, seed, threads = map(int, sys.argv[3:])
    import torch

    from mechgap.errors import Refusal
    from mechgap.interop.clrs import clrs_batch
    from mechgap.tasks.samplers.clrs.inputs import clrs_inputs

    torch.set_num_threads(threads)
    program = find_task(name).program
    inputs = clrs_batch(program, clrs_inputs(name, seed, batch, n))
    try:
        run = _runner(side, program, inputs)
    except Refusal as refusal:
        _say({"refused": f"{refusal}"})
        return
    base = _peak()
    frames = float(run().lengths.float().max())
    names = ("mechgap", "torch", "numpy")
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"python": python, **{name: version(name) for name in names}}
    _say({"versions": versions, "base_mib": base, "frames": frames})
    for line in sys.stdin:
        _say(timed(run, batch, json.loads(line)["seconds"]))


def timed(run: Callable[[], object], batch: int, seconds: float) -> dict[str, Any]:
    """Figures of as many runs as fit into some seconds, one at least."""
    count, wall, cpu = 0, time.perf_counter(), time.process_time()
    while not count or time.perf_counter() - wall < seconds:
        run()
        count += batch
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {"count": count, **taken, "peak_mib": _peak()}


def _runner(side: str, program: Any, inputs: Batch) -> Callable[[], Trace]:
    from mechgap.compiler.passes import CompileSettings, compile_program
    from mechgap.nets.rollout import rollout
    from mechgap.semantics.interpreter import interpret

    if side != "network":
        return lambda: _seen(interpret(program, inputs, engine="kernel" if side == "kernel" else "steps"))
    compiled = compile_program(program)
    if compiled.certificate.n < inputs.width:
        compiled = compile_program(program, CompileSettings(n=inputs.width))
    return lambda: rollout(compiled.network, inputs)


def _seen(trace: Trace) -> Trace:
    """A trace with the frames of all hints made; a kernel's are made when they are asked for."""
    for name in list(trace.values):
        trace.values[name]
    return trace


if __name__ == "__main__":
    main()
