"""Exchanges that one can read: chosen by programs, true of networks."""

from __future__ import annotations

import json
from functools import cache

import pytest

from mechgap.compiler.passes import compile_program
from mechgap.lab.exchange_example import draw_exchanges
from mechgap.lab.rivals import rivals
from mechgap.lab.store import finite
from mechgap.nets.network import Network
from mechgap.tasks.catalogue import load

TASKS = ("bfs", "bellman_ford", "components", "eccentricity")

PAIRED = """
from mechgap import Program, anywhere, edge, index, me, min_of, minimum, node, receiver, sender, size

adj = edge.mask("adj")
label = node.scalar("label", low=0, high=2**12, whole=True)
best = min_of(sender(label), adj)
paired = Program(
    "paired", (adj,), {label: index(me)}, {label: minimum(label, best)},
    ~anywhere(best < label), {"joined": sender(label) <= receiver(label)}, size + 1, "Smaller labels.",
)
"""


@cache
def drawn(name: str, subject: str | None = None, seed: int = 0):
    task = load(name)
    compiled = compile_program(task.program).network
    trained = compile_program(load(subject).program).network if subject else compiled
    networks = {"compiled": compiled, "trained": trained, "untrained": Network(compiled.config, seed=5)}
    return finite(draw_exchanges(task, rivals(task), networks, seed=seed))


def everything(found):
    for example in found["examples"]:
        for output in example["outputs"]:
            for place in output["places"]:
                yield example, place


@pytest.mark.parametrize("name", TASKS)
def test_there_is_an_exchange_that_the_compiled_network_follows(name):
    found = drawn(name)
    assert found["absent"] == "" and found["examples"][0]["shows"] == "changes"
    for example in found["examples"]:
        counts = example["counts"]["changes"]
        assert counts["agree"][name]["compiled"] == counts["total"]
        assert counts["agree"][name]["inert"] == 0, "right answers without causes change nothing"
        assert any(state["variables"] for state in example["states"])
        assert example["step"] >= 1
    assert found["examples"][0]["counts"]["changes"]["total"] >= 1
    assert all(place["networks"]["compiled"]["right"] for _, place in everything(found))


@pytest.mark.parametrize("name", TASKS)
def test_what_is_said_of_a_place_fits_together(name):
    found = drawn(name)
    for example, place in everything(found):
        said = place["programs"][found["program"]]
        assert place["judged"] == (example["node"] not in place["at"])
        if place["changes"]:
            assert not set(said) & set(place["before"])
        for rival in place["apart"]:
            assert not set(said) & set(place["programs"][rival])
        for given in place["networks"].values():
            if len(said) > 1:
                assert given["right"] == (given["after"] in said)
    for example in found["examples"]:
        places = [place for output in example["outputs"] for place in output["places"] if place["judged"]]
        assert sum(place["changes"] for place in places) == example["counts"]["changes"]["total"]


def test_a_rival_network_gives_what_the_rival_says():
    found = drawn("bfs", subject="bfs_distance")
    last = found["examples"][-1]
    assert last["shows"] == "rivals"
    counts = last["counts"]["apart"]["bfs_distance"]
    assert counts["total"] >= 1
    assert counts["agree"]["bfs_distance"] == counts["agree"]["bfs_distance"] | {
        "compiled": 0,
        "trained": counts["total"],
    }
    assert counts["agree"]["bfs"]["trained"] == 0


def test_the_choice_does_not_look_at_networks():
    sites = [
        [(e["node"], e["step"], e["marks"], e["edges"]) for e in drawn("bfs", subject=subject)["examples"]]
        for subject in (None, "bfs_distance")
    ]
    assert sites[0] == sites[1]


def test_the_same_seed_gives_the_same_and_another_seed_other_graphs():
    first = json.dumps(drawn("bfs"))
    drawn.cache_clear()
    assert json.dumps(drawn("bfs")) == first
    assert drawn("bfs", seed=1)["examples"][0]["edges"] != drawn("bfs")["examples"][0]["edges"]


def test_where_nothing_can_be_exchanged_it_is_said_why():
    found = drawn("floyd_warshall")
    assert found["examples"] == []
    assert "no node and frame" in found["absent"]


def test_of_pairs_of_nodes_only_those_that_differ_are_listed(tmp_path):
    (tmp_path / "mine.py").write_text(PAIRED)
    found = drawn(f"{tmp_path / 'mine.py'}:paired")
    (example,) = found["examples"]
    places = example["outputs"][0]["places"]
    assert 1 <= len(places) <= 12
    assert all(
        len(place["at"]) == 2
        and (place["changes"] or not all(given["right"] for given in place["networks"].values()))
        for place in places
    )
