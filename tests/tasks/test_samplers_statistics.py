"""The inputs of our samplers have the statistics of those of the CLRS benchmark.

The means over 2000 graphs of some forty numbers a graph were recorded for each task
(``input_statistics.py``). Ours must lie within five standard errors: with a thousand comparisons, right
samplers fail for one seed in a thousand, and the seed is fixed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mechgap.tasks.samplers import arrays, graphs, strings
from tasks.input_statistics import SIZE, TASKS, statistics
from tasks.sampler_cases import SAMPLERS

RECORDED = json.loads((Path(__file__).parent.parent / "golden" / "input_statistics.json").read_text())
SAMPLES = 4000
FARTHEST = 5
EXACT = 1e-6


def numbers(batch):
    """The inputs as arrays, scalars in float64."""
    arrays_of = {name: value.numpy() for name, value in batch.values.items()}
    return {name: a.astype(float) if a.dtype.kind == "f" else a for name, a in arrays_of.items()}


def test_there_is_a_sampler_for_every_task_of_the_benchmark():
    assert set(SAMPLERS) == set(RECORDED) == set(TASKS)
    assert len(TASKS) == 30


@pytest.mark.parametrize("task", TASKS)
def test_inputs_have_the_statistics_of_the_benchmark(task):
    recorded = RECORDED[task]
    size = recorded["shapes"]["pos"][0]
    batch = SAMPLERS[task](0, size, SAMPLES)
    inputs = numbers(batch)
    assert {name: list(value.shape[1:]) for name, value in inputs.items()} == recorded["shapes"]
    found = statistics(inputs, recorded["thresholds"])
    assert found.keys() == recorded["statistics"].keys()
    far = {}
    for name, ours in found.items():
        mean, deviation = recorded["statistics"][name]
        error = np.hypot(deviation / recorded["samples"] ** 0.5, ours.std() / SAMPLES**0.5)
        if abs(ours.mean() - mean) > FARTHEST * error + EXACT:
            far[name] = (ours.mean(), mean, error)
    assert not far


def test_the_statistics_would_show_another_distribution():
    """Edges with probability p instead of p squared, needles anywhere, another order: each is far off."""
    for task, other in (
        ("bfs", graphs.sample_directed(0, SIZE, SAMPLES)),
        ("topological_sort", graphs.sample_directed(0, SIZE, SAMPLES)),
        ("kmp_matcher", strings.sample_two_strings(0, SIZE, SAMPLES)),
        ("strongly_connected_components", graphs.sample_directed(0, SIZE, SAMPLES, p=0.14)),
        ("mst_kruskal", graphs.sample_weighted_undirected(0, SIZE, SAMPLES, p=0.21)),
        ("binary_search", arrays.sample_search(0, SIZE, SAMPLES)),
    ):
        inputs = numbers(other)
        if task == "binary_search":
            inputs["key"] = inputs["key"] ** 1.05
        found = statistics(inputs, RECORDED[task]["thresholds"])
        errors = [
            abs(found[name].mean() - mean) / max(deviation / SAMPLES**0.5, EXACT)
            for name, (mean, deviation) in RECORDED[task]["statistics"].items()
            if name in found
        ]
        assert max(errors) > 2 * FARTHEST, task


@pytest.mark.parametrize("task", TASKS)
def test_types_of_inputs(task):
    batch = SAMPLERS[task](1, 12, 3)
    kinds = {torch.float32, torch.bool, torch.int64}
    assert {value.dtype for value in batch.values.values()} <= kinds
    assert batch.nodes.all() and batch.nodes.shape == batch.values["pos"].shape
    assert batch.values["pos"].dtype == torch.float32
    assert (batch.values["pos"].diff(dim=1) != 0).all() and (batch.values["pos"][:, 0] == 0).all()
    for name, dtype in {"adj": torch.bool, "A": torch.float32, "string": torch.bool}.items():
        assert name not in batch.values or batch.values[name].dtype == dtype
