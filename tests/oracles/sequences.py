"""Sequences of numbers for tests: batches of them, runs on them, and comparison with recorded runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mechgap.interop.golden import read_trace
from mechgap.lab.parity import compare
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret

GOLDEN = Path(__file__).parent.parent / "golden"


def batch_of(count, size, **values):
    """``count`` sequences of ``size`` nodes with the inputs named: arrays [count, size] or [count]."""
    pos = np.broadcast_to(np.arange(size) / size, (count, size))
    tensors = {name: torch.tensor(np.asarray(value, dtype=np.float64)) for name, value in values.items()}
    return Batch({"pos": torch.tensor(pos), **tensors}, torch.ones(count, size, dtype=torch.bool))


def numbers(rng, count, size):
    """Sequences [count, size]: half of them real numbers, half with many ties and of both signs."""
    real = rng.uniform(-1, 1, (count - count // 2, size))
    few = rng.integers(-2, 3, (count // 2, size)).astype(float)
    return np.concatenate([real, few])


def run(task, batch):
    """The trace of a task in float64."""
    task.check(batch)
    return interpret(task.program, batch, dtype=torch.float64)


def mismatches(task):
    """The names of what differs from the recorded runs of a task; none if all is well."""
    recorded = read_trace(GOLDEN / f"{task.name}-n4.npz", task.program)
    found = compare(task.program, run(task, recorded.batch), recorded)
    return [(comparison.name, comparison.first) for comparison in found if comparison.mismatches]


def marked(trace, name, frame, graph):
    """The node that a mask_one marks in a frame."""
    return int(trace.values[name][frame, graph].nonzero())
