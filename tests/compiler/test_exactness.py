"""Every program, compiled once, makes the interpreter's trace on every kind of graph."""

from __future__ import annotations

from functools import cache

import pytest

from compiler.agreement import disagreements
from compiler.cases import (
    COMPILED,
    FURTHER,
    FURTHER_SLOWLY,
    REFUSED,
    TASKS,
    WEIGHTS,
    by_attention,
    by_target,
    graphs,
    inputs,
    sampled,
)
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.errors import Refusal
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.tasks.catalogue import NAMES

PROGRAMS = tuple(name for name in TASKS if name not in REFUSED)
LONG_RUNS = {"articulation_points", "bridges", "mst_kruskal", "mst_kruskal_light"}
SLOW_RUNS = LONG_RUNS | {
    "bfs_seq",
    "boruvka",
    "bubble_sort",
    "bubble_sort_light",
    "graham_scan",
    "heapsort",
    "jarvis_march",
    "kmp_matcher",
    "quickselect",
    "quicksort",
    "strongly_connected_components",
}
SEQUENTIAL = {"dfs_light", "dfs_reverse", "topological_sort", "naive_string_matcher", "dag_shortest_paths"}
SMALL = {"boruvka"}
"""Programs that are certified for small graphs only."""


def _program(name: str) -> Program:
    return TASKS[name].program


@cache
def _compiled(name: str, target: str = "gatv2") -> Compiled:
    return compile_program(_program(name), CompileSettings(target=target))


def test_every_task_is_compiled_or_refused() -> None:
    assert {*COMPILED, *REFUSED} == {*NAMES}
    assert not {*COMPILED} & {*REFUSED}


@by_target
@pytest.mark.parametrize("name", COMPILED)
def test_what_is_called_compiled_compiles(name: str, target: str) -> None:
    certificate = _compiled(name, target).certificate
    assert (certificate.program, certificate.target) == (name, target)


@by_attention
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_called_refused_is_refused_with_the_reason(name: str, target: str) -> None:
    with pytest.raises(Refusal) as caught:
        compile_program(_program(name), CompileSettings(target=target))
    fault = caught.value.faults[0]
    assert f"program {name}" in fault.where
    assert REFUSED[name] in fault.given
    assert fault.expected
    assert fault.remedy


@pytest.mark.parametrize("size", [1, 2, 3, 6, 10])
@pytest.mark.parametrize("name", REFUSED)
def test_layers_at_triples_compute_what_attention_cannot(name: str, size: int) -> None:
    compiled = _compiled(name, "mpnn")
    assert any(shape.thirds for shape in compiled.network.config.rounds)
    assert not disagreements(compiled, sampled(name, size, 3, seed=size))


@pytest.mark.parametrize("density", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("name", PROGRAMS)
def test_exact_on_small_graphs(name: str, density: float) -> None:
    for size in (1, 2, 5) if name in LONG_RUNS else (1, 2, 5, 8):
        for weights in WEIGHTS if size == 5 else WEIGHTS[:2]:
            batch = inputs(name, size, 4, density, weights, directed=size % 2 == 0)
            assert not disagreements(_compiled(name), batch), (size, weights)


@pytest.mark.parametrize("target", FURTHER)
@pytest.mark.parametrize("name", PROGRAMS)
def test_other_families_are_exact_on_small_graphs(name: str, target: str) -> None:
    for size, density, weights in (
        (1, 0.0, "random"),
        (2, 1.0, "equal"),
        (5, 0.3, "tenths"),
        (6, 0.7, "random"),
    ):
        batch = inputs(name, size, 4, density, weights, directed=size % 2 == 0)
        assert not disagreements(_compiled(name, target), batch), (size, weights)


@pytest.mark.parametrize("target", FURTHER_SLOWLY)
@pytest.mark.parametrize("weights", ["random", "equal"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_exact_on_larger_graphs(name: str, weights: str, target: str) -> None:
    size = 10 if name in LONG_RUNS else 16 if name in SLOW_RUNS | SEQUENTIAL | {"dfs"} else 33
    for density in (0.05, 0.4):
        assert not disagreements(_compiled(name, target), inputs(name, size, 2, density, weights)), density


@pytest.mark.parametrize("target", FURTHER_SLOWLY)
@pytest.mark.parametrize("name", COMPILED)
def test_exact_on_the_tasks_own_inputs(name: str, target: str) -> None:
    for size in (1, 2, 4, 8 if name in LONG_RUNS else 16):
        batch = sampled(name, size, 4, seed=size)
        assert not disagreements(_compiled(name, target), batch), size


LARGE = sorted({*PROGRAMS} - SLOW_RUNS)
TABLES = {name for name in LARGE if any(v.location is Location.EDGE for v in TASKS[name].program.state)}
"""Programs with values of all pairs: traces of 1,024 nodes may not fit into 24 GiB (floyd_warshall)."""


@pytest.mark.slow
@by_target
@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("name", LARGE)
def test_exact_on_large_graphs(name: str, size: int, target: str) -> None:
    for density in (2.0 / size, 0.3):
        for weights in ("random", "equal"):
            assert not disagreements(_compiled(name, target), inputs(name, size, 1, density, weights)), (
                density
            )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*LARGE} - SEQUENTIAL - TABLES))
def test_exact_on_the_largest_graphs(name: str) -> None:
    """Depth-first search makes 3,072 steps of 1,024 nodes here, which takes a quarter of an hour."""
    for weights in ("random",) if name == "dfs" else WEIGHTS:
        assert not disagreements(_compiled(name), inputs(name, 1024, 1, 0.2, weights)), weights


@by_attention
@pytest.mark.parametrize("name", ["bellman_ford", "widest_path"])
def test_a_promise_of_distinct_keys_saves_rounds(name: str, target: str) -> None:
    promised = compile_program(_program(name), CompileSettings(distinct_keys=True, target=target))
    assert promised.certificate.rounds < _compiled(name, target).certificate.rounds
    assert promised.certificate.conditions
    if name == "bellman_ford":
        assert promised.certificate.rounds == 1


@by_target
@pytest.mark.parametrize("name", PROGRAMS)
def test_one_set_of_weights_for_every_size(name: str, target: str) -> None:
    compiled = _compiled(name, target)
    assert compiled.certificate.n >= (128 if name in SMALL else 1024)
    assert compiled.certificate.nonzero < compiled.certificate.parameters


@by_target
def test_inputs_of_the_graph_and_categories_are_read(target: str) -> None:
    """A walk of ``budget`` steps that crosses no red node."""
    import torch

    from mechgap.lang.vocabulary import any_of, anywhere, edge, graph, node, sender, where
    from mechgap.semantics.batch import Batch

    adj, start = edge.mask("adj"), node.mask_one("s")
    color = node.categorical("color", ["red", "green", "blue"])
    budget, bonus = graph.scalar("budget", low=0, high=8, whole=True), graph.mask("bonus")
    seen, left = node.mask("seen"), graph.scalar("left", low=0, high=9, whole=True)
    new = any_of(sender(seen & (color != "red")) & adj) & ~seen
    program = Program(
        "walk",
        inputs=(adj, start, color, budget, bonus),
        init={seen: start, left: where(bonus, budget + 1, budget)},
        step={seen: seen | new, left: left - 1},
        halt=~anywhere(new) | (left <= 0),
        outputs={"seen": seen, "unseen_blue": ~seen & (color == "blue")},
    )
    compiled = compile_program(program, CompileSettings(target=target))
    plain = graphs(9, 12, 0.15, "whole")
    source = torch.Generator().manual_seed(1)
    extra = {
        "color": torch.randint(0, 3, (12, 9), generator=source),
        "budget": torch.arange(12) % 5,
        "bonus": torch.arange(12) % 2 == 0,
    }
    extra["budget"] = extra["budget"].float()
    values = {"adj": plain.values["adj"], "s": plain.values["s"], **extra}
    assert not disagreements(compiled, Batch(values, plain.nodes))


@by_target
@pytest.mark.parametrize("far", [9.0, 1000.0, 1e6])
def test_a_large_number_for_infinity(far: float, target: str) -> None:
    """People write a large number for 'not reached yet'; it must cost no exactness that matters."""
    from mechgap.lang.vocabulary import anywhere, argmax, edge, max_of, me, minimum, node, sender, where

    adj, start = edge.mask("adj"), node.mask_one("s")
    weight = edge.scalar("A", low=0, high=8)
    width, towards = node.scalar("width", low=0, high=far), node.pointer("pi")
    through = minimum(sender(width), weight)
    best = max_of(through, adj)
    wider = best > width
    program = Program(
        "widest",
        inputs=(adj, weight, start),
        init={width: where(start, far, 0), towards: me},
        step={
            width: where(wider, best, width),
            towards: where(wider, argmax(through, adj), towards),
        },
        halt=~anywhere(wider),
        outputs={"pi": towards},
    )
    compiled = compile_program(program, CompileSettings(target=target))
    assert compiled.certificate.resolution < 1e-6
    for size in (5, 16):
        for density in (0.1, 0.5):
            for weights in WEIGHTS:
                assert not disagreements(compiled, graphs(size, 4, density, weights)), weights


@by_target
def test_many_equal_keys_at_one_node(target: str) -> None:
    """A star whose 600 spokes are equally long: the largest number of equal real keys."""
    import torch

    from mechgap.semantics.batch import Batch

    size = 602
    edges = torch.eye(size, dtype=torch.bool)
    edges[0, 1:-1] = edges[1:-1, 0] = edges[-1, 1:-1] = edges[1:-1, -1] = True
    for weight in (0.1, 0.3, 20.7, 31.9):
        batch = Batch(
            {
                "adj": edges[None],
                "A": torch.full((1, size, size), weight) * edges,
                "s": torch.arange(size)[None] == size - 1,
                "pos": torch.arange(size)[None] / size,
            },
            torch.ones(1, size, dtype=torch.bool),
        )
        assert not disagreements(_compiled("bellman_ford", target), batch), weight


@by_target
def test_a_mask_that_counts_in_its_own_key(target: str) -> None:
    """``any_of(s)`` within the key of a choice among ``s`` is not found out by that very choice."""
    from mechgap.lang.vocabulary import any_of, anywhere, edge, index, me, min_of, node, where

    adj, start = edge.mask("adj"), node.mask_one("s")
    x = node.scalar("x", low=0, high=64, whole=True)
    key = where(any_of(start), index(me), 3)
    best = min_of(key, start)
    program = Program(
        "own", (adj, start), {x: 0}, {x: best}, anywhere(x > 0) | (best == 0), {"x": x}, limit=3
    )
    compiled = compile_program(program, CompileSettings(target=target))
    assert not disagreements(compiled, graphs(5, 4, 0.5, "whole"))


@by_target
def test_a_mask_of_frame_0_that_a_later_choice_uses_too(target: str) -> None:
    """``any_of(s)`` is not found out by a choice whose key is a state variable that frame 0 does not know."""
    from mechgap.lang.vocabulary import any_of, argmin, edge, graph, me, min_of, node, where

    adj, start = edge.mask("adj"), node.mask_one("s")
    length = edge.scalar("A", low=0, high=8)
    kept, marked = edge.mask("kept"), node.mask("marked")
    tick = graph.scalar("tick", low=0, high=4, whole=True)
    program = Program(
        "later",
        (adj, length, start),
        {tick: 0, kept: adj, marked: where(any_of(start), start, start)},
        {tick: tick + 1, kept: adj, marked: me == argmin(min_of(length, kept), start)},
        tick >= 3,
        {"marked": marked},
        limit=5,
    )
    assert not disagreements(
        compile_program(program, CompileSettings(target=target)), graphs(5, 3, 0.5, "tenths")
    )
