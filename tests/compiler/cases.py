"""Batches of graphs for any program whose inputs have the standard names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

from mechgap.lang.program import Program
from mechgap.semantics.batch import Batch

WEIGHTS = ("random", "equal", "tenths", "whole")


def examples() -> dict[str, Program]:
    """The programs of examples/programs.py."""
    path = Path(__file__).parents[2] / "examples" / "programs.py"
    spec = importlib.util.spec_from_file_location("example_programs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if isinstance(value, Program)}


def graphs(size: int, count: int, density: float, weights: str, *, directed: bool = False) -> Batch:
    """Random graphs with every standard input: adj with all self loops, A, s and pos."""
    source = torch.Generator().manual_seed(size * 1000 + int(density * 100))
    edges = torch.rand(count, size, size, generator=source) < density
    if not directed:
        edges = edges | edges.transpose(1, 2)
    shape = (count, size, size)
    values = {
        "random": torch.rand(shape, generator=source),
        "equal": torch.full(shape, 0.1),
        "tenths": torch.randint(1, 10, shape, generator=source) * 0.1,
        "whole": torch.randint(0, 4, shape, generator=source).float(),
    }[weights]
    if not directed:
        values = torch.triu(values) + torch.triu(values, 1).transpose(1, 2)
    start = torch.randint(0, size, (count,), generator=source)
    position = torch.arange(size)[None].expand(count, size) / size
    return Batch(
        {
            "adj": edges | torch.eye(size, dtype=torch.bool),
            "A": values * edges,
            "s": torch.arange(size)[None] == start[:, None],
            "pos": position,
        },
        torch.ones(count, size, dtype=torch.bool),
    )
