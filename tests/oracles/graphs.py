"""Small graphs for tests: as hypothesis draws them, and those that break things."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mechgap.semantics.batch import Batch

LARGEST = 8

NAMED = {
    "one node": np.zeros((1, 1), dtype=bool),
    "one node with a loop": np.ones((1, 1), dtype=bool),
    "two nodes apart": np.zeros((2, 2), dtype=bool),
    "two nodes": np.array([[0, 1], [1, 0]], dtype=bool),
    "no edges": np.zeros((6, 6), dtype=bool),
    "only loops": np.eye(6, dtype=bool),
    "complete": ~np.eye(6, dtype=bool),
    "complete with loops": np.ones((6, 6), dtype=bool),
    "path": np.eye(7, k=1, dtype=bool) | np.eye(7, k=-1, dtype=bool),
    "path against the order": np.eye(7, k=-1, dtype=bool),
    "two parts": np.kron(np.eye(2, dtype=bool), np.ones((3, 3), dtype=bool)),
    "star": np.array([[i != j and 3 in (i, j) for j in range(6)] for i in range(6)]),
}


@st.composite
def adjacencies(draw, largest=LARGEST):
    """A directed or undirected graph of 1 to ``largest`` nodes, loops and all."""
    count = draw(st.integers(1, largest))
    adjacency = draw(arrays.arrays(bool, (count, count)))
    return adjacency | adjacency.T if draw(st.booleans()) else adjacency


@st.composite
def weighted(draw, largest=LARGEST):
    """(weights, adjacency) with many ties: weights are a few binary fractions, 0 among them."""
    adjacency = draw(adjacencies(largest))
    fractions = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 3.0])
    weights = draw(arrays.arrays(float, adjacency.shape, elements=fractions))
    return weights * adjacency, adjacency


def batch_of(adjacency, source=0, weights=None):
    """The standard inputs of one graph; ``adj`` has all loops."""
    count = len(adjacency)
    values = {
        "pos": torch.arange(count)[None] / count,
        "s": torch.arange(count)[None] == source,
        "A": torch.tensor(adjacency if weights is None else weights, dtype=torch.float32)[None],
        "adj": torch.tensor(adjacency | np.eye(count, dtype=bool))[None],
    }
    return Batch(values, torch.ones(1, count, dtype=torch.bool))
