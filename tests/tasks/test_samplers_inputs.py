"""What the inputs of the benchmark's tasks always satisfy, at every size."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechgap.errors import GraphError
from mechgap.tasks.samplers import arrays, draws, geometry, graphs, strings
from tasks.input_statistics import TASKS
from tasks.sampler_cases import SAMPLERS

SIZES = (1, 2, 3, 4, 5, 16, 37, 64)
UNDIRECTED = ("bfs", "bridges", "mst_kruskal", "dijkstra", "floyd_warshall")
ACYCLIC = ("topological_sort", "dag_shortest_paths")
WITH_EDGES = (*UNDIRECTED, *ACYCLIC, "dfs", "strongly_connected_components")
STRINGS = ("lcs_length", "naive_string_matcher", "kmp_matcher")

any_size = pytest.mark.parametrize("size", SIZES)


def inputs(task, size, count=40, seed=5, p=None):
    return {k: v.numpy() for k, v in SAMPLERS[task](seed, size, count, p=p).values.items()}


@pytest.mark.parametrize("task", TASKS)
def test_equal_seeds_draw_equally_and_others_do_not(task):
    sample = SAMPLERS[task]
    one, same, other = sample(1, 9, 4), sample(draws.generator(1, 9, 4), 9, 4), sample(2, 9, 4)
    assert all(torch.equal(one.values[k], same.values[k]) for k in one.values)
    assert any(not torch.equal(one.values[k], other.values[k]) for k in one.values)
    rng = np.random.default_rng(1)
    first, second = sample(rng, 9, 4), sample(rng, 9, 4)
    assert any(not torch.equal(first.values[k], second.values[k]) for k in one.values)


@pytest.mark.parametrize("task", TASKS)
def test_wrong_sizes_and_counts_are_refused(task):
    least = 2 if task in STRINGS else 1
    assert len(SAMPLERS[task](0, least, 1)) == 1
    for size, count in ((least - 1, 1), (-1, 1), (4, 0), (4, -3)):
        with pytest.raises(GraphError, match=r"expected: at least one graph of at least \d node"):
            SAMPLERS[task](0, size, count)


@pytest.mark.parametrize("task", WITH_EDGES)
@pytest.mark.parametrize("p", [1.5, -0.1, (0.5, 2.0), (), float("nan"), ((0.1, 0.2), (0.3, 0.4))])
def test_wrong_probabilities_are_refused(task, p):
    with pytest.raises(GraphError, match="probabilities"):
        SAMPLERS[task](0, 4, 1, p=p)


@pytest.mark.parametrize("task", sorted(set(TASKS) - {*WITH_EDGES, "articulation_points"}))
def test_inputs_without_edges_ignore_the_probability(task):
    if "adj" not in inputs(task, 4):
        ours, same = inputs(task, 8), inputs(task, 8, p=0.9)
        assert all(np.array_equal(ours[k], same[k]) for k in ours)


@any_size
@pytest.mark.parametrize("task", WITH_EDGES)
def test_adjacency_is_where_weights_are_and_all_loops(task, size):
    found = inputs(task, size)
    assert np.array_equal(found["adj"], (found["A"] != 0) | np.eye(size, dtype=bool))
    assert found["A"].min() >= 0 and found["A"].max() <= 1.001**0.5
    if "s" in found:
        assert (found["s"].sum(1) == 1).all()
    if task in UNDIRECTED:
        assert np.array_equal(found["A"], found["A"].transpose(0, 2, 1))


@any_size
@pytest.mark.parametrize("task", ACYCLIC)
def test_acyclic_graphs_have_no_cycles(task, size):
    for matrix in inputs(task, size)["A"]:
        assert nx.is_directed_acyclic_graph(nx.from_numpy_array(matrix, create_using=nx.DiGraph))


@pytest.mark.parametrize("task", WITH_EDGES)
def test_edges_at_probability_zero_and_one(task):
    size = 20
    nothing, everything = inputs(task, size, p=0.0)["adj"], inputs(task, size, p=1.0)["adj"]
    if task == "strongly_connected_components":
        assert 0 < nothing.mean() - 1 / size < 0.02
        assert 0.24 < everything.mean() < 0.26
        return
    assert nothing.sum() == 40 * size
    chosen = size * (size + 1) // 2 if task in ACYCLIC else size**2
    assert (everything.sum((1, 2)) == chosen).all()


@pytest.mark.parametrize("task", WITH_EDGES)
def test_each_graph_draws_one_of_several_probabilities(task):
    found = inputs(task, 40, count=300, p=(0.3, 0.9))["A"] != 0
    density = found.mean((1, 2))
    middle = (density.min() + density.max()) / 2
    dense = (density > middle).mean()
    assert 0.35 < dense < 0.65
    assert density[density > middle].min() > 1.3 * density[density < middle].max()


def test_communities_have_no_edges_back():
    """Within the order of its components, a graph of four cliques is nearly a chain of four."""
    for matrix in inputs("strongly_connected_components", 18, p=1.0)["A"]:
        components = list(
            nx.strongly_connected_components(nx.from_numpy_array(matrix, create_using=nx.DiGraph))
        )
        assert sorted(len(part) for part in components) == [4, 4, 4, 6]
    sizes = [inputs("strongly_connected_components", n, p=1.0)["A"].sum((1, 2)).mean() for n in (1, 2, 3)]
    assert np.allclose(sizes, [0.99, 1.99, 3], atol=0.1)


def test_weights_are_those_of_the_benchmark():
    found = inputs("mst_kruskal", 64, count=50, p=1.0)["A"]
    pairs, loops = found[:, *np.triu_indices(64, 1)], found.diagonal(0, 1, 2)
    assert found.min() >= np.float32(1e-3**0.5)
    assert abs((pairs**2).mean() - 0.251) < 0.005 and abs((loops**2).mean() - (1 / 3 + 0.001)) < 0.02
    directed = inputs("dag_shortest_paths", 64, count=50, p=1.0)["A"]
    assert abs(directed[directed != 0].mean() - 0.5) < 0.01 and directed.max() <= 1


@any_size
def test_arrays_stay_in_their_ranges(size):
    for task in ("insertion_sort", "binary_search", "matrix_chain_order"):
        for name, values in inputs(task, size).items():
            assert values.min() >= 0 and values.max() < 1, name
    assert (np.diff(inputs("binary_search", size)["key"]) >= 0).all()
    signed = inputs("find_maximum_subarray_kadane", size)["key"]
    assert signed.min() >= -1 and signed.max() < 1
    activities = inputs("activity_selector", size)
    assert (activities["s"] <= activities["f"]).all()
    deadlines = inputs("task_scheduling", size, count=400)["d"]
    assert set(np.unique(deadlines)) == set(range(1, size + 1))
    tree = inputs("optimal_bst", size)
    assert (tree["p"][:, -1] == 0).all() and (tree["q"] >= 0).all() and (tree["p"] >= 0).all()
    assert np.allclose(tree["p"].sum(1) + tree["q"].sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 16, 37, 64])
@pytest.mark.parametrize("task", STRINGS)
def test_strings_are_two_and_a_needle_is_in_its_haystack(task, size):
    found = inputs(task, size, count=100)
    second = size // 2 if task == "lcs_length" else max(size // 5, 1)
    first = size - second
    assert (found["string"] == (np.arange(size) >= first)).all()
    assert np.allclose(found["pos"][:, :first], np.arange(first) / first)
    assert np.allclose(found["pos"][:, first:], np.arange(second) / second)
    assert set(np.unique(found["key"])) <= set(range(4)) and found["key"].dtype == np.int64
    if task != "lcs_length":
        texts = ["".join(map(str, row)) for row in found["key"]]
        assert all(text[first:] in text[:first] for text in texts)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_segments_have_four_ends_whatever_the_size(seed, size):
    batch = geometry.sample_segments(seed, size, 3)
    assert batch.values["x"].shape == batch.values["y"].shape == (3, 4)
    assert torch.equal(batch.values["pos"][0], torch.tensor([0, 0.25, 0.5, 0.75]))


def test_half_of_the_segments_cross():
    found = inputs("segments_intersect", 4, count=4000)
    crossing = geometry.segments_cross(np.stack([found["x"], found["y"]], axis=1))
    assert abs(crossing.mean() - 0.5) < 0.04
    cross = np.array([[[0, 1, 0, 1], [0, 1, 1, 0]], [[0, 1, 0, 1], [0, 0, 0.5, 1]]], dtype=np.float32)
    assert geometry.segments_cross(cross).tolist() == [True, False]


@any_size
def test_points_lie_in_the_disk_and_on_no_line(size):
    found = inputs("graham_scan", size, count=8)
    assert np.hypot(found["x"], found["y"]).max() <= 2 + 1e-6
    assert not any(on_a_line(points) for points in np.stack([found["x"], found["y"]], axis=1))


def on_a_line(points):
    """Whether three of the points [2, N] are collinear, by looking at all."""
    x, y = points.astype(float)
    dx, dy = x[None] - x[:, None], y[None] - y[:, None]
    areas = np.abs(dx[:, :, None] * dy[:, None, :] - dx[:, None, :] * dy[:, :, None])
    i, j, k = np.ogrid[: x.size, : x.size, : x.size]
    return bool((areas[(i < j) & (j < k)] < geometry.FLAT).any())


@given(st.integers(0, 10**6), st.integers(3, 12), st.sampled_from([2, 3, 5, 9, 30]))
def test_three_points_on_a_line_are_found(seed, size, side):
    """On a grid of few points many are on a line, and some are the same point."""
    rng = np.random.default_rng(seed)
    points = (rng.integers(side, size=(6, 2, size)) / 4 - 1).astype(np.float32)
    expected = [on_a_line(one) for one in points]
    assert geometry.collinear(points).tolist() == expected
    assert geometry.collinear(points[:, ::-1]).tolist() == expected
    assert geometry.collinear(-points[:, :, ::-1]).tolist() == expected


@given(st.integers(0, 10**6), st.integers(3, 20))
def test_nearly_flat_triangles_are_found_among_other_points(seed, size):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-2, 2, (20, 2, size)).astype(np.float32)
    which = rng.permutation(size)[:3]
    scale = 10.0 ** rng.uniform(-7, 0, 20)
    for one, small in zip(points, scale, strict=True):
        start, end = one[:, which[0]].astype(float), one[:, which[1]].astype(float)
        one[:, which[2]] = start + small * (end - start)
    assert geometry.collinear(points).tolist() == [on_a_line(one) for one in points]


def test_points_on_a_line_are_drawn_again(monkeypatch):
    drawn = []

    def disk(rng, size, count):
        drawn.append(count)
        points = rng.random((count, 2, size)).astype(np.float32)
        if len(drawn) < 3:
            points[::2, 1] = points[::2, 0]
        return points

    monkeypatch.setattr(geometry, "_disk", disk)
    batch = geometry.sample_points(0, 5, 8)
    assert drawn == [8, 4, 2]
    assert not geometry.collinear(torch.stack([batch.values["x"], batch.values["y"]], 1).numpy()).any()


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_coins_fall_as_often_as_they_should(chance, seed):
    rng = draws.generator(seed, 1, 1)
    chances = np.array([chance, 1 - chance, 1.0, 0.0])
    coins = draws.random_coins(rng, chances, (80, 100))
    assert (np.abs(coins.mean((1, 2)) - chances) <= 6 * np.sqrt(chances * (1 - chances) / 8000) + 1e-3).all()
    assert coins[2].all() and not coins[3].any()


def test_coins_are_exact_between_the_steps_of_a_byte():
    for chance in (0.04, 0.001, 0.9999, 1 / 512):
        found = draws.random_coins(draws.generator(0, 1, 1), np.array([chance]), (4_000_000,)).mean()
        assert abs(found - chance) < 5 * (chance * (1 - chance) / 4e6) ** 0.5


@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 9))
def test_permutations_and_uniform_numbers(seed, size, count):
    rng = draws.generator(seed, size, count)
    found = draws.permutations(rng, size, count)
    assert (np.sort(found, axis=1) == np.arange(size)).all()
    numbers = draws.uniforms(rng, (count, size))
    assert numbers.dtype == np.float32 and numbers.min() >= 0 and numbers.max() < 1
    assert numbers.shape == (count, size)


def test_blocks_are_the_whole_batch_in_order():
    for count, weight in ((1, 1), (7, draws.BLOCK), (1000, draws.BLOCK // 7), (5, 10 * draws.BLOCK)):
        rows = [row for part in draws.blocks(count, weight) for row in range(part.start, part.stop)]
        assert rows == list(range(count))


def test_large_batches_are_drawn_in_blocks_without_seams():
    one = graphs.sample_shortest_paths(0, 64, 300)
    assert (one.values["A"] != 0).float().mean((1, 2)).min() > 0.15
    assert len({float(total) for total in one.values["A"].sum((1, 2))}) == 300
    assert len({float(x) for x in geometry.sample_points(0, 40, 300).values["x"][:, 0]}) == 300
    assert arrays.sample_keys(0, 3, 1).values["key"].shape == (1, 3)
    assert strings.sample_two_strings(0, 2, 1).values["key"].shape == (1, 2)
