"""Small runs that the tests of the measures share."""

from __future__ import annotations

import pytest

from mechgap.measures.donors import draw_pairs
from mechgap.measures.swaps import plan_swaps
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import bfs, bfs_distance, bfs_frontier
from mechgap.tasks.samplers.graphs import sample_reachability

SPARSE = [0.35, 0.4, 0.45]


@pytest.fixture(scope="session")
def graphs():
    """Sparse graphs, so that runs have several frames."""
    return sample_reachability(0, 12, 30, p=SPARSE)


@pytest.fixture(scope="session")
def exact(graphs):
    return interpret(bfs.program, graphs, selections=True)


@pytest.fixture(scope="session")
def rivals():
    return {module.program.name: module.program for module in (bfs, bfs_distance, bfs_frontier)}


@pytest.fixture(scope="session")
def plan(rivals, graphs):
    return plan_swaps(rivals, draw_pairs(bfs.program.interface, graphs), swaps=12)
