"""Which tasks the compiler takes, and small inputs for every task and example program."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import GraphError
from mechgap.lang.program import Program
from mechgap.semantics.batch import Batch
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.defaults import default_task
from mechgap.tasks.task import Task

WEIGHTS = ("random", "equal", "tenths", "whole")

TRIPLES = "a value of triples"
REFUSED = dict.fromkeys(("matrix_chain_order", "optimal_bst", "transitive_closure"), TRIPLES)
"""What the GATv2 target says of the tasks that it cannot compute; it compiles all others."""
COMPILED = tuple(name for name in NAMES if name not in REFUSED)
"""The tasks that it compiles."""
FURTHER = tuple(name for name in TARGETS if name != "gatv2")
"""The other families of networks; they compile the same tasks."""
FURTHER_SLOWLY = ("gatv2", *(pytest.param(name, marks=pytest.mark.slow) for name in FURTHER))
by_target = pytest.mark.parametrize("target", TARGETS)
by_attention = pytest.mark.parametrize("target", ["gatv2", "transformer"])


def examples() -> dict[str, Program]:
    """The programs of examples/programs.py."""
    path = Path(__file__).parents[2] / "examples" / "programs.py"
    spec = importlib.util.spec_from_file_location("example_programs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if isinstance(value, Program)}


SMALLEST = dict.fromkeys(("lcs_length", "naive_string_matcher", "kmp_matcher"), 2)
"""The fewest nodes of inputs, where that is not one."""
TASKS: dict[str, Task] = {
    **{name: load(name) for name in NAMES},
    **{f"example {name}": default_task(program) for name, program in examples().items()},
}
"""All tasks of the package and the programs of examples/programs.py."""


def sampled(name: str, size: int, count: int, seed: int = 0) -> Batch:
    """What the sampler of a task draws at a size, or at the smallest that it has."""
    return load(name).sample(seed, max(size, SMALLEST.get(name, 1)), count)


def inputs(
    name: str, size: int, count: int, density: float, weights: str, *, directed: bool = False
) -> Batch:
    """Small inputs of a task: random graphs where it takes them, else what its sampler draws."""
    task = TASKS[name]
    batch = graphs(size, count, density, weights, directed=directed)
    try:
        task.check(batch)
    except GraphError:
        batch = task.sample(size, max(size, SMALLEST.get(name, 1)), count, p=density)
    return Batch({v.name: batch.values[v.name] for v in task.program.inputs}, batch.nodes)


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
