"""Arrays in the layout of the CLRS benchmark as batches: those recorded, or refused in four parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mechgap.errors import GraphError
from mechgap.interop.clrs import clrs_batch
from mechgap.interop.golden import read_batch
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import graph
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import CLRS_NAMES, load
from mechgap.tasks.samplers.clrs.inputs import clrs_inputs

GOLDEN = Path(__file__).parent.parent / "golden"
SEED, COUNT = 20261122, 16
RECORDED = sorted(name for name in CLRS_NAMES if (GOLDEN / f"{name}-n4.npz").exists())


@pytest.mark.parametrize("name", RECORDED)
def test_batches_are_those_of_recorded_inputs(name):
    program = load(name).program
    batch = clrs_batch(program, clrs_inputs(name, SEED, COUNT, 4))
    recorded = read_batch(GOLDEN / f"{name}-n4.npz", program)
    assert torch.equal(batch.nodes, recorded.nodes)
    assert list(batch.values) == list(recorded.values)
    for key, value in recorded.values.items():
        assert batch.values[key].dtype == value.dtype
        assert torch.equal(batch.values[key], value), key


def test_numbers_are_in_the_type_that_is_asked_for():
    program, arrays = load("lcs_length").program, clrs_inputs("lcs_length", 0, 3, 6)
    batch = clrs_batch(program, arrays, torch.float32)
    assert {name: value.dtype for name, value in batch.values.items()} == {
        "string": torch.bool,
        "pos": torch.float32,
        "key": torch.int64,
    }
    assert interpret(program, batch).lengths.min() >= 1


@pytest.fixture
def bfs():
    return load("bfs").program, clrs_inputs("bfs", 1, 3, 5)


def test_all_missing_arrays_are_told(bfs):
    program, arrays = bfs
    with pytest.raises(GraphError, match=r"no array") as told:
        clrs_batch(program, {"pos": arrays["pos"]})
    assert len(told.value.faults) == 3


@pytest.mark.parametrize(
    ("name", "change", "given"),
    [
        ("adj", lambda a: a[:, 1:], r"shape \[3, 4, 5\]"),
        ("adj", lambda a: a * 2, r"2.0 at \[0, 0, 0\]"),
        ("s", lambda a: a * 0, r"0.0 at \[0, "),
        ("A", lambda a: a * np.nan, "not finite"),
        ("pos", lambda a: a.astype(str), "shape"),
        ("pos", lambda a: a + 1e9, "1000000000"),
    ],
)
def test_arrays_of_another_kind_are_told(bfs, name, change, given):
    program, arrays = bfs
    with pytest.raises(GraphError, match=given) as told:
        clrs_batch(program, {**arrays, name: change(arrays[name])})
    assert all(vars(fault).values() for fault in told.value.faults)


def test_what_shows_no_nodes_is_told():
    mask, seen = graph.mask("m"), graph.mask("seen")
    program = Program("flag", (mask,), {seen: mask}, {}, seen | ~seen, {"out": seen})
    with pytest.raises(GraphError, match="no array of nodes or edges"):
        clrs_batch(program, {"m": np.ones(2)})
