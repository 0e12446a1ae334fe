"""Folders like those of `mechgap run`, with chosen figures."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "task": "bfs",
    "program": "bfs",
    "digest": "d" * 64,
    "preset": "quick",
    "seed": 0,
    "training": {"hidden": 8, "steps": 100, "seed": 0},
    "verification": {"sizes": [4], "seed": 0},
    "measuring": {"n": 6, "graphs": 6, "seed": 0},
    "rivals": None,
}
STAGES = ("show", "compile", "verify", "train", "measure")


def figure(name: str, value: float | None, ideal: float = 1.0, n: int = 100) -> dict[str, Any]:
    """A score as it stands in a file."""
    low, high = (None, None) if value is None else (value - 0.05, value + 0.05)
    numbers = {"value": value, "low": low, "high": high, "ideal": ideal}
    return {"name": name, **numbers, "n": n, "unit": "graph", "replicates": 6, "note": "", "legacy": False}


def row(name: str, value: float | None, exact: float = 1.0, untrained: float = 0.2) -> dict[str, Any]:
    """A row of a panel as it stands in a file."""
    beside = {"exact": figure(name, exact), "random": figure(name, untrained), "random_high": untrained}
    return {**figure(name, value), **beside, "ties": {}, "peers": {}, "inert": None, "gap": None}


def write_run(
    folder: Path, seed: int, valid: float = 0.9, changed: float | None = 0.5, **settings: Any
) -> Path:
    """A finished run.

    Args:
        folder: where to.
        seed: of the run.
        valid, changed: its figures.
        settings: of the configuration: "task", "preset", "digest", "steps", "graphs", "kept", "done".
    """
    config = copy.deepcopy(CONFIG)
    config |= {name: settings[name] for name in ("task", "preset", "digest") if name in settings}
    config["program"], config["seed"] = config["task"], seed
    for part in ("training", "verification", "measuring"):
        config[part]["seed"] = seed
    config["training"]["steps"] = settings.get("steps", 100)
    config["measuring"]["graphs"] = settings.get("graphs", 6)
    task, kept = config["task"], settings.get("kept", True)
    panel = {
        "program": task,
        "conditions": {"programs": {task: config["digest"], "rival": settings.get("rival", "e" * 64)}},
        "rows": {
            "behaviour/valid": row("valid", valid),
            "routing/gap": row("gap", 1 - valid, exact=0.0, untrained=0.7) | {"ideal": 0.0},
            f"intervention/changed/{task}": row(f"changed/{task}", changed),
        },
        "verdict": {
            "summary": "tests nothing" if kept is None else "rejects rival" if kept else "rejects all",
            "standings": [{"program": name, "kept": kept, "reasons": []} for name in (task, "rival")],
        },
    }
    stages = {name: {"note": "", "seconds": 1.0} for name in settings.get("done", STAGES)}
    folder.mkdir(parents=True)
    for name, data in (("config", config), ("stages", stages), ("metrics", {"panel": panel})):
        (folder / f"{name}.json").write_text(json.dumps(data))
    return folder
