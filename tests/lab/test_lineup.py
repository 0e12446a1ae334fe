"""Line-ups: what is exact is ideal, what is not is seen, and the legacy norm is inverted where it must be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mechgap.compiler.passes import compile_program
from mechgap.errors import NotFoundError
from mechgap.lab.lineup import ACCURACY, GAP, NORM, lineup
from mechgap.lab.measurement import MeasurePlan
from mechgap.lab.rivals import tie_variants
from mechgap.lab.suspects import ROLES, train_suspects
from mechgap.measures.claims import claim
from mechgap.measures.panel import Bench
from mechgap.nets.config import mpnn_config
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load
from mechgap.training.settings import preset

PLAN = MeasurePlan(n=8, graphs=16, swaps=4, orbit=2, random=2, probes=False)
SMALL = replace(PLAN, n=6, graphs=4, orbit=1, random=1)
QUICK = replace(preset("quick"), hidden=8, steps=3, batch=4, sizes=(4, 6))
BFS = load("bfs")
RIVALS = (load("bfs_distance").program,)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_suspects(BFS, QUICK, (0, 1), tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def found(trained):
    return lineup(BFS, trained, RIVALS, PLAN)


@pytest.fixture(scope="module")
def masked():
    """A compiled network with other ties, called trained, beside one that is another program."""
    other = tie_variants(BFS.program)["other ties"]
    rival = compile_program(RIVALS[0]).network
    return lineup(BFS, {"own": other, "rival": rival}, RIVALS, PLAN)


def test_every_role_is_there_and_measured_alike(found):
    assert [column.role for column in found.columns] == sorted(
        (column.role for column in found.columns), key=ROLES.index
    )
    assert {column.role for column in found.columns} == set(ROLES)
    assert [column.name for column in found.of("trained")] == ["seed 0", "seed 1"]
    assert {"exact", "orbit", "other ties", "spread ties"} == {column.name for column in found.of("exact")}
    for column in found.columns:
        assert column.scores[ACCURACY].n % found.columns[0].scores[ACCURACY].n == 0
        assert {GAP, "intervention/changed/bfs"} <= column.scores.keys()


def test_exact_realisations_are_ideal_in_every_class_aware_row(found):
    assert found.off[1] <= 1e-6
    checked = 0
    for column in found.of("exact"):
        for key, score in column.scores.items():
            if score.known and score.ideal == score.ideal and not claim(key).strict:
                assert score.value == pytest.approx(score.ideal, abs=1e-6), (column.name, key)
                checked += 1
    assert checked > 40
    ties = next(column for column in found.of("exact") if column.name == "other ties")
    assert ties.scores[NORM].value > 0.1, "strict rows see ties, so they are set apart"


def test_the_worst_of_the_orbit_counts(monkeypatch, trained):
    known = Bench.gates

    def gates(self, subject, *rest, **more):
        measured = known(self, subject, *rest, **more)
        if subject is broken[0]:
            bad = replace(measured.scores[GAP], value=0.5, low=0.4, high=0.6)
            return replace(measured, scores={**measured.scores, GAP: bad})
        return measured

    from mechgap.lab import lineup as module

    broken = [None]
    seen = []

    def subject_of(given, program):
        subject = wrapped(given, program)
        seen.append(subject)
        if len(seen) == 5:  # the reference, two trained networks, the compiled one, then the orbit
            broken[0] = subject
        return subject

    wrapped = module.subject_of
    monkeypatch.setattr(module, "subject_of", subject_of)
    monkeypatch.setattr(Bench, "gates", gates)
    found = lineup(BFS, trained, (), replace(SMALL, orbit=2))
    orbit = next(column for column in found.columns if column.name == "orbit")
    assert orbit.scores[GAP].value == 0.5
    assert "exact realisations are up to 0.5 from the ideal" in found.faults[GAP]
    assert found.off[0] != GAP, "a row that fails a control is not among those that are reported"


def test_rivals_and_the_cheat_are_told_from_the_program(found):
    delta = "intervention/delta/bfs/bfs_distance"
    rival, cheat = (found.of(role)[0] for role in ("rival", "cheat"))
    assert (rival.scores[delta].value, rival.scores[ACCURACY].value) == (-1.0, 1.0)
    assert rival.verdict.kept == ("bfs_distance",)
    assert cheat.scores[ACCURACY].value == 1.0
    assert cheat.scores["intervention/changed/bfs"].value == 0.0
    assert cheat.verdict.kept == ()
    assert found.of("untrained")[0].verdict is None
    assert found.of("exact")[0].verdict.kept == ("bfs",)


def test_networks_of_equal_accuracy_differ_in_mechanism(masked):
    (pair,) = masked.pairs
    assert (pair.accuracy.low, pair.accuracy.value, pair.accuracy.high) == (0.0, 0.0, 0.0)
    assert pair.apart["intervention/delta/bfs/bfs_distance"].value == 2.0
    assert pair.apart[GAP].value == 0.0
    assert all(not claim(key).strict for key in pair.apart)
    assert pair.weights is None and "shape" in pair.refusal


def test_an_exact_realisation_can_be_farther_than_untrained_ones_by_the_norm_alone(masked):
    """Other ties, other idle rows: the norm calls them unfaithful, the gap does not."""
    norm, gap = masked.floor[NORM]["own"], masked.floor[GAP]["own"]
    assert norm.low > 0 > gap.high
    assert masked.inverted == ("own",)
    own = masked.columns[0].scores
    untrained = masked.of("untrained")[0].scores
    assert norm.value == pytest.approx(own[NORM].value - untrained[NORM].value)


def test_the_norm_is_the_sum_of_its_parts(found):
    assert found.inside["exact"]["square/idle"].value == found.inside["exact"]["square/active"].value == 0.0
    assert found.inside["exact"]["sharpness/idle"].value == found.inside["exact"]["overlap/idle"].value == 1.0
    for name, parts in found.inside.items():
        for kind in ("idle", "active"):
            whole = parts[f"sharpness/{kind}"].value + 1.0 - 2 * parts[f"overlap/{kind}"].value
            assert parts[f"square/{kind}"].value == pytest.approx(whole, abs=1e-5), name
    rows = found.columns[0].scores["routing/jsd/all"].n, found.columns[0].scores["routing/jsd/active"].n
    own = found.inside["seed 0"]
    assert (own["square/active"].n, own["square/idle"].n) == (rows[1], rows[0] - rows[1])
    ties = found.inside["other ties"]
    assert ties["square/active"].value > 0 and ties["sharpness/active"].value == pytest.approx(1.0)


def test_trained_networks_are_compared_by_routing_and_weights(found, trained):
    (pair,) = found.pairs
    assert {"norm", "jsd/all", "jsd/active"} == set(pair.routing) == set(pair.excess)
    for key, score in pair.excess.items():
        own = found.columns[0].scores[f"routing/{key}"]
        assert score.value == pytest.approx(own.value - pair.routing[key].value)
    assert pair.weights.whole > 0 and len(pair.weights.floor) == 3
    assert pair.hill.height >= 0 and len(pair.hill.losses) == 11
    same = lineup(BFS, {"a": trained["seed 0"], "b": trained["seed 0"]}, (), SMALL).pairs[0]
    assert same.weights.whole == pytest.approx(0.0, abs=1e-6)
    assert same.hill.height == pytest.approx(0.0, abs=1e-5)
    assert all(score.value == 0.0 for score in (*same.routing.values(), *same.apart.values()))


def test_the_same_seed_gives_the_same_lineup(trained):
    first, again = (lineup(BFS, trained, (), SMALL).to_json() for _ in range(2))
    assert json.dumps(first) == json.dumps(again)
    other = lineup(BFS, trained, (), replace(SMALL, seed=1)).to_json()
    assert other["columns"] != first["columns"]


def test_programs_without_attention_and_with_numbers_are_lined_up():
    task = load("bellman_ford")
    network = Network(mpnn_config(task.program.interface, 8))
    found = lineup(task, {"one": network}, (), SMALL)
    assert found.pairs == () and found.inverted == ()
    assert NORM not in found.columns[0].scores and NORM in found.of("exact")[0].scores
    assert found.off[1] <= 1e-6


def test_a_lineup_needs_a_network():
    with pytest.raises(NotFoundError):
        lineup(BFS, {}, (), PLAN)
