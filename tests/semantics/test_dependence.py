"""Depths of runs: counted by hand on small programs, and what a depth means on random ones."""

from __future__ import annotations

import importlib
import math
import runpy
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechgap.errors import GraphError
from mechgap.kinds.mask import MaskOne
from mechgap.kinds.pointer import Pointer
from mechgap.kinds.scalar import Scalar
from mechgap.lang.expression import Expression
from mechgap.lang.program import Program
from mechgap.lang.text import expression_text
from mechgap.lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    at_pair,
    direct,
    edge,
    first,
    first_leg,
    follow,
    graph,
    index,
    last,
    max_of,
    me,
    min_of,
    node,
    node_at,
    receiver,
    reverse,
    second_leg,
    sender,
    size,
    where,
)
from mechgap.semantics import dependence as module
from mechgap.semantics.batch import Batch
from mechgap.semantics.dependence import Depths, dependence
from mechgap.semantics.evaluation import Evaluation
from mechgap.semantics.inputs import places
from mechgap.semantics.machine import Machine
from mechgap.tasks.catalogue import load
from semantics.small import adj, alone, batch_of, clock, key, once, s
from strategies import Grammar, batches, programs

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "programs.py"


@pytest.fixture(scope="module")
def examples() -> dict[str, Program]:
    found = runpy.run_path(str(EXAMPLES))
    return {name: value for name, value in found.items() if isinstance(value, Program)}


def undirected(edges: list[tuple[int, int]], nodes: int, source: int = 0) -> Batch:
    matrix = torch.zeros(1, nodes, nodes, dtype=torch.bool)
    for one, other in edges:
        matrix[0, one, other] = matrix[0, other, one] = True
    ranks = torch.arange(nodes)[None]
    values = {"pos": ranks / nodes, "s": ranks == source, "A": matrix.float(), "adj": matrix}
    return Batch(values, torch.ones(1, nodes, dtype=torch.bool))


def path(nodes: int) -> Batch:
    return undirected([(i, i + 1) for i in range(nodes - 1)], nodes)


def star(nodes: int) -> Batch:
    return undirected([(0, i) for i in range(1, nodes)], nodes)


# ---- whole programs


@pytest.mark.parametrize(("batch", "levels"), [(path(9), 8), (star(9), 1), (path(1), 0)])
def test_breadth_first_search_is_as_deep_as_its_levels(batch, levels):
    found = dependence(load("bfs").program, batch)
    assert (int(found.depth), int(found.output_depth), int(found.steps)) == (levels, levels, levels)
    assert int(found.work) == 2 * (batch.width - 1)  # every node but the source: reached, and its parent
    assert float(found.parallelism) == (found.work / levels if levels else 0)


@pytest.mark.parametrize("nodes", [3, 5, 9, 17])
def test_pointer_jumping_is_logarithmic(examples, nodes):
    found = dependence(examples["pointer_jumping"], path(nodes))
    assert int(found.depth) == math.ceil(math.log2(nodes - 1))


def test_a_label_goes_one_node_in_every_step(examples):
    assert int(dependence(examples["components"], path(12)).depth) == 11
    assert int(dependence(examples["components"], star(12)).depth) == 1


@pytest.mark.parametrize("nodes", [4, 8, 16])
def test_depth_first_search_is_linear(nodes):
    found = dependence(load("dfs").program, path(nodes))
    assert int(found.depth) == int(found.steps) == 3 * nodes - 1
    assert int(found.variables["color"]) == 3 * nodes - 1
    # The search goes down the path: a parent is set in every second step.
    assert int(found.output_depth) == 2 * (nodes - 1)


def test_nodes_that_do_not_read_each_other_are_one_deep():
    doubled = node.scalar("doubled", low=0, high=99, whole=True)
    running = graph.mask("running")
    program = Program(
        "alone",
        (adj,),
        {doubled: index(me) + 1, running: True},
        {doubled: doubled + doubled, running: False},
        ~running,
        {"d": doubled},
    )
    found = dependence(program, path(5))
    assert (int(found.work), int(found.depth), int(found.output_depth)) == (6, 1, 1)
    assert float(found.parallelism) == 6


def test_a_clock_makes_the_state_deep_and_leaves_the_outputs_flat():
    """Node k is marked in step k, because a clock says so; what it is marked with was known before."""
    mark = node.pointer("mark")
    program = Program(
        "clocked",
        (adj,),
        {clock: 0, mark: me},
        {clock: clock + 1, mark: where(index(me) <= clock, follow(mark, mark), mark)},
        clock >= 1,
        {"mark": mark},
    )
    found = dependence(program, path(4))
    assert (int(found.depth), int(found.output_depth)) == (1, 0)
    assert {name: int(depth) for name, depth in found.variables.items()} == {"clock": 1, "mark": 0}


def test_values_that_come_back_are_work():
    token, step = node.mask_one("token"), graph.scalar("step", low=0, high=9, whole=True)
    program = Program(
        "walk",
        (adj,),
        {token: me == first(index(me) == 0), step: 0},
        {token: me == first(~token), step: step + 1},
        step >= 4,
        {"token": token},
    )
    found = dependence(program, path(3))
    assert int(found.work) == 4 * (2 + 1)  # two places of the mask and the counter, in every step
    assert int(found.depth) == int(found.output_depth) == 4


@pytest.mark.parametrize("name", ["insertion_sort", "bubble_sort"])
def test_sorting_one_by_one_gets_deeper_with_n(name):
    task = importlib.import_module(f"mechgap.tasks.sorting.{name}").task
    depths = [dependence(task.program, task.sample(0, n, 4)).output_depth.double().mean() for n in (4, 8, 16)]
    assert depths[1] > 1.7 * depths[0]
    assert depths[2] > 1.7 * depths[1]


def test_more_processors_cannot_help_below_the_depth():
    """The laws of work and span: depth <= steps, depth <= work, outputs and variables are no deeper."""
    for name in ("bfs", "bfs_seq", "bellman_ford", "dfs"):
        task = load(name)
        found = dependence(task.program, task.sample(1, 7, 16))
        assert (found.depth <= found.steps).all()
        assert (found.depth <= found.work).all()
        assert (found.output_depth <= found.depth).all()
        assert all((depth <= found.depth).all() for depth in found.variables.values())


# ---- single expressions: cells of node k of `deep` have depth k


deep = node.scalar("deep", low=0, high=99, whole=True)
lit = node.mask("lit")
towards = node.pointer("towards")
table = edge.scalar("table", low=0, high=99, whole=True)


def _text(value: object) -> str | None:
    return expression_text(value) if isinstance(value, Expression) else None


CELLS = Program(
    "cells",
    (adj, key, s),
    {deep: index(me), lit: index(me) >= 2, towards: node_at(index(me) + 1), table: 0, clock: 0},
    {clock: clock + 1},
    True,
    {"deep": deep},
)
NODES = 5


def depths_of(expression, location=None) -> list:
    """The depth at every place, for a graph of 5 nodes in the first frame of ``CELLS``."""
    place = {"node": node, "edge": edge, "graph": graph}[location or "graph"]
    kind = Program("probe", (adj, key, s), dict(CELLS.init), {}, True, {"probe": expression})
    machine = Machine(kind, batch_of("01 12 23 34", NODES, keys=[3.0, 1.0, 2.0, 1.0, 0.0], source=2))
    ranks = torch.arange(NODES, dtype=torch.int32)[None]
    pairs = 10 * ranks[:, :, None] + ranks[:, None, :]
    cells = {
        deep: ranks,
        lit: ranks,
        towards: ranks,
        table: pairs,
        clock: torch.tensor([7], dtype=torch.int32),
    }
    depths = Depths(Evaluation(machine.inputs, machine.start()), cells)
    return depths.at(expression, place.location)[0].tolist()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (deep + clock, [7, 7, 7, 7, 7]),
        (deep + index(me), [0, 1, 2, 3, 4]),
        (lit & (clock < 0), [0, 1, 7, 7, 7]),  # clock < 0 is false: a false lit settles it earlier
        (lit | (clock >= 0), [7, 7, 2, 3, 4]),
        ((clock >= 0) & (size > 2), [7, 7, 7, 7, 7]),
        (where(lit, deep, clock), [7, 7, 2, 3, 4]),
        (where(clock >= 0, deep, clock), [7, 7, 7, 7, 7]),
        (where(clock < 0, deep, deep), [0, 1, 2, 3, 4]),  # both branches are the same
        (follow(towards, deep), [1, 2, 3, 4, 4]),  # the last one points to no node
        (min_of(sender(deep), adj, default=clock), [7, 0, 1, 2, 3]),
        (first(sender(lit)), [2, 2, 2, 2, 2]),
        (last(sender(lit)), [4, 4, 4, 4, 4]),
        (any_of(sender(lit)), [2, 2, 2, 2, 2]),
        (any_of(sender(lit) & (sender(me) < receiver(me))), [0, 0, 1, 2, 2]),
        (any_of(sender(~lit) & (sender(index(me)) > 2)), [4, 4, 4, 4, 4]),
        (min_of(table, adj, default=0), [0, 1, 12, 23, 34]),
        (min_of(reverse(table), adj, default=0), [0, 10, 21, 32, 43]),
        (at_pair(table, me, s), [2, 12, 22, 32, 42]),
        (at_pair(table, towards, me), [10, 21, 32, 43, 4]),
    ],
    ids=_text,
)
def test_depths_at_nodes(expression, expected):
    assert depths_of(expression, "node") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (anywhere(lit), 2),
        (anywhere(~lit & (deep > 2)), 4),
        (first(lit), 2),
        (last(lit), 4),
        (first(deep >= 1), 1),
        (first(deep > 9), 4),  # there is none
        (first(deep > 9, default=node_at(clock)), 7),
        (argmin(key, lit), 4),  # all masks
        (argmin(deep, index(me) <= 1), 1),  # the keys of candidates only
        (max_of(deep, s, default=clock), 2),
        (follow(s, deep), 2),
        (follow(first(lit), deep), 2),
        (follow(last(~lit), deep), 4),  # the reference needs the masks from the end
        (at_pair(table, s, s), 22),
        (clock + 1, 7),
    ],
    ids=_text,
)
def test_depths_of_the_graph(expression, expected):
    assert depths_of(expression) == expected


def test_depths_at_pairs():
    assert depths_of(sender(deep) + 0 * receiver(index(me)), "edge")[3] == [3] * NODES
    assert depths_of(receiver(deep), "edge")[3] == [0, 1, 2, 3, 4]
    assert depths_of(any_of(first_leg(table) >= 0), "edge") == [[10 * i] * 5 for i in range(5)]
    assert depths_of(any_of(second_leg(table) >= 0), "edge") == [[0, 1, 2, 3, 4]] * 5
    ones = depths_of(min_of(direct(table), direct(adj), default=0), "edge")
    assert ones[1][2] == 12
    assert ones[2][1] == 0


# ---- what a depth means


def scrambled(program: Program, batch: Batch, state: dict, hidden: dict, seed: int) -> dict:
    """A state in which cells at hidden places have other values."""
    source = torch.Generator().manual_seed(seed)
    found = {}
    for variable in program.state:
        value, mask, kind = state[variable.name], hidden[variable], variable.kind
        other = torch.rand(value.shape, generator=source)
        if isinstance(kind, MaskOne):
            # The one place can only move among hidden places.
            free = mask & batch.nodes
            chosen = torch.where(free, other, -1.0).argmax(1)
            moved = torch.arange(batch.width) == chosen[:, None]
            found[variable.name] = torch.where((value & free).any(1, keepdim=True), moved, value)
            continue
        if isinstance(kind, Scalar):
            drawn = kind.low + (other * (kind.high - kind.low + 1)).floor()
        elif isinstance(kind, Pointer):
            sizes = batch.sizes.reshape(-1, *[1] * (value.dim() - 1))
            drawn = (other * sizes).floor()
        else:
            drawn = (other * max(kind.width, 2)).floor()
        found[variable.name] = torch.where(mask, drawn.to(value.dtype), value)
    return found


@settings(max_examples=150)
@given(
    st.data(),
    programs(Grammar(edge_state=True, positions=True, products=True)),
    batches(),
    st.integers(0, 2**16),
)
def test_values_do_not_depend_on_what_is_deeper(data, program, batch, seed):
    """However the cells deeper than d are changed, values of depth up to d stay as they are."""
    machine = Machine(program, batch)
    state = machine.start()
    source = torch.Generator().manual_seed(seed)
    cells = {
        v: torch.randint(0, 4, (len(batch), *[batch.width] * v.location.rank), generator=source).int()
        for v in program.state
    }
    evaluation = Evaluation(machine.inputs, state)
    depths = Depths(evaluation, cells)
    limit = data.draw(st.integers(0, 3))
    hidden = {v: cell > limit for v, cell in cells.items()}
    other = Evaluation(machine.inputs, scrambled(program, batch, state, hidden, seed + 1))
    for variable, expression in program.step.items():
        location = variable.location
        known = (depths.at(expression, location) <= limit) & places(location, batch.nodes)
        one, two = evaluation.full(expression, location), other.full(expression, location)
        assert torch.equal(one[known], two[known])


@settings(max_examples=40)
@given(programs(Grammar(edge_state=True)), batches())
def test_padding_and_company_change_nothing(program, batch):
    together = dependence(program, batch)
    for row in range(len(batch)):
        single = dependence(program, alone(batch, row))
        for name in ("steps", "work", "depth", "output_depth"):
            assert int(getattr(together, name)[row]) == int(getattr(single, name)), name
        for name, depth in together.variables.items():
            assert int(depth[row]) == int(single.variables[name])


def test_large_batches_are_looked_at_in_parts(monkeypatch):
    task = load("bfs")
    batch = task.sample(3, 6, 20)
    whole = dependence(task.program, batch)
    monkeypatch.setattr(module, "_PLACES", 100)
    parts = dependence(task.program, batch)
    assert torch.equal(whole.work, parts.work)
    assert torch.equal(whole.depth, parts.depth)
    assert torch.equal(whole.variables["pi_h"], parts.variables["pi_h"])


def test_graphs_that_are_too_large_are_refused():
    nodes = 5000
    batch = Batch(
        {"adj": torch.zeros(1, 1, 1, dtype=torch.bool).expand(1, nodes, nodes), "key": torch.zeros(1, nodes)},
        torch.ones(1, nodes, dtype=torch.bool),
    )
    label = node.mask("label")
    program = Program("wide", (adj,), {label: False}, {label: any_of(adj)}, True, {"label": label})
    with pytest.raises(GraphError, match="4,096 nodes"):
        dependence(program, batch)


def test_inputs_are_checked():
    with pytest.raises(GraphError):
        dependence(once(deep, 0, deep), Batch({}, torch.ones(1, 3, dtype=torch.bool)))
