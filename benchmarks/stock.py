"""Compiled parameters in the unmodified network of the CLRS benchmark: the table of docs/stock.md.

python -m benchmarks.stock emit FOLDER              compiles all tasks for all processors
python -m benchmarks.stock score FOLDER [OPTIONS]   scores them, in an environment that has dm-clrs
python -m benchmarks.stock write FOLDER             puts the table into docs/stock.md
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from .reporting import put_between

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "stock.md"
RECORD = ROOT / "docs" / "stock.json"
PROCESSORS = ("mpnn", "triplet_gmpnn", "pgn", "gatv2", "gatv2_full")
SIZES = (4, 16, 64, 128)
SEED = 7
SAMPLES = 16
REFUSALS, SCORES = "refusals.json", "scores.jsonl"
UNDIRECTED = ("articulation_points", "bridges", "bfs", "mst_kruskal", "mst_prim", "bellman_ford", "dijkstra")
"""Tasks of the benchmark whose graphs have no direction, as its samplers draw them."""

AT_ONCE = ("naive_string_matcher",)
"""Tasks of which a sample may be over in its first frame: a needle of one letter that begins the text."""


def emit(folder: Path) -> None:
    """Compile every task for every processor; what is refused is noted with its reason."""
    from mechgap.compiler.stock.compilation import stock_parameters
    from mechgap.errors import Refusal
    from mechgap.interop.stock import save_stock
    from mechgap.tasks.catalogue import CLRS_NAMES, load

    folder.mkdir(parents=True, exist_ok=True)
    refusals: dict[str, dict[str, str]] = {}
    for name in CLRS_NAMES:
        for processor in PROCESSORS:
            for undirected in (False, True)[: 1 + (name in UNDIRECTED)]:
                try:
                    found = stock_parameters(load(name).program, processor, undirected, name in AT_ONCE)
                except Refusal as refusal:
                    refusals.setdefault(name, {})[processor] = refusal.faults[0].given
                    continue
                refusals.get(name, {}).pop(processor, None)
                save_stock(found, folder / f"{processor}-{name}.npz")
                break
    (folder / REFUSALS).write_text(json.dumps(refusals, indent=1))


def score(folder: Path, sizes: list[int], processors: list[str], tasks: list[str], budget: float) -> None:
    """Score what is cheap enough and was not scored before.

    Args:
        folder: with the files.
        sizes: numbers of nodes.
        processors: which.
        tasks: which; all if there is none.
        budget: floating point operations for a cell of the table.
    """
    from mechgap.interop.stock import load_stock, score_stock

    done = {(r["task"], r["processor"], r["n"]) for r in _scores(folder)}
    for n in sizes:
        for processor in processors:
            for path in sorted(folder.glob(f"{processor}-*.npz")):
                if tasks and path.stem.removeprefix(f"{processor}-") not in tasks:
                    continue
                stock = load_stock(path)
                cost = _cost(vars(stock), n)
                samples = min(SAMPLES, int(budget / cost))
                if samples < 1 or (stock.task, processor, n) in done or n > stock.n:
                    continue
                start = time.perf_counter()
                found = vars(score_stock(stock, n, samples, SEED))
                seconds = round(time.perf_counter() - start, 1)
                about = {"task": stock.task, "processor": processor, "hidden": stock.width}
                about |= {"rounds": stock.rounds, "heads": stock.heads, "seconds": seconds}
                with (folder / SCORES).open("a") as file:
                    file.write(json.dumps({**about, **found}) + "\n")
                print(about, n, samples, found["score"], found["hints"], flush=True)


def _cost(stock: dict[str, Any], n: int) -> float:
    """Floating point operations of a run, roughly."""
    frames = {
        "bubble_sort": n * n / 2,
        "heapsort": 5.3 * n,
        "quicksort": 6.0 * n,
        "quickselect": 2.5 * n,
        "articulation_points": 6.0 * n,
        "strongly_connected_components": 5.5 * n,
        "dfs": 3.0 * n,
        "dag_shortest_paths": 1.7 * n,
        "topological_sort": 2.1 * n,
        "bfs": 5.0,
        "bellman_ford": 8.0,
        "binary_search": 8.0,
    }.get(stock["task"], float(n))
    layers = 1.0 if stock["processor"].startswith("gat") else 3.0
    round = n * n * stock["width"] * (2.0 * layers * stock["width"] + 40.0)
    if stock["processor"].startswith("triplet"):
        round += 200.0 * n**3
    return frames * float(stock["rounds"]) * round


def _scores(folder: Path) -> list[dict[str, Any]]:
    path = folder / SCORES
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write(folder: Path) -> None:
    """Keep the figures, and put the table of them into the page."""
    record = {"refusals": json.loads((folder / REFUSALS).read_text()), "scores": _scores(folder)}
    record["shapes"] = _shapes(folder)
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    put_between(PAGE, "table", table(record))


def _shapes(folder: Path) -> dict[str, list[int]]:
    from mechgap.interop.stock import load_stock

    found = {path.stem: load_stock(path) for path in sorted(folder.glob("*.npz"))}
    return {key: [stock.width, stock.rounds, stock.heads] for key, stock in found.items()}


def table(record: dict[str, Any]) -> str:
    """The table in Markdown."""
    from mechgap.tasks.catalogue import CLRS_NAMES

    lines = ["| algorithm | " + " | ".join(PROCESSORS) + " |", "|---|" + "---|" * len(PROCESSORS)]
    for name in CLRS_NAMES:
        lines.append(f"| {name} | " + " | ".join(_cell(record, name, p) for p in PROCESSORS) + " |")
    return "\n".join(lines) + "\n"


def _cell(record: dict[str, Any], name: str, processor: str) -> str:
    reason = record["refusals"].get(name, {}).get(processor)
    if reason is not None:
        return reason
    rows = [r for r in record["scores"] if (r["task"], r["processor"]) == (name, processor)]
    rows.sort(key=lambda row: row["n"])
    width, rounds, heads = record["shapes"][f"{processor}-{name}"]
    shape = f"{width}, {rounds}" + (f", {heads}" if heads > 1 else "")
    if not rows:
        return f"compiles ({shape}), not scored"
    worst = min(row["score"] for row in rows)
    hints = all(value == 1.0 for row in rows for value in row["hints"].values())
    sizes = ", ".join(f"{row['n']}: {row['samples']}" for row in rows)
    exact = "**1.0**" if worst == 1.0 else f"{worst:.4f}"
    return f"{exact}{'' if hints else ' (hints not)'} — {sizes} ({shape})"


def main() -> None:
    """Do what the first argument says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("emit", "score", "write"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("--processor", action="append", choices=PROCESSORS)
    parser.add_argument("--only", action="append", metavar="TASK", help="this task; may be repeated")
    parser.add_argument("--budget", type=float, default=2e11)
    given = parser.parse_args(sys.argv[1:])
    if given.what == "emit":
        emit(given.folder)
    elif given.what == "write":
        write(given.folder)
    else:
        sizes = given.size or [*SIZES]
        score(given.folder, sizes, given.processor or [*PROCESSORS], given.only or [], given.budget)


if __name__ == "__main__":
    main()
