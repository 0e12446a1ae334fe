"""Shrinking keeps what fails, and leaves nothing that can go."""

from __future__ import annotations

import pytest
import torch

from mechgap.lab.shrinking import MOST_TRIES, Shrinking
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import anywhere, edge, graph, node
from mechgap.semantics.batch import Batch

adj, weight = edge.mask("adj"), edge.scalar("A", low=0)
start, key, turn = node.mask_one("s"), node.scalar("key"), graph.scalar("turn", low=1, high=9, whole=True)
far = node.pointer("far")
seen = node.mask("seen")
PROGRAM = Program(
    "reads", (adj, weight, start, key, turn, far), {seen: start}, {}, anywhere(start), {"seen": seen}
)


def drawn(size: int, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    edges = torch.rand(1, size, size, generator=generator) < 0.5
    values = {
        "adj": edges,
        "A": torch.rand(1, size, size, generator=generator) * edges,
        "s": torch.arange(size)[None] == size // 2,
        "key": torch.rand(1, size, generator=generator) + 2.3,
        "turn": torch.tensor([7.0]),
        "far": torch.arange(size)[None].flip(1),
    }
    return Batch(values, torch.ones(1, size, dtype=torch.bool))


@pytest.mark.parametrize("size", [1, 2, 7, 12])
def test_where_all_fails_one_simple_node_is_left(size):
    shrinking = Shrinking(PROGRAM, drawn(size), lambda batch: bool((batch.values["turn"] >= 1).all()))
    batch = shrinking.run()
    assert batch.width == 1
    assert not batch.values["adj"].any() and not batch.values["A"].any() and not batch.values["key"].any()
    assert batch.values["s"].tolist() == [[True]] and batch.values["far"].tolist() == [[0]]
    assert batch.values["turn"].tolist() == [1.0]
    assert shrinking.tried < 60


@pytest.mark.parametrize("seed", range(4))
def test_what_is_needed_stays(seed):
    """A failure that needs a heavy edge out of the source, and nothing else."""

    def fails(batch: Batch) -> bool:
        return bool(((batch.values["A"] > 0.3) & batch.values["adj"] & batch.values["s"][:, :, None]).any())

    whole = drawn(9, seed)
    assert fails(whole)
    batch = Shrinking(PROGRAM, whole, fails).run()
    assert batch.width <= 2
    assert int(batch.values["adj"].sum()) == int((batch.values["A"] != 0).sum()) == 1
    assert batch.values["A"].max() == 1
    assert fails(batch)


def test_every_input_that_is_tried_is_a_graph():
    def fails(batch: Batch) -> bool:
        assert bool((batch.values["s"].sum(1) == 1).all())
        assert bool((batch.values["far"] < batch.width).all())
        assert all(value.shape[1:] == (batch.width,) * (value.dim() - 1) for value in batch.values.values())
        return batch.width >= 3

    assert Shrinking(PROGRAM, drawn(10), fails).run().width == 3


def test_the_search_ends():
    shrinking = Shrinking(PROGRAM, drawn(8), lambda batch: batch.width >= 5, tries=20)
    assert shrinking.run().width >= 5
    assert shrinking.tried <= 20 < MOST_TRIES
