"""Random positions: in order within each string, uniform, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from mechgap.errors import GraphError
from mechgap.semantics.batch import Batch
from mechgap.tasks.samplers.arrays import sample_keys
from mechgap.tasks.samplers.positions import random_positions
from mechgap.tasks.samplers.salsa import salsa_set
from mechgap.tasks.samplers.strings import sample_matching, sample_two_strings


def test_positions_are_sorted_uniform_numbers():
    batch = sample_keys(0, 16, 500)
    found = random_positions(batch, 1)
    pos = found.values["pos"]
    assert pos.dtype == torch.float32 and (pos.diff(dim=1) >= 0).all()
    assert kstest(pos.flatten().numpy(), "uniform").pvalue > 1e-3
    assert torch.equal(found.values["key"], batch.values["key"])
    assert (batch.values["pos"] == torch.arange(16) / 16).all()
    assert torch.equal(random_positions(batch, 1).values["pos"], pos)
    assert not torch.equal(random_positions(batch, 2).values["pos"], pos)


@pytest.mark.parametrize("sample", [sample_matching, sample_two_strings])
def test_each_string_has_its_own_order(sample):
    batch = sample(0, 16, 300)
    found = random_positions(batch, np.random.default_rng(0))
    first = int((~batch.values["string"][0]).sum())
    one, other = found.values["pos"][:, :first], found.values["pos"][:, first:]
    for part in (one, other):
        assert (part.diff(dim=1) >= 0).all()
        assert kstest(part.flatten().numpy(), "uniform").pvalue > 1e-3
    assert ((other[:, 0] < one[:, -1]).float().mean()) > 0.5


def test_strings_may_lie_across_each_other():
    string = torch.tensor([[True, False, True, False]])
    batch = Batch({"pos": torch.zeros(1, 4), "string": string}, torch.ones(1, 4, dtype=torch.bool))
    for seed in range(20):
        pos = random_positions(batch, seed).values["pos"][0]
        assert pos[0] <= pos[2] and pos[1] <= pos[3]


def test_padding_gets_no_position():
    batch = salsa_set("train").sample(0, 100)
    pos = random_positions(batch, 0).values["pos"]
    assert not pos[~batch.nodes].any()
    for row, nodes in zip(pos, batch.nodes, strict=True):
        assert (row[nodes].diff() >= 0).all() and (row[nodes] > 0).all()
    assert kstest(pos[batch.nodes].numpy(), "uniform").pvalue > 1e-3


def test_a_batch_without_positions_is_refused():
    with pytest.raises(GraphError, match="an input pos"):
        random_positions(Batch({"key": torch.zeros(1, 2)}, torch.ones(1, 2, dtype=torch.bool)), 0)
