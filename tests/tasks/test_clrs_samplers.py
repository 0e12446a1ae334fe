"""The CLRS benchmark's own samples: equal to what was recorded from its package, and said clearly if not.

``golden/clrs_inputs.json`` holds digests of the arrays that dm-clrs made, which was not running this code.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mechgap.errors import GraphError, MechgapError, NotFoundError
from mechgap.tasks.samplers.clrs import geometry
from mechgap.tasks.samplers.clrs.inputs import clrs_dataset, clrs_inputs
from mechgap.tasks.samplers.clrs.networks import successes
from mechgap.tasks.samplers.clrs.order import Order
from mechgap.tasks.samplers.clrs.positions import with_random_positions
from mechgap.tasks.samplers.clrs.recipes import RECIPES
from mechgap.tasks.samplers.clrs.splits import SPLITS, Split, clrs_split, split_of

GOLDEN = Path(__file__).parent.parent / "golden"
RECORDED = json.loads((GOLDEN / "clrs_inputs.json").read_text())
GRAPHS = sorted(task for task, recipe in RECIPES.items() if recipe.chance is not None)

every_task = pytest.mark.parametrize("task", sorted(RECIPES))


def digest(inputs):
    """Of names, types, shapes, and values to six places: sines differ in the last bit between machines."""
    found = hashlib.sha256()
    for name, array in inputs.items():
        found.update(f"{name} {array.dtype.kind} {list(array.shape)}".encode())
        found.update(np.rint(array * 1e6).astype("<i8").tobytes())
    return found.hexdigest()[:12]


def equal(one, other):
    return list(one) == list(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_every_task_is_recorded():
    for part in ("inputs", "batches", "splits"):
        assert set(RECORDED[part]) == set(RECIPES)


@every_task
def test_batches_are_those_of_the_benchmark(task):
    for record in RECORDED["batches"][task]:
        expected = record["digest"]
        asked = {name: value for name, value in record.items() if name != "digest"}
        assert digest(clrs_inputs(task, **asked)) == expected, asked


@every_task
@pytest.mark.parametrize("name", [split.name for split in SPLITS])
def test_official_sets_are_those_of_the_benchmark(task, name):
    assert digest(clrs_split(task, name)) == RECORDED["splits"][task][name]


OTHER_SEED = "mst_kruskal-n8"
"""A recorded file whose graphs are not of the seed of the others."""


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(GOLDEN.glob("*.npz")) if path.stem != OTHER_SEED],
    ids=lambda path: path.stem,
)
def test_recorded_inputs_come_out_of_their_seed(path):
    task, _, length = path.stem.rpartition("-n")
    with np.load(path) as file:
        recorded = {name[len("input/") :]: file[name] for name in file.files if name.startswith("input/")}
    count = len(recorded["pos"])
    assert equal(clrs_inputs(task, 20261122, count, int(length)), recorded)


@every_task
def test_inputs_have_the_names_and_places_that_the_benchmark_declares(task):
    least = RECIPES[task].least
    for length in (least, 9):
        inputs = clrs_inputs(task, 1, 3, length)
        assert list(inputs) == list(RECORDED["inputs"][task])
        nodes = {"optimal_bst": length + 1, "segments_intersect": 4}.get(task, length)
        for name, array in inputs.items():
            rank = {"graph": 0, "node": 1, "edge": 2}[RECORDED["inputs"][task][name]]
            assert array.shape[: rank + 1] == (3, *[nodes] * rank)


@every_task
def test_equal_seeds_draw_equal_samples(task):
    one, same, other = (clrs_inputs(task, seed, 4, 8) for seed in (5, 5, 6))
    assert equal(one, same)
    assert not equal(one, other)


@every_task
def test_a_batch_is_drawn_from_the_set_with_repetition(task):
    rng = np.random.RandomState(9)
    samples = clrs_dataset(task, rng, 6, 7)
    assert equal(samples, clrs_dataset(task, 9, 6, 7))
    chosen = rng.choice(6, 6, replace=True)
    assert equal(clrs_inputs(task, 9, 6, 7), {name: array[chosen] for name, array in samples.items()})


def test_a_state_goes_on():
    rng = np.random.RandomState(3)
    parts = [clrs_dataset("dijkstra", rng, count, 6, p=(0.2, 0.8)) for count in (2, 3)]
    whole = clrs_dataset("dijkstra", 3, 5, 6, p=(0.2, 0.8))
    assert equal({name: np.concatenate([part[name] for part in parts]) for name in whole}, whole)


@pytest.mark.parametrize("chance", [0.5, 0.2, 0.01, 1e-9, 0.9, 0.62, 0.0, 1.0])
def test_trials_are_those_of_the_binomial_distribution(chance):
    ours, theirs = np.random.RandomState(4), np.random.RandomState(4)
    assert np.array_equal(successes(ours, chance, (90, 40)), theirs.binomial(1, chance, (90, 40)))
    assert ours.randint(2**31) == theirs.randint(2**31)


@pytest.mark.parametrize("task", GRAPHS)
def test_the_chance_of_an_edge_can_be_chosen(task):
    none, all_ = (clrs_inputs(task, 2, 3, 8, p=p)["A"] != 0 for p in (0, [1.0]))
    assert none.mean() < 0.1
    assert all_.sum() > none.sum()
    assert equal(clrs_inputs(task, 2, 3, 8), clrs_inputs(task, 2, 3, 8, p=RECIPES[task].chance))


def lines(kind, rng):
    """Few points in a square; of some kinds three of them are on a line, or nearly."""
    size = rng.randint(1, 10)
    x, y = rng.uniform(-2, 2, (2, size))
    if kind == "grid":
        return np.round(x, 1), np.round(y, 1)
    if kind == "line" and size > 2:
        a, b, c = rng.permutation(size)[:3]
        x[c], y[c] = x[a] + 0.3 * (x[b] - x[a]), y[a] + 0.3 * (y[b] - y[a])
        y[c] += rng.choice([0, 1e-13, 1e-12, 3e-12, 1e-11, 1e-9])
    if kind == "column":
        x[-1] = x[0]
    if kind == "twice":
        x[-1], y[-1] = x[0], y[0]
    return x, y


@pytest.mark.parametrize("kind", ["random", "grid", "line", "column", "twice"])
def test_collinear_points_are_those_of_all_triples(kind):
    rng, outcomes = np.random.RandomState(8), set()
    for _ in range(150):
        x, y = lines(kind, rng)
        areas = (
            (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])
            for a, b, c in itertools.combinations(range(len(x)), 3)
        )
        expected = any(abs(area) < 1e-12 for area in areas)
        assert geometry.some_collinear(x, y) == expected
        outcomes.add(expected)
    assert len(outcomes) == (1 if kind in {"random", "column"} else 2)


def test_collinear_points_are_drawn_again(monkeypatch):
    refused = iter([True, True, False])
    monkeypatch.setattr(geometry, "some_collinear", lambda x, y: next(refused))
    third = clrs_dataset("graham_scan", 1, 1, 5)
    monkeypatch.undo()
    assert np.array_equal(third["x"][0], clrs_dataset("graham_scan", 1, 3, 5)["x"][2])
    monkeypatch.setattr(geometry, "some_collinear", lambda x, y: True)
    with pytest.raises(GraphError, match="one line"):
        geometry.points(np.random.RandomState(0), Order(1, 5))


def test_half_of_the_segments_cross():
    drawn = clrs_split("segments_intersect", "test")
    crossing = [
        geometry.segments_cross(x, y) for x, y in zip(drawn["x"].tolist(), drawn["y"].tolist(), strict=True)
    ]
    assert abs(np.mean(crossing) - 0.5) < 0.04


def test_the_sets_have_the_official_numbers():
    assert split_of("bfs", "train") == Split("train", 1, 16, 1000)
    assert split_of("bfs", "test") == Split("test", 3, 64, 32)
    assert split_of("minimum", "train").count == 1000
    assert split_of("minimum", "val") == Split("val", 2, 16, 2048)
    assert split_of("find_maximum_subarray_kadane", "test").count == 1024
    assert len(clrs_split("kmp_matcher", "test")["pos"]) == 2048


def test_random_positions_are_those_of_the_benchmark():
    recorded = RECORDED["random_positions"]
    inputs = clrs_inputs(recorded["task"], recorded["seed"], recorded["count"], recorded["length"])
    drawn = with_random_positions(inputs, recorded["state"])
    assert drawn["pos"][: len(recorded["pos"])] == pytest.approx(np.array(recorded["pos"]), abs=1e-9)


@pytest.mark.parametrize("task", ["bfs", "kmp_matcher", "optimal_bst"])
def test_random_positions_ascend_in_each_string(task):
    inputs = clrs_inputs(task, 1, 20, 12, needle=-4 if task == "kmp_matcher" else None)
    drawn = with_random_positions(inputs, 7)
    begins = inputs["pos"] == 0
    assert begins.sum(1).tolist() == [2 if task == "kmp_matcher" else 1] * 20
    assert ((np.diff(drawn["pos"], axis=1) >= 0) | begins[:, 1:]).all()
    assert all(drawn[name] is inputs[name] for name in inputs if name != "pos")
    state = np.random.RandomState(7)
    assert np.array_equal(with_random_positions(inputs, state)["pos"], drawn["pos"])
    assert not np.array_equal(with_random_positions(inputs, state)["pos"], drawn["pos"])


def test_positions_are_made_random_once():
    once = with_random_positions(clrs_inputs("bfs", 1, 2, 5), 1)
    for wrong in (once, {}, {"pos": np.zeros(4)}):
        with pytest.raises(GraphError, match="first node of each string"):
            with_random_positions(wrong, 1)


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("bfs", {"count": 0}, "count = 0"),
        ("bfs", {"count": 2.5}, "count = 2.5"),
        ("bfs", {"length": 0}, "at least 1"),
        ("kmp_matcher", {"length": "8", "needle": 1}, "length = '8'"),
        ("strongly_connected_components", {"length": 3}, "at least 4"),
        ("kmp_matcher", {"length": 2}, "at least 3"),
        ("lcs_length", {"length": 1}, "at least 2"),
        ("bfs", {"seed": -1}, "seed = -1"),
        ("bfs", {"seed": 2**32}, "seed"),
        ("bfs", {"seed": None}, "seed"),
        ("bfs", {"p": 1.5}, "probabilities"),
        ("bfs", {"p": ()}, "probabilities"),
        ("bfs", {"p": (0.5, float("nan"))}, "probabilities"),
        ("bfs", {"p": "half"}, "probabilities"),
        ("minimum", {"p": 0.5}, "leave p out"),
        ("minimum", {"needle": 2}, "leave needle out"),
        ("kmp_matcher", {"needle": 0}, "less than half"),
        ("kmp_matcher", {"needle": 4}, "less than half"),
        ("kmp_matcher", {"needle": -4}, "less than half"),
    ],
)
@pytest.mark.parametrize("draw", [clrs_inputs, clrs_dataset])
def test_what_a_task_has_not_is_refused(draw, task, change, said):
    with pytest.raises(GraphError, match=said) as caught:
        draw(task, **{"seed": 1, "count": 2, "length": 8} | change)
    assert task in caught.value.faults[0].where


def test_all_faults_are_reported_at_once():
    with pytest.raises(GraphError) as caught:
        clrs_inputs("dfs", -1, 0, 0, p=2, needle=1)
    assert len(caught.value.faults) == 5


def test_unknown_names_are_said():
    for wrong in (
        lambda: clrs_inputs("bsf", 1, 1, 4),
        lambda: clrs_dataset("bsf", 1, 1, 4),
        lambda: clrs_split("bsf", "test"),
        lambda: clrs_split("bfs", "valid"),
    ):
        with pytest.raises(NotFoundError, match="one of") as caught:
            wrong()
        assert isinstance(caught.value, MechgapError)


def test_modules_load_without_an_array_library():
    names = ", ".join(f"mechgap.tasks.samplers.clrs.{name}" for name in ("splits", "positions"))
    code = f"import sys; import {names}; print(*sorted({{'numpy', 'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
