"""Examples for probes: halves share no graph, padding and ended frames are out, controls mean nothing."""

from __future__ import annotations

import pytest
import torch

from mechgap.measures.admissible import admissible_trace
from mechgap.measures.examples import CAP, Examples, input_vectors, tasks
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.graphs import bellman_ford, bfs, dijkstra
from mechgap.tasks.samplers.graphs import sample_reachability


def padded(batch: Batch, width: int) -> Batch:
    """The same graphs with rows of padding."""
    nodes = torch.zeros(len(batch), width, dtype=torch.bool)
    nodes[:, : batch.width] = batch.nodes
    values = {}
    for name, value in batch.values.items():
        shape = [len(batch), *[width] * (value.dim() - 1)]
        values[name] = torch.zeros(shape, dtype=value.dtype)
        values[name][tuple(slice(0, size) for size in value.shape)] = value
    return Batch(values, nodes)


@pytest.fixture(scope="module")
def wide(graphs):
    return interpret(bfs.program, padded(graphs, graphs.width + 5))


@pytest.fixture(scope="module")
def examples(wide):
    return Examples.of(wide, seed=0)


def test_no_graph_is_in_both_halves_and_blocks_grow(examples):
    fitted, tested = (set(examples.graph[part].tolist()) for part in (examples.fitted, examples.tested))
    assert fitted
    assert tested
    assert not fitted & tested
    assert tested <= set(examples.held_out.tolist())
    assert len(examples.held_out) == len(examples.rank) // 2
    assert sorted(torch.cat(examples.blocks).tolist()) == list(range(len(examples.graph)))
    graphs = [set(examples.graph[block].tolist()) for block in examples.blocks]
    assert sum(map(len, graphs)) == len(set().union(*graphs))


def test_padding_first_frames_and_ended_frames_are_left_out(examples, wide):
    assert bool((examples.frame >= 1).all())
    assert bool((examples.frame < wide.lengths[examples.graph]).all())
    choices, _ = admissible_trace(bfs.program, wide)
    for task in tasks(examples, bfs.program, wide, choices):
        assert not bool((task.goal.counted & ~examples.nodes).any())
        if task.goal.truth.dim() == 3:
            assert not bool((task.goal.truth & ~examples.nodes[:, None]).any())


def test_each_frame_is_taken_once_and_few_of_large_graphs(examples):
    assert len(set(zip(examples.graph.tolist(), examples.frame.tolist(), strict=True))) == len(examples.graph)
    large = interpret(bfs.program, sample_reachability(0, 64, 70, p=0.05))
    found = Examples.of(large, 0)
    assert len(found.graph) * 64 <= 2 * CAP


def test_what_is_drawn_depends_on_the_seed_only(wide, examples):
    again, other = Examples.of(wide, 0), Examples.of(wide, 1)
    assert torch.equal(again.graph, examples.graph)
    assert torch.equal(again.frame, examples.frame)
    assert not torch.equal(other.rank, examples.rank)


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_graph_is_not_split(graphs, count):
    exact = interpret(bfs.program, graphs.part(0, 1))
    assert not Examples.of(exact, count).splits


@pytest.mark.parametrize("module", [bfs, bellman_ford, dijkstra], ids=lambda m: m.program.name)
def test_control_labels_depend_on_position_and_frame_and_have_the_true_frequencies(graphs, module):
    exact = interpret(module.program, module.task.sample(0, 9, 20))
    examples = Examples.of(exact, 0)
    for task in tasks(examples, module.program, exact):
        labels = task.control.truth
        for frame in examples.frame.unique().tolist():
            same = labels[examples.frame == frame]
            assert bool((same == same[:1]).all())
        assert torch.equal(task.control.counted, task.goal.counted)
        if labels.dim() == 3:
            assert bool((labels.sum(-1) == 1).all())
        elif not task.is_number:
            firsts = [int((examples.frame == f).nonzero()[0, 0]) for f in examples.frame.unique()]
            types = labels[firsts]
            true = task.goal.truth[task.goal.counted].double().mean()
            assert abs(float(types.double().mean() - true)) < 0.15


def test_a_run_without_errors_decodes_without_errors(wide, examples):
    choices, _ = admissible_trace(bfs.program, wide)
    for task in tasks(examples, bfs.program, wide, choices):
        assert float((task.decoded(examples, wide) * task.goal.counted).sum()) == 0.0


def test_inputs_know_nothing_of_the_run(wide, examples):
    """Of the same graph and frame the inputs are the same, whatever the program."""
    found = input_vectors(examples, bfs.program, wide)
    assert found.shape[:2] == examples.nodes.shape
    assert bool(found.isfinite().all())
    order = examples.frame == 1
    once = found[order][..., :-2]
    later = found[examples.frame == 2][..., :-2]
    by_graph = {int(g): row for g, row in zip(examples.graph[order], once, strict=True)}
    for graph, row in zip(examples.graph[examples.frame == 2].tolist(), later, strict=True):
        assert graph not in by_graph or torch.equal(row, by_graph[graph])
