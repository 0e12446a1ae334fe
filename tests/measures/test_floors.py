"""Controls: a measure that exact realisations fail, or untrained networks pass, gives no gap."""

from __future__ import annotations

import json

import numpy as np
import pytest

from measures.symmetries import symmetric
from mechgap.compiler.passes import compile_program
from mechgap.lab.realisations import orbit
from mechgap.measures.bootstrap import Clusters
from mechgap.measures.floors import Floors, References, Row
from mechgap.measures.panel import Bench, Setting, measure
from mechgap.measures.score import score
from mechgap.measures.subject import NetworkSubject
from mechgap.nets.config import clrs_config, mpnn_config
from mechgap.nets.network import Network
from mechgap.tasks.graphs import bfs, bfs_distance

STRICT = ("behaviour/accuracy", "routing/norm", "routing/jsd")
NO_FLOOR = ("intervention/unmapped/memory", "intervention/unchanged")
"""Measures that few graphs need not calibrate: nothing to count, or a floor near the ideal."""


def at(rate, ideal=1.0, graphs=20):
    return score("m", Clusters(np.full(graphs, rate), np.ones(graphs)), ideal)


def row(value, exact, orbit_values=(), random=0.2, ideal=1.0):
    members = {f"r{k}": at(v, ideal) for k, v in enumerate(orbit_values)}
    return Row(at(value, ideal), at(exact, ideal), {}, at(random, ideal), random, {}, orbit=members)


def test_gaps_are_anchored_at_the_median_of_exact_realisations():
    found = row(0.5, 1.0, (1.0, 1.0 - 4e-7, 1.0 - 8e-7))
    assert found.anchor == pytest.approx(1.0 - 2e-7, abs=1e-12)
    assert found.calibrated and found.gap.value == pytest.approx(0.625, abs=1e-5)


@pytest.mark.parametrize("members", [(1.0, 0.9), (0.999998,)])
def test_a_measure_that_tells_exact_realisations_apart_gives_no_gap(members):
    found = row(0.5, 1.0, members)
    assert not found.calibrated and "exact realisations" in found.fault
    assert found.gap is None


def test_a_measure_that_untrained_networks_pass_gives_no_gap():
    found = row(0.5, 1.0, random=1.0)
    assert "untrained" in found.fault and found.gap is None


def test_large_numbers_may_round():
    assert row(3.0, 2e-5, random=100.0, ideal=0.0).calibrated
    assert not row(3.0, 2e-5, random=1.0, ideal=0.0).calibrated


def test_what_has_no_ideal_has_no_fault_and_no_gap():
    found = row(0.5, 0.7, ideal=float("nan"))
    assert found.calibrated and found.gap is None


def test_without_references_the_ideal_is_the_anchor():
    found = Floors({}, {}, [], {}, {}).beside("m", at(0.4))
    assert found.anchor == 1.0 and found.calibrated and found.gap is None


@pytest.fixture(scope="module")
def panel(graphs):
    network, peer = (Network(clrs_config(bfs.program.interface, hidden=8), seed=k) for k in (5, 6))
    setting = Setting(program=bfs.program, batch=graphs, rivals=(bfs_distance.program,), swaps=8)
    exact = compile_program(bfs.program).network
    beside = orbit(bfs.program, network, k=2, seed=1)
    return measure(network, setting, References(exact, {}, random=2, peers={"peer": peer}, orbit=beside))


def test_class_aware_measures_are_calibrated_and_strict_ones_are_not(panel):
    for name, found in panel.rows.items():
        if name.startswith(STRICT):
            assert not found.calibrated and found.gap is None, name
        elif found.score.ideal == found.score.ideal and not name.startswith(NO_FLOOR):
            assert found.calibrated, (name, found.fault)
            assert found.gap is not None
        assert set(found.orbit) == {"realisation 1", "realisation 2"}


@pytest.mark.parametrize(("name", "seed"), [("bfs", 0), ("bfs_distance", 1), ("bfs_distance", 2)])
def test_symmetries_change_no_row(graphs, name, seed):
    program = {"bfs": bfs, "bfs_distance": bfs_distance}[name].program
    bench = Bench(Setting(program=bfs.program, batch=graphs, rivals=(bfs_distance.program,), swaps=4))
    network, exact = (compile_program(p).network for p in (program, bfs.program))
    reference = NetworkSubject(exact, bfs.program).run(graphs, bench.exact.lengths, attention=True)
    plain, moved = (
        bench.gates(NetworkSubject(each, bfs.program), reference).scores
        for each in (network, symmetric(network, seed))
    )
    assert {key: f"{found}" for key, found in plain.items()} == {
        key: f"{found}" for key, found in moved.items()
    }


def test_the_excess_is_the_distance_to_exact_less_that_to_a_peer(panel):
    for name, found in panel.excess["peer"].items():
        own, between = panel.rows[f"routing/{name}"].score, panel.seed_to_seed["peer"][name]
        assert found.value == pytest.approx(own.value - between.value)
        assert found.low <= found.value <= found.high
    assert set(panel.excess["peer"]) == {"norm", "jsd/all", "jsd/active"}


def test_controls_are_plain_data(panel):
    data = panel.to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["rows"]["routing/norm"]["fault"] and not data["rows"]["routing/norm"]["calibrated"]
    assert data["conditions"]["orbit"] == 2
    assert set(data["excess"]["peer"]) == {"norm", "jsd/all", "jsd/active"}


def test_the_orbit_is_of_the_family_of_the_network():
    found = orbit(bfs.program, Network(mpnn_config(bfs.program.interface, hidden=4)), k=1)
    assert [net.config.rounds[0].family for net in found.values()] == ["mpnn"]
