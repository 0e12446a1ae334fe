"""Every command on small input, as text and as JSON."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mechgap.compiler.passes import compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.interop.compiled import load_compiled, save_compiled
from mechgap.nets.storage import load
from mechgap.tasks.catalogue import NAMES
from mechgap.tasks.catalogue import load as load_task
from mechgap.training.checkpoint import load as load_run

GOLDEN = Path(__file__).parent.parent / "golden"


def test_list(mechgap):
    assert [entry["name"] for entry in mechgap("list", "--json").data] == list(NAMES)
    assert "Breadth-first search" in mechgap("list").out


@pytest.mark.parametrize("name", NAMES)
def test_show(mechgap, name):
    program = load_task(name).program
    done = mechgap("show", name)
    assert done.out.startswith(program.source)
    data = mechgap("show", name, "--json").data
    assert (data["program"], data["digest"]) == (name, program.digest)
    assert [v["name"] for v in data["variables"]] == [v.name for v in (*program.inputs, *program.state)]


def test_show_of_a_users_program(mechgap, own):
    assert "program lowest_label" in mechgap("show", own).out


def test_networks_run_where_it_is_said(mechgap):
    assert mechgap("verify", "bfs", "--n", 4, "--count", 1, "--device", "cpu").code == 0
    assert mechgap("train", "bfs", "--steps", 1, "--device", "cpu", "--out", "here").code == 0
    for command in (
        ("verify", "bfs", "--n", 4),
        ("train", "bfs", "--steps", 1, "--out", "there"),
        ("measure", "bfs", "--network", "here/trained.safetensors"),
    ):
        done = mechgap(*command, "--device", "nothing", "--json")
        assert done.code == 1 and "'nothing'" in done.error["faults"][0]["given"], command


def test_trace_of_a_drawn_graph(mechgap):
    done = mechgap("trace", "bfs", "--n", 5, "--seed", 3)
    assert done.code == 0
    assert "bfs on a drawn graph of 5 nodes, seed 3" in done.out
    data = mechgap("trace", "bfs", "--n", 5, "--seed", 3, "--json").data
    assert np.array(data["values"]["pi_h"]).shape == (data["frames"], 5)
    assert data["compiled"] is None


def test_values_that_are_not_defined_are_null_in_json(mechgap):
    data = mechgap("trace", "bridges", "--n", 4, "--seed", 1, "--json").data
    for value in (*data["values"]["is_bridge_h"], data["outputs"]["is_bridge"]):
        shown = {cell for line in value for cell in line}
        assert None in shown and shown <= {None, True, False}
        assert all(value[k][k] is not None for k in range(4))  # adj has all loops


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs_light"])
def test_the_compiled_network_agrees_on_the_karate_club(mechgap, name, target):
    done = mechgap("trace", name, "--graph", "karate", "--target", target)
    assert done.code == 0
    assert "agrees with the interpreter at every step" in done.out
    assert "34 nodes, 78 edges" in done.out


def test_named_nodes_are_shown(mechgap):
    done = mechgap("trace", "bfs", "--graph", "les_miserables", "--source", "Valjean", "--json")
    data = done.data
    assert data["inputs"].endswith("source Valjean")
    place = data["nodes"].index("Valjean")
    assert data["outputs"]["pi"][place] == place
    assert "Cosette" in mechgap("trace", "bfs", "--graph", "les_miserables").out


def test_trace_of_files(mechgap, tmp_path):
    edges = tmp_path / "g.csv"
    edges.write_text("source,target,weight\na,b,1\nb,c,2\n")
    done = mechgap("trace", "bellman_ford", "--graph", edges, "--source", "c", "--out", tmp_path / "t.npz")
    assert done.code == 0
    again = mechgap("trace", "bellman_ford", "--graph", tmp_path / "t.npz", "--json")
    assert again.data["values"]["d"][-1] == [3.0, 2.0, 0.0]
    one_way = mechgap("trace", "bfs", "--graph", edges, "--source", "c", "--directed", "--json")
    assert one_way.data["outputs"]["pi"] == [0, 1, 2]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--graph", "nowhere.csv"],
        ["--graph", "nowhere"],
        ["--graph", "karate", "--source", "Valjean"],
        ["--graph", str(GOLDEN / "dfs-n4.npz")],
    ],
)
def test_graphs_that_cannot_be_traced(mechgap, arguments):
    done = mechgap("trace", "bfs", *arguments)
    assert done.code == 1
    assert "do:" in done.err


def test_a_source_for_a_program_without_one_is_told(mechgap):
    assert "no source" in mechgap("trace", "dfs", "--graph", "karate", "--source", "1").err


def test_compile_and_verify_the_file(mechgap, tmp_path):
    done = mechgap("compile", "bfs", "--n", 64)
    assert "64 nodes" in done.out
    assert load_compiled(tmp_path / "bfs.safetensors").certificate.n == 64
    data = mechgap("compile", "bfs", "--out", "x.safetensors", "--json").data
    assert data["certificate"]["program"] == "bfs"
    assert data["layout"]["hidden"] == data["certificate"]["hidden"]
    report = mechgap("verify", "x.safetensors", "--n", "4,9", "--count", 2, "--json").data
    assert report["mismatches"] == 0
    assert {check["n"] for check in report["checks"]} == {1, 4, 9}


@pytest.mark.parametrize(
    ("family", "layer"), [("transformer", "rounds.0.prior"), ("mpnn", "rounds.0.message")]
)
def test_another_family_is_compiled_verified_certified_and_explained(mechgap, tmp_path, family, layer):
    file = tmp_path / "c.safetensors"
    data = mechgap("compile", "components", "--target", family, "--out", file, "--json").data
    assert data["certificate"]["target"] == family
    assert mechgap("verify", file, "--n", "4,9", "--count", 2).code == 0
    assert layer in mechgap("explain", file, "--json").out
    shown = mechgap("certify", "bfs", "--n", 16, "--target", family).out
    assert f"{family}, width" in shown and "leaky slope" not in shown
    assert "equal up to symmetries" in mechgap("diff", file, file).out


def test_verify_as_text(mechgap):
    done = mechgap("verify", "bellman_ford", "--n", "5", "--count", 1)
    assert done.code == 0
    assert "equal numbers" in done.out
    assert "\n0 mismatches in" in done.out


def test_verify_a_users_program_and_its_file(mechgap, own):
    assert mechgap("verify", own, "--n", "4,8", "--count", 2).code == 0
    assert mechgap("compile", own).code == 0
    refused = mechgap("verify", "lowest_label.safetensors", "--n", 4)
    assert refused.code == 1
    assert "--program" in refused.err
    assert mechgap("verify", "lowest_label.safetensors", "--n", 4, "--program", own).code == 0


def test_verify_tells_the_first_difference(mechgap, tmp_path):
    compiled = compile_program(load_task("bfs").program)
    with torch.no_grad():
        for weight in compiled.network.readouts["hint_reach_h"].parameters():
            weight.neg_()
    save_compiled(compiled, tmp_path / "bad.safetensors")
    done = mechgap("verify", "bad.safetensors", "--n", 4, "--count", 1)
    assert done.code == 1
    assert "first differs in graph 0, step 0, node 0, reach_h: network 0, interpreter 1" in done.out
    assert mechgap("verify", "bad.safetensors", "--n", 4, "--json").data["mismatches"] > 0


def test_verify_refuses_what_is_not_certified(mechgap):
    mechgap("compile", "bfs", "--n", 16)
    done = mechgap("verify", "bfs.safetensors", "--n", 17)
    assert done.code == 1
    assert "at most 16 nodes" in done.err


def test_parity(mechgap, tmp_path):
    done = mechgap("parity", GOLDEN, "--task", "bfs")
    assert done.code == 0
    assert "0 mismatches" in done.out
    data = mechgap("parity", GOLDEN, "--task", "bfs", "--target", "gatv2", "--json").data
    assert (data["mismatches"], data["target"], len(data["files"])) == (0, "gatv2", 3)
    other = dict(np.load(GOLDEN / "bfs-n4.npz"))
    other["output/pi"] = (other["output/pi"] + 1) % 4
    np.savez(tmp_path / "bfs-n4.npz", **other)
    assert mechgap("parity", tmp_path).code == 1
    assert mechgap("parity", tmp_path, "--task", "dfs").code == 1


def test_parity_of_all_tasks_counts_refusals_apart(mechgap, tmp_path):
    for name in ("bfs", "segments_intersect", "matrix_chain_order"):
        shutil.copy(GOLDEN / f"{name}-n4.npz", tmp_path)
    done = mechgap("parity", tmp_path)
    assert done.code == 0
    assert "of 3 files of 3 tasks" in done.out
    assert "refuses" not in done.out
    done = mechgap("parity", tmp_path, "--target", "gatv2")
    assert done.code == 0
    assert "of 2 files of 2 tasks" in done.out
    assert "gatv2 refuses 1 files of 1 tasks" in done.out
    assert "a value of triples" in done.out
    data = mechgap("parity", tmp_path, "--target", "gatv2", "--json").data
    assert [refused["task"] for refused in data["refused"]] == ["matrix_chain_order"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("topological_sort", "a,b,1\nb,c,1\nc,a,1\n", "a directed graph without cycles"),
        ("dag_shortest_paths", "a,a,1\n", "a directed graph without cycles"),
        ("components", "a,b,1\n", "an undirected graph"),
        ("dijkstra", "a,b,-2\n", "input A, graph 0, pair a -> b"),
        ("bellman_ford", "a,b,1000\n", "input A, graph 0, pair a -> b"),
        ("heapsort", "a,b,1\n", "input key"),
    ],
)
@pytest.mark.parametrize("target", ["interpreter", "gatv2"])
def test_graphs_that_a_task_does_not_allow(mechgap, tmp_path, name, text, told, target):
    edges = tmp_path / "g.csv"
    edges.write_text("source,target,weight\n" + text)
    done = mechgap("trace", name, "--graph", edges, "--directed", "--target", target)
    assert done.code == 1
    assert told in done.err
    assert name in done.err
    assert "do:" in done.err


def test_inputs_in_a_file_that_a_task_does_not_allow(mechgap, tmp_path):
    arrays = dict(np.load(GOLDEN / "graham_scan-n4.npz"))
    arrays["input/x"][0], arrays["input/y"][0] = 0.25, np.arange(4)
    np.savez(tmp_path / "graham_scan-n4.npz", **arrays)
    for command in (("trace", "graham_scan", "--graph", "graham_scan-n4.npz"), ("parity", ".")):
        done = mechgap(*command)
        assert done.code == 1
        assert "task graham_scan, graph 0" in done.err


def test_train_and_resume(mechgap, tmp_path):
    done = mechgap("train", "bfs", "--steps", 2, "--out", "half", "--json")
    assert (done.code, done.data["steps"]) == (0, 2)
    assert mechgap("train", "bfs", "--steps", 4, "--out", "half", "--resume").code == 0
    assert mechgap("train", "bfs", "--steps", 4, "--out", "whole", "--seed", 0).code == 0
    half, whole = (load(tmp_path / name / "trained.safetensors")[0] for name in ("half", "whole"))
    assert all(torch.equal(a, b) for a, b in zip(half.parameters(), whole.parameters(), strict=True))
    wrong = mechgap("train", "bfs", "--steps", 4, "--out", "half", "--resume", "--seed", 1)
    assert wrong.code == 1
    assert mechgap("train", "bfs", "--preset", "slow").code == 1


def test_train_with_settings_of_ones_own(mechgap, tmp_path):
    options = ("--set", "hidden=8", "--set", "sizes=4,5", "--set", "gating=yes", "--steps", 1)
    done = mechgap("train", "bfs", "--family", "mpnn", *options, "--out", "own", "--json")
    found = done.data["settings"]
    assert (found["family"], found["hidden"], found["sizes"], found["gating"]) == ("mpnn", 8, [4, 5], True)
    network, _ = load(tmp_path / "own" / "trained.safetensors")
    assert network.config.rounds[0].gated
    wrong = mechgap("train", "bfs", "--set", "hiden=8", "--json")
    assert wrong.code == 1 and "NAME=VALUE with one of family, hidden" in wrong.error["faults"][0]["expected"]
    assert mechgap("train", "bfs", "--set", "hidden=wide").code == 1
    assert mechgap("train", "bfs", "--family", "gru").code == 1


def test_train_many_seeds(mechgap, tmp_path):
    given = ("train", "bfs", "--seeds", 2, "--seed", 4, "--out", "many")
    done = mechgap(*given, "--steps", 1, "--json")
    assert done.code == 0 and [entry["seed"] for entry in done.data["seeds"]] == [4, 5]
    assert all(entry["error"] is None and 0 <= entry["valid"] <= 1 for entry in done.data["seeds"])
    again = mechgap(*given, "--steps", 2, "--resume")
    assert again.code == 0 and "written to many" in again.out
    assert load_run(tmp_path / "many" / "seed-5" / "checkpoint.safetensors").step == 2
    assert load(tmp_path / "many" / "seed-4" / "trained.safetensors")[0].config.hidden == 64


def test_measure(mechgap, own):
    mechgap("compile", "bfs_distance")
    few = ("--n", 8, "--graphs", 12, "--sizes", "none")
    data = mechgap("measure", "bfs", "--network", "bfs_distance.safetensors", *few, "--json").data
    assert data["verdict"]["summary"].startswith("rejects")
    assert data["rows"]["behaviour/valid"]["value"] == 1.0
    assert data["rows"]["probe/error"]["exact"]["value"] < 0.05
    few = (*few, "--no-probes")
    done = mechgap("measure", "bfs", "--network", "bfs_distance.safetensors", *few, "--rival", "bfs_distance")
    assert "linear probe" not in done.out
    assert "Gate 3" in done.out
    assert "bfs_frontier" not in done.out
    assert "norm (legacy)" in done.out
    assert mechgap("measure", "dfs", "--network", "bfs_distance.safetensors", *few).code == 1
    assert mechgap("measure", "bfs", "--network", "bfs_distance.safetensors", "--rival", "dfs").code == 1
    assert mechgap("measure", own, "--network", "nothing.safetensors").code == 1
