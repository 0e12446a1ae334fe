"""Times the samplers of dm-clrs; run by an interpreter that has it, on jobs [[task, n, count], …] as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

KNOWN = ("bfs", "bellman_ford", "dfs")


def main() -> None:
    """Print the figures as JSON, in the form of the other benchmarks."""
    import clrs

    rows = []
    for task, n, count in json.loads(sys.argv[1]):
        if task in KNOWN:
            start = time.perf_counter()
            clrs.build_sampler(task, seed=0, num_samples=count, length=n)
            rows.append({"task": task, "n": n, "traces/s": count / (time.perf_counter() - start)})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"threads": 1, "peak_mib": round(peak / 1024), "rows": rows}))


if __name__ == "__main__":
    main()
