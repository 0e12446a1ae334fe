"""Runs the benchmarks, each in a process of its own, and prints a table for each.

python -m benchmarks                      all of them, a few minutes
python -m benchmarks --quick              smaller ones, about a minute
python -m benchmarks --only compile       one of them
python -m benchmarks --json FILE          the figures as JSON as well
python -m benchmarks --clrs-python PATH   dm-clrs beside the interpreter and the compiled networks
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import rollout
from .reporting import Benchmark, print_benchmark
from .workloads import WORKLOADS

ROOT = Path(__file__).parent.parent
CLRS = Path(__file__).parent / "clrs_sampling.py"
MOST_SECONDS = 1800
ROLLOUT = "rollout"
"""The benchmark with processes of its own for every side that it compares."""
NAMES = (*WORKLOADS, ROLLOUT)


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    if options.worker:
        _work(options.worker, options.quick, options.threads)
        return
    found = {}
    for name in options.only or NAMES:
        if name == ROLLOUT:
            found[name] = rollout.benchmark(options.quick, options.threads, options.clrs_python)
        else:
            found[name] = _in_its_own_process(name, options)
        if name == "interpreter" and options.clrs_python:
            _beside_clrs(found[name], options.clrs_python)
        print_benchmark(name, found[name])
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory of mechgap.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about a minute")
    parser.add_argument("--only", action="append", choices=NAMES, help="run this one; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    parser.add_argument("--threads", type=int, default=1, help="threads of arithmetic (default 1)")
    parser.add_argument(
        "--clrs-python",
        metavar="PATH",
        help="a Python interpreter that can import clrs (pip install dm-clrs)",
    )
    parser.add_argument("--worker", choices=WORKLOADS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _work(name: str, quick: bool, threads: int) -> None:
    """Run one benchmark in this process, and print its figures as JSON."""
    import resource

    rows = WORKLOADS[name](quick, threads)
    usage = resource.RUSAGE_CHILDREN if name == "startup" else resource.RUSAGE_SELF
    peak = resource.getrusage(usage).ru_maxrss
    kilobytes = peak / 1024 if sys.platform == "darwin" else peak
    print(json.dumps({"threads": threads, "peak_mib": round(kilobytes / 1024), "rows": rows}))


def _in_its_own_process(name: str, options: argparse.Namespace) -> Benchmark:
    command = [sys.executable, "-m", "benchmarks", "--worker", name, "--threads", str(options.threads)]
    return _figures([*command, *(["--quick"] if options.quick else [])])


def _figures(command: list[str]) -> Benchmark:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    figures: Benchmark = json.loads(done.stdout.splitlines()[-1])
    return figures


def _beside_clrs(benchmark: Benchmark, python: str) -> None:
    """Add the speed of dm-clrs, whose samplers draw inputs and run the algorithm, and the ratio to it."""
    jobs = [(row["task"], row["n"], row["batch"]) for row in benchmark["rows"]]
    answer = _figures([python, str(CLRS), json.dumps(jobs)])
    speeds: dict[tuple[str, int], Any] = {(row["task"], row["n"]): row for row in answer["rows"]}
    for row in benchmark["rows"]:
        other = speeds.get((row["task"], row["n"]))
        if other is not None:
            row["clrs/s"] = other["traces/s"]
            row["ratio"] = round(row["with inputs/s"] / other["traces/s"], 1)


if __name__ == "__main__":
    main()
