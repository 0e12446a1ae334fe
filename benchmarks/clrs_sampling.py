"""Times the samplers of dm-clrs; run by an interpreter that has it, in one of two ways.

python clrs_sampling.py JOBS              jobs [[task, n, count], …] as JSON; prints the figures of all
python clrs_sampling.py --serve TASK N    reads a job {"seconds": …} or {"count": …} a line; prints figures
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib.metadata import version
from typing import Any

KNOWN = ("bfs", "bellman_ford", "dfs")
SMALLEST = 4
"""A size at which every task is defined: the first sample of a process is drawn at it, untimed."""
MOST_SAMPLES = 1000
MOST_GROWTH = 20


def main() -> None:
    """Do what the command line asks for."""
    if sys.argv[1] == "--serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        sample_all(json.loads(sys.argv[1]))


def sample_all(jobs: list[tuple[str, int, int]]) -> None:
    """Print the figures of some tasks as JSON, in the form of the other benchmarks."""
    import clrs

    rows = []
    for task, n, count in jobs:
        if task in KNOWN:
            start = time.perf_counter()
            clrs.build_sampler(task, seed=0, num_samples=count, length=n)
            rows.append({"task": task, "n": n, "traces/s": count / (time.perf_counter() - start)})
    print(json.dumps({"threads": 1, "peak_mib": _peak(), "rows": rows}))


def serve(task: str, n: int) -> None:
    """Time batches of one task, as long as lines come in: inputs, traces and outputs, padded and stacked.

    The first answer says what runs here. A job gives the ``count`` of samples, or the ``seconds`` that
    they may take, of which the count is found.
    """
    import clrs

    # Samples are drawn when a batch is asked for, and none beforehand.
    settings: dict[str, Any] = {"num_samples": -1, "track_max_steps": False, "seed": n}
    clrs.build_sampler(task, length=min(n, SMALLEST), **settings)[0].next(1)
    sampler, _ = clrs.build_sampler(task, length=n, **settings)
    names = ("dm-clrs", "numpy", "jax")
    python = ".".join(map(str, sys.version_info[:3]))
    _say({"versions": {"python": python, **{name: version(name) for name in names}}, "base_mib": _peak()})
    for line in sys.stdin:
        job = json.loads(line)
        _say(_figures(sampler, job["count"]) if "count" in job else _within(sampler, job["seconds"]))


def _within(sampler: Any, seconds: float) -> dict[str, Any]:
    """The figures of about as many samples as can be drawn in some seconds, one at least."""
    count = 1
    while True:
        found = _figures(sampler, count)
        wanted = max(1, min(MOST_SAMPLES, int(count * seconds / found["wall"])))
        if wanted < 2 * count:
            return found
        count = min(wanted, MOST_GROWTH * count)


def _figures(sampler: Any, count: int) -> dict[str, Any]:
    start = (time.perf_counter(), time.process_time())
    drawn = sampler.next(count)
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    inputs, lengths = drawn.features.inputs, drawn.features.lengths
    nodes = max(value.data.shape[1] for value in inputs if value.location == "node")
    frames = float(lengths.mean())
    return {"count": count, "wall": wall, "cpu": cpu, "nodes": nodes, "frames": frames, "peak_mib": _peak()}


def _peak() -> int:
    """The most memory that this process has taken, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 1024))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
