"""Batches made of graphs, and the checks before a run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given

from mechgap.errors import GraphError
from mechgap.graphs import Graph
from mechgap.kinds.catalog import KINDS
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import any_of, edge, graph, node
from mechgap.semantics import inputs
from mechgap.semantics.inputs import check_batch, join, to_batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load
from oracles.graphs import weighted

GRAPH = Graph.from_edges([("a", "b", 2), ("b", "c", 0.5), ("c", "c")])


def everything():
    """A program that reads an input of every kind."""
    adj, seen = edge.mask("adj"), node.mask("seen")
    read = (
        adj,
        node.mask_one("s"),
        node.scalar("key", low=0, high=1),
        node.scalar("time", low=0, high=9, whole=True, unit=0.01),
        node.pointer("next"),
        graph.pointer("target"),
        node.categorical("letter", "ab"),
        graph.scalar("cap", low=-1),
    )
    return Program("everything", read, {seen: True}, {seen: any_of(adj)}, True, {"seen": seen})


VALUES = {
    "key": [0, 0.5, 1],
    "time": [0.01, 0.07, 0.09],
    "next": [1, 2, 0],
    "target": 2,
    "letter": [0, 1, 1],
    "cap": -1,
}


def test_standard_inputs_are_those_of_clrs():
    batch = to_batch(GRAPH, load("bellman_ford").program, source="b")
    values = {name: value[0].tolist() for name, value in batch.values.items()}
    assert values["s"] == [False, True, False]
    assert values["A"] == [[0, 2, 0], [2, 0, 0.5], [0, 0.5, 1]]
    assert values["adj"] == [[True, True, False], [True, True, True], [False, True, True]]
    assert values["pos"] == pytest.approx([0, 1 / 3, 2 / 3])
    assert batch.nodes.tolist() == [[True] * 3]


@given(weighted())
def test_a_graph_and_its_arrays_run_alike(drawn):
    weights, _ = drawn
    program = load("bellman_ford").program
    trace = interpret(program, to_batch(Graph.from_matrix(weights), program, source=0))
    assert trace.outputs["pi"].shape == (1, len(weights))


def test_other_inputs_are_given_by_name():
    batch = to_batch(GRAPH, everything(), source="a", values=VALUES)
    assert batch.values["next"].tolist() == [[1, 2, 0]]
    assert batch.values["target"].tolist() == [2]
    assert batch.values["cap"].tolist() == [-1.0]
    given = to_batch(GRAPH, everything(), values={**VALUES, "s": [0, 0, 1], "adj": np.eye(3)})
    assert given.values["s"].tolist() == [[False, False, True]]
    assert given.values["adj"].sum() == 3


def test_missing_and_unknown_inputs_are_told():
    program = everything()
    with pytest.raises(GraphError) as caught:
        to_batch(GRAPH, program)
    message = str(caught.value)
    assert len(caught.value.faults) == 7
    assert "no source" in message
    assert "one of the nodes a, b, c" in message
    assert "key=…" in message
    with pytest.raises(GraphError, match=r"(?s)'weight'.*adj, s, key"):
        to_batch(GRAPH, program, values={"weight": 1})
    with pytest.raises(GraphError, match=r"(?s)'d'.*one of the 3 nodes"):
        to_batch(GRAPH, program, source="d", values=VALUES)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("key", [0, 2, 0], "graph 0, node b"),
        ("key", [0, np.nan, 0], "nan"),
        ("key", [0, 0], r"shape \(1, 2\)"),
        ("key", "abc", "values of type"),
        ("time", [0, 0.015, 0], "whole"),
        ("time", [0, 0.1, 0], r"0\.1"),
        ("next", [0, 3, 0], "number of a node"),
        ("next", [0, -1, 0], "number of a node"),
        ("next", [0, 0.5, 0], "no whole numbers"),
        ("target", 3, "graph 0"),
        ("letter", [0, 2, 5], r"\(and 1 more\)"),
        ("s", [0, 0, 0], "0 nodes marked"),
        ("s", [1, 0, 1], "2 nodes marked"),
        ("s", [2, 0, 1], "no truth values"),
        ("cap", -2, "-2"),
    ],
)
def test_values_that_do_not_fit_are_told_with_their_place(name, value, told):
    with pytest.raises(GraphError, match=told) as caught:
        to_batch(GRAPH, everything(), values={**VALUES, "s": [1, 0, 0], name: value})
    assert name in caught.value.faults[0].where


def test_negative_weights_are_refused_where_a_program_declares_none():
    graph = Graph.from_edges([("a", "b", -2), ("b", "c")])
    with pytest.raises(
        GraphError, match=r"(?s)input A, graph 0, pair a -> b.*-2\.0 \(and 1 more\).*\[0, 64\]"
    ):
        to_batch(graph, load("bellman_ford").program, source="a")
    to_batch(graph, load("bfs").program, source="a")


def test_batches_are_checked_as_a_whole():
    program = load("bfs").program
    batch = to_batch(GRAPH, program, source="a")
    check_batch(program, batch)
    wrong = dict(batch.values)
    wrong["s"], wrong["A"] = wrong["s"].int(), wrong["A"][:, :2]
    del wrong["pos"]
    with pytest.raises(GraphError) as caught:
        check_batch(program, dataclasses.replace(batch, values=wrong))
    assert [fault.where.split()[-1] for fault in caught.value.faults] == ["pos", "s", "A"]
    for nodes in (torch.tensor([[True, False, True]]), torch.zeros(1, 3, dtype=torch.bool), torch.ones(1, 3)):
        with pytest.raises(GraphError, match="batch"):
            check_batch(program, dataclasses.replace(batch, nodes=nodes))


def test_padding_may_hold_anything_but_a_second_source():
    program = load("bellman_ford").program
    batch = join([to_batch(GRAPH, program, source=0), to_batch(Graph.from_matrix([[1]]), program, source=0)])
    batch.values["A"][1, 1:] = torch.nan
    check_batch(program, batch)
    batch.values["s"][1, 2] = True
    with pytest.raises(GraphError, match="graph 1"):
        check_batch(program, batch)


def test_joining_needs_equal_inputs():
    one, other = (load(name).sample(0, 3, 1) for name in ("bfs", "dfs"))
    assert len(join([one, one])) == 2
    for batches in ([], [one, other]):
        with pytest.raises(GraphError, match="same inputs"):
            join(batches)


def test_every_kind_can_be_checked():
    assert set(inputs._CHECKS) == set(inputs._DTYPES) == set(KINDS)
