"""The panel: calibration on exact networks, floors, verdicts, plain data."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from mechgap.compiler.passes import compile_program
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import choose, where
from mechgap.measures.bootstrap import Clusters
from mechgap.measures.floors import Floors, References, Row
from mechgap.measures.panel import Bench, Setting, measure
from mechgap.measures.score import score
from mechgap.measures.subject import NetworkSubject
from mechgap.measures.verdict import verdict
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load
from mechgap.tasks.graphs import bfs, bfs_distance, bfs_frontier
from mechgap.tasks.samplers.graphs import sample_reachability

RIVALS = ("bfs", "bfs_distance", "bfs_frontier")


def last_ties():
    newly, parent, reached = bfs.newly, bfs.parent, bfs.reached
    step = {reached: reached | newly, parent: where(newly, choose(bfs.offers, tie="last"), parent)}
    program = bfs.program
    return Program("bfs_last", program.inputs, program.init, step, program.halt, {"pi": parent})


@pytest.fixture(scope="module")
def setting(graphs):
    return Setting(
        program=bfs.program,
        batch=graphs,
        rivals=(bfs_distance.program, bfs_frontier.program),
        valid=bfs.task.valid,
        sizes=(sample_reachability(1, 24, 2, p=0.3),),
        swaps=8,
    )


@pytest.fixture(scope="module")
def compiled():
    programs = [bfs.program, bfs_distance.program, bfs_frontier.program, last_ties()]
    return {program.name: compile_program(program).network for program in programs}


@pytest.fixture(scope="module")
def bench(setting):
    return Bench(setting)


@pytest.fixture(scope="module")
def panel(setting, compiled):
    network = Network(clrs_config(bfs.program.interface, hidden=16), seed=3)
    peer = Network(clrs_config(bfs.program.interface, hidden=16), seed=4)
    ties = {"last": compiled["bfs_last"]}
    return measure(network, setting, References(compiled["bfs"], ties, random=2, peers={"other": peer}))


def gates(bench, network, reference):
    run = NetworkSubject(reference, bfs.program).run(bench.setting.batch, bench.exact.lengths, attention=True)
    return bench.gates(NetworkSubject(network, bfs.program), run, sizes=False).scores


def test_an_exact_network_has_no_gap_to_itself(bench, compiled):
    found = gates(bench, compiled["bfs"], compiled["bfs"])
    gates_found = {name.partition("/")[0] for name in found}
    assert gates_found == {"behaviour", "trace", "routing", "ablation", "intervention"}
    for value in found.values():
        if value.known and value.ideal == value.ideal:
            assert value.value == pytest.approx(value.ideal)


def test_other_ties_move_the_strict_measures_only(bench, compiled):
    found = gates(bench, compiled["bfs_last"], compiled["bfs"])
    strict = ("behaviour/accuracy", "routing/norm", "routing/jsd")
    for name, value in found.items():
        if name.startswith(strict):
            assert value.value != value.ideal
        elif value.known and value.ideal == value.ideal:
            assert value.value == value.ideal


def test_a_softer_choice_moves_the_strict_measures_only(bench, compiled):
    soft = copy.deepcopy(compiled["bfs"])
    with torch.no_grad():
        soft.rounds[0].attend.mul_(2.0**-6)
    found = gates(bench, soft, compiled["bfs"])
    assert found["routing/norm"].low > 0.01
    assert found["routing/gap"].value == pytest.approx(0.0, abs=1e-6)
    for name in ("behaviour/valid", "intervention/changed/bfs", "intervention/delta/bfs/bfs_distance"):
        assert found[name].value == 1.0


def test_rivals_route_alike_and_act_differently(bench, compiled):
    """Same outputs and the same routing gap; only interventions tell the algorithms apart."""
    for name in ("bfs_distance", "bfs_frontier"):
        found = gates(bench, compiled[name], compiled["bfs"])
        for same in ("behaviour/accuracy", "behaviour/valid"):
            assert found[same].value == 1.0
        assert found["trace/error"].value == found["routing/gap"].value == 0.0
        assert found[f"intervention/dis/{name}/bfs"].value == 1.0
        assert found[f"intervention/delta/bfs/{name}"].value == -1.0


@pytest.mark.parametrize("name", RIVALS)
def test_the_verdict_on_an_exact_network_leaves_its_own_algorithm(setting, compiled, name):
    found = measure(compiled[name], setting, References(compiled["bfs"], random=1)).verdict
    assert found.kept == (name,)
    assert set(found.rejected) == set(RIVALS) - {name}


def test_an_untrained_network_is_rejected_and_far_from_exact(panel):
    assert panel.verdict.summary == "rejects all"
    for name in ("behaviour/valid", "trace/error", "routing/gap"):
        row = panel.rows[name]
        assert row.exact.value == row.score.ideal
        assert row.random.unit == "seed"
        assert row.random.replicates == 2
        assert row.gap.value > 0.3


def test_references_stand_beside_every_figure(panel):
    row = panel.rows["routing/norm"]
    assert row.score.legacy
    assert row.ties["last"].value > row.exact.value == 0.0
    assert set(row.peers) == set(panel.seed_to_seed) == {"other"}
    assert panel.seed_to_seed["other"]["norm"].value > 0
    assert panel.rows["intervention/changed/bfs"].inert.value == 0.0
    assert panel.rows["behaviour/n=24/valid"].random is None


def test_a_panel_is_plain_data(panel):
    data = panel.to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["conditions"]["graphs"] == 30
    assert set(data["conditions"]["programs"]) == set(RIVALS)
    assert set(data["curves"]) == {"reach_h", "pi_h"}
    for row in data["rows"].values():
        assert {"value", "low", "high", "n", "unit", "replicates", "exact", "random", "gap"} <= set(row)


def test_a_panel_can_stand_alone(setting, graphs):
    network = Network(clrs_config(bfs.program.interface, hidden=8), seed=0)
    alone = measure(network, Setting(program=bfs.program, batch=graphs, swaps=2), References(random=0))
    assert alone.rows["behaviour/valid"].exact is None
    assert "routing/norm" not in alone.rows
    assert alone.rows["routing/gap"].gap is None


def table(**rates):
    """Rows with the given agreement; untrained networks agree in 0.6 of the outcomes."""
    floors, rows = {}, {}
    for key, rate in rates.items():
        name = "intervention/" + key.replace("__", "/")
        own = score(name, Clusters(np.full(30, rate * 10), np.full(30, 10.0)), 1.0)
        floors[name] = score(name, Clusters(np.full(30, 6.0), np.full(30, 10.0)), 1.0)
        rows[name] = Floors({}, {}, [floors], {}, {}).beside(name, own)
    return rows


@pytest.mark.parametrize(
    ("rates", "summary"),
    [
        ({"dis__p__q": 0.9, "dis__q__p": 0.1, "changed__p": 0.9, "changed__q": 0.9}, "rejects q"),
        ({"dis__p__q": 0.55, "dis__q__p": 0.45, "changed__p": 0.9, "changed__q": 0.9}, "rejects all"),
        ({"dis__p__q": 0.9, "dis__q__p": 0.1, "changed__p": 0.2, "changed__q": 0.9}, "rejects all"),
        ({"changed__p": 0.9, "changed__q": 0.9}, "rejects none"),
        ({}, "tests nothing"),
        ({"changed__p": 0.9, "changed__q": 0.9, "unmapped__memory__q": 0.3}, "rejects q"),
        ({"changed__p": 0.9, "changed__q": 0.9, "unmapped__memory__q": 0.55}, "rejects none"),
    ],
    ids=[
        "one is left",
        "not above untrained",
        "inert",
        "not told apart",
        "nothing to count",
        "left out",
        "not shown",
    ],
)
def test_verdicts(rates, summary):
    found = verdict(table(**rates), ["p", "q"])
    assert found.summary == summary
    assert all(standing.reasons for standing in found.standings)


@pytest.mark.parametrize(("value", "gap"), [(1.0, 0.0), (0.2, 1.0), (0.6, 0.5)])
def test_gaps_are_normalised_by_the_references(value, gap):
    def at(rate):
        return score("m", Clusters(np.full(20, rate), np.ones(20)), 1.0)

    row = Row(at(value), at(1.0), {}, at(0.2), 0.3, {})
    assert row.gap.value == pytest.approx(gap)
    assert row.gap.low <= row.gap.value <= row.gap.high
    assert Row(at(value), at(1.0), {}, at(1.0), 1.0, {}).gap is None


@pytest.mark.parametrize("name", ["minimum", "floyd_warshall", "matrix_chain_order", "transitive_closure"])
def test_tasks_without_places_for_exchanges_or_selections_at_nodes_are_measured(name):
    task = load(name)
    setting = Setting(program=task.program, batch=task.sample(0, 5, 4), valid=task.valid, swaps=2)
    shape = clrs_config(task.program.interface, hidden=8)
    panel = measure(Network(shape), setting, References(random=1))
    gates = {key.partition("/")[0] for key in panel.rows}
    assert {"behaviour", "trace"} <= gates
    if not panel.conditions["exchanges"]:
        assert "intervention" not in gates and panel.verdict.summary == "tests nothing"
    json.dumps(panel.to_json())
