"""Every task tells bad inputs before it runs: what its variables declare, and what it requires beyond."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from compiler.cases import sampled
from mechgap.errors import GraphError
from mechgap.kinds.categorical import Categorical
from mechgap.kinds.mask import MaskOne
from mechgap.kinds.pointer import Pointer
from mechgap.kinds.scalar import Scalar
from mechgap.lang.expression import Variable
from mechgap.lang.location import Location
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load

SIZE, COUNT = 5, 2
NAN, INFINITE = float("nan"), float("inf")


def changed(batch: Batch, **values: torch.Tensor) -> Batch:
    """The same inputs but for some."""
    return Batch({**batch.values, **values}, batch.nodes)


def first_entry(value: torch.Tensor, entry: float) -> torch.Tensor:
    """A value whose first entry of the second graph is another one."""
    value = value.clone()
    value[(1, *[0] * (value.dim() - 1))] = entry
    return value


def wrong_entries(variable: Variable) -> Iterator[float]:
    """What a variable may not hold anywhere."""
    kind = variable.kind
    if isinstance(kind, Scalar):
        yield from (NAN, INFINITE, -INFINITE)
        yield from ((kind.low - 1 - abs(kind.low)) * kind.unit,) if kind.low > -INFINITE else ()
        yield from ((kind.high + 1 + abs(kind.high)) * kind.unit,) if kind.high < INFINITE else ()
        yield from (0.5 * kind.unit,) if kind.whole else ()
    elif isinstance(kind, Categorical):
        yield from (-1, len(kind.categories))
    elif isinstance(kind, Pointer):
        yield from (-1, SIZE)


def spoilt(variable: Variable, batch: Batch) -> Iterator[tuple[str, Batch]]:
    """Every way in which one input can be wrong, in words."""
    value = batch.values[variable.name]
    for entry in wrong_entries(variable):
        yield f"{entry} in it", changed(batch, **{variable.name: first_entry(value, entry)})
    if variable.location is not Location.GRAPH:
        yield "shorter", changed(batch, **{variable.name: value[:, :-1]})
    yield "one graph too many", changed(batch, **{variable.name: torch.cat([value, value[:1]])})
    yield "one axis too many", changed(batch, **{variable.name: value[..., None]})
    other = torch.float32 if not value.is_floating_point() else torch.int64
    yield "another type", changed(batch, **{variable.name: value.to(other)})
    if isinstance(variable.kind, MaskOne):
        yield "two marks", changed(batch, **{variable.name: torch.ones_like(value)})
        yield "no mark", changed(batch, **{variable.name: torch.zeros_like(value)})
    yield "absent", Batch({n: v for n, v in batch.values.items() if n != variable.name}, batch.nodes)


def told(name: str, batch: Batch) -> GraphError:
    """The error that a task makes of inputs, which has all its parts."""
    with pytest.raises(GraphError) as caught:
        load(name).check(batch)
    for fault in caught.value.faults:
        assert name in fault.where
        assert fault.given
        assert fault.expected
        assert fault.remedy
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_what_a_sampler_draws_is_allowed(name):
    for seed in range(3):
        load(name).check(sampled(name, SIZE, COUNT, seed))


@pytest.mark.parametrize("name", NAMES)
def test_inputs_that_are_not_what_a_variable_declares(name):
    batch = sampled(name, SIZE, COUNT)
    for variable in load(name).program.inputs:
        for words, wrong in spoilt(variable, batch):
            error = told(name, wrong)
            assert any(f"input {variable.name}" in fault.where for fault in error.faults), words
            with pytest.raises(GraphError):
                interpret(load(name).program, wrong)


@pytest.mark.parametrize("name", NAMES)
def test_graphs_without_nodes_or_with_gaps(name):
    batch = sampled(name, SIZE, COUNT)
    for change in (0, slice(1, 2), slice(None)):
        nodes = batch.nodes.clone()
        nodes[1, change] = False
        told(name, Batch(batch.values, nodes))
    told(name, Batch({n: v[:0] for n, v in batch.values.items()}, batch.nodes[:0]))
    told(name, Batch(batch.values, batch.nodes.float()))


@pytest.mark.parametrize("name", NAMES)
def test_all_faults_are_told_at_once(name):
    batch = sampled(name, SIZE, COUNT)
    wrong = Batch({n: v[..., None] for n, v in batch.values.items()}, batch.nodes)
    assert len(told(name, wrong).faults) == len(load(name).program.inputs)


# ---- what tasks require beyond their variables


def edges(name: str, pairs: str, weight: float = 0.5) -> Batch:
    """A graph of four nodes with the edges "01 12" and loops in ``adj``; the second graph of a batch."""
    matrix = torch.zeros(COUNT, 4, 4)
    for pair in pairs.split():
        matrix[1, int(pair[0]), int(pair[1])] = weight
    own = torch.eye(4, dtype=torch.bool)
    batch = sampled(name, 4, COUNT)
    values = {"A": matrix, "adj": (matrix != 0) | own}
    return changed(batch, **{n: v for n, v in values.items() if n in batch.values})


def points(name: str, x: list[float], y: list[float]) -> Batch:
    """Points, twice."""
    values = {"x": torch.tensor([x] * COUNT), "y": torch.tensor([y] * COUNT)}
    values["pos"] = torch.arange(len(x)).expand(COUNT, -1) / len(x)
    return Batch(values, torch.ones(COUNT, len(x), dtype=torch.bool))


NOT_NEGATIVE = (
    *("dijkstra", "bellman_ford", "bellman_ford_seq", "widest_path", "floyd_warshall"),
    *("mst_prim", "mst_kruskal", "mst_kruskal_light", "boruvka", "articulation_points", "bridges"),
)
UNDIRECTED = (
    *("components", "components_seq", "independent_set", "independent_set_seq", "boruvka"),
    *("mst_kruskal", "mst_kruskal_light", "articulation_points", "bridges"),
)
ACYCLIC = ("topological_sort", "dag_shortest_paths")
HULLS = ("graham_scan", "jarvis_march")
STRINGS = ("lcs_length", "naive_string_matcher", "kmp_matcher")


@pytest.mark.parametrize("name", NOT_NEGATIVE)
def test_negative_weights(name):
    (fault,) = told(name, edges(name, "01 10", -0.25)).faults
    assert (fault.where, fault.given) == (
        f"program {name}, input A, graph 1, pair 0 -> 1",
        "-0.25 (and 1 more)",
    )
    load(name).check(edges(name, "01 10", 0.25))


@pytest.mark.parametrize("name", UNDIRECTED)
def test_edges_of_one_direction(name):
    error = told(name, edges(name, "01 10 12"))
    assert error.faults[0].where == f"task {name}, graph 1"
    assert "undirected" in error.faults[0].expected
    batch = edges(name, "01 10 12 21")
    load(name).check(batch)
    if "A" in batch.values:
        batch.values["A"][1, 0, 1] = 0.75
        assert "weight" in told(name, batch).faults[0].given


@pytest.mark.parametrize("name", ACYCLIC)
@pytest.mark.parametrize("pairs", ["01 10", "01 12 20", "33", "01 12 23 31"])
def test_cycles(name, pairs):
    assert "without cycles" in told(name, edges(name, pairs)).faults[0].expected
    load(name).check(edges(name, "01 12 23 03"))


@pytest.mark.parametrize("name", HULLS)
def test_points_on_one_line_or_on_each_other(name):
    for x, y in (([0, 1, 2, 0.0], [0, 1, 2, 1.0]), ([0, 0, 1, 0.5], [0, 0, 1, 0.0])):
        assert "on one line" in told(name, points(name, x, y)).faults[0].given
    load(name).check(points(name, [0, 1, 1, 0.0], [0, 0, 1, 1.0]))


def test_ends_of_segments():
    for count in (1, 3, 5):
        spread = [float(i) for i in range(count)]
        wrong = points("segments_intersect", spread, [v * v for v in spread])
        assert "4 nodes" in told("segments_intersect", wrong).faults[0].expected


def test_keys_out_of_order():
    batch = sampled("binary_search", SIZE, COUNT)
    wrong = changed(batch, key=batch.values["key"].flip(1))
    assert "ascending" in told("binary_search", wrong).faults[0].expected
    load("binary_search").check(changed(batch, key=torch.zeros(COUNT, SIZE)))


def test_activities_that_end_before_they_begin():
    batch = sampled("activity_selector", SIZE, COUNT)
    wrong = changed(batch, s=batch.values["f"] + 1)
    assert "s <= f" in told("activity_selector", wrong).faults[0].expected


def test_chances_of_one_key_too_many():
    batch = sampled("optimal_bst", SIZE, COUNT)
    wrong = changed(batch, p=torch.ones_like(batch.values["p"]))
    assert "a 0" in told("optimal_bst", wrong).faults[0].expected


@pytest.mark.parametrize("name", STRINGS)
def test_strings_that_are_no_two_in_a_row(name):
    batch = sampled(name, SIZE, COUNT)
    for marks in ([0, 1, 0, 1, 1], [0] * 5, [1] * 5, [1, 1, 0, 0, 0]):
        wrong = changed(batch, string=torch.tensor([marks] * COUNT, dtype=torch.bool))
        assert "string" in told(name, wrong).faults[0].given
