"""Scores say what they count, and are plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mechgap.measures.bootstrap import Clusters, interquartile_mean
from mechgap.measures.score import difference, over_seeds, read_score, score


def clusters(rate, graphs=40, seed=0):
    counts = np.full(graphs, 10.0)
    return Clusters(np.random.default_rng(seed).binomial(10, rate, graphs).astype(float), counts)


def test_a_score_counts_outcomes_and_graphs():
    found = score("accuracy", clusters(0.7), 1.0, note="of nodes")
    assert (found.n, found.unit, found.replicates) == (400, "graph", 40)
    assert found.low <= found.value <= found.high
    assert found.note == "of nodes"


def test_plain_data_survive_json():
    found = score("accuracy", clusters(0.7), 1.0)
    assert json.loads(json.dumps(found.to_json())) == found.to_json()
    assert found.to_json()["low"] == found.low


def test_a_figure_that_does_not_exist_is_null():
    found = score("gap", Clusters(np.zeros(3), np.zeros(3)), float("nan"))
    assert not found.known
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["value"] is data["low"] is data["ideal"] is None


def test_an_interval_of_no_width_is_explained():
    found = score("accuracy", Clusters(np.full(64, 5.0), np.full(64, 5.0)), 1.0)
    assert found.low == found.high == 1.0
    assert "up to 4.6% of graphs" in found.note


def test_few_graphs_are_named():
    assert "fewer than 10 graphs" in score("accuracy", clusters(0.5, graphs=6), 1.0).note


def test_several_seeds_are_the_unit():
    seeds = [score("accuracy", clusters(rate, seed=k), 1.0) for k, rate in enumerate((0.2, 0.5, 0.8))]
    pooled = over_seeds(seeds)
    assert (pooled.unit, pooled.replicates, pooled.n) == ("seed", 3, 1200)
    assert pooled.value == pytest.approx(np.mean([s.value for s in seeds]))
    assert "10 or more" in pooled.note
    assert pooled.high - pooled.low > seeds[0].high - seeds[0].low


def test_seeds_without_outcomes_are_left_out():
    empty = score("accuracy", Clusters(np.zeros(40), np.zeros(40)), 1.0)
    full = score("accuracy", clusters(0.5), 1.0)
    assert over_seeds([empty, full]).value == pytest.approx(full.value)
    assert not over_seeds([empty, empty]).known


def test_a_score_does_not_differ_from_itself():
    one = score("accuracy", clusters(0.5), 1.0)
    same = difference("excess", one, one)
    assert same.value == same.low == same.high == 0.0
    other = score("accuracy", clusters(0.9, seed=1), 1.0)
    assert difference("excess", other, one).low > 0


def test_the_interquartile_mean_over_seeds_is_asked_for():
    seeds = [score("accuracy", clusters(rate, seed=k), 1.0) for k, rate in enumerate((0.1, 0.8, 0.8, 0.9))]
    found = over_seeds(seeds, statistic=interquartile_mean)
    middle = sorted(s.value for s in seeds)[1:3]
    assert found.value == pytest.approx(np.mean(middle))
    assert found.low <= found.value <= found.high and found.unit == "seed"


def test_a_score_is_read_from_its_plain_data():
    found = score("accuracy", clusters(0.7), 1.0, note="of nodes")
    assert read_score(json.loads(json.dumps(found.to_json()))) == found
    assert not read_score(score("gap", Clusters(np.zeros(3), np.zeros(3)), 1.0).to_json()).known


def test_scores_from_files_are_averaged_over_seeds_alike():
    seeds = [
        score("accuracy", clusters(rate, seed=k), 1.0) for k, rate in enumerate(np.linspace(0.2, 0.9, 12))
    ]
    read = over_seeds([read_score(s.to_json()) for s in seeds], shared=False)
    own = over_seeds(seeds, shared=False)
    assert (read.value, read.n, read.replicates) == (pytest.approx(own.value), own.n, 12)
    assert (read.low, read.high) == pytest.approx((own.low, own.high), abs=0.03)


def test_seeds_with_nothing_to_count_are_named():
    empty = score("accuracy", Clusters(np.zeros(40), np.zeros(40)), 1.0)
    found = over_seeds([empty, score("accuracy", clusters(0.5), 1.0)])
    assert "nothing to count in 1 of 2 seeds" in found.note
