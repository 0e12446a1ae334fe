"""Programs in the network of the CLRS benchmark make the interpreter's trace; the network is stock_net's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from compiler.stock_net import StockNet
from mechgap.compiler.stock.compilation import stock_parameters
from mechgap.compiler.stock.parameters import Stock
from mechgap.compiler.stock.processors import PROCESSORS
from mechgap.errors import NotFoundError, Refusal
from mechgap.interop.encoding import encoded
from mechgap.kinds.scalar import Scalar
from mechgap.lang.program import Port
from mechgap.lang.vocabulary import edge, graph, index, last, me, node, sender, size, where
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret
from mechgap.semantics.trace import Trace
from mechgap.tasks.catalogue import CLRS_NAMES, load

UNDIRECTED = {"bfs", "bellman_ford", "dijkstra", "mst_prim", "articulation_points"}
"""Tasks of which the samplers draw graphs without a direction."""

MESSAGES = {
    *("insertion_sort", "bubble_sort", "heapsort", "quicksort", "minimum", "binary_search", "quickselect"),
    *("find_maximum_subarray_kadane", "activity_selector", "task_scheduling", "dfs", "bfs"),
    *("topological_sort", "articulation_points", "strongly_connected_components", "mst_prim"),
    *("bellman_ford", "dijkstra", "dag_shortest_paths", "naive_string_matcher", "kmp_matcher"),
    *("segments_intersect", "graham_scan", "jarvis_march"),
}
EXACT = {
    "mpnn": MESSAGES,
    "triplet_gmpnn": MESSAGES,
    "pgn": {"bfs", "bellman_ford"},
    "gatv2": {"bfs"},
    "gatv2_full": {
        *("insertion_sort", "bubble_sort", "heapsort", "quicksort", "minimum", "quickselect"),
        *("find_maximum_subarray_kadane", "activity_selector", "task_scheduling", "dfs", "bfs"),
        *("topological_sort", "strongly_connected_components", "naive_string_matcher", "kmp_matcher"),
        *("segments_intersect", "graham_scan", "jarvis_march"),
    },
}
"""Processor -> the algorithms of the benchmark that compile for it."""

LARGE = 300
"""Networks from this width on are tried on few nodes and frames only."""

PAIRS = [(processor, name) for processor, names in EXACT.items() for name in sorted(names)]


@cache
def compiled(processor: str, name: str) -> Stock:
    program, promised = load(name).program, processor.startswith("gat") and name in UNDIRECTED
    return stock_parameters(program, processor, promised)


def one(port: Port, values: Any, count: int) -> Any:
    """The value of one graph without its padding."""
    return values[tuple(slice(0, count) for _ in range(port.location.rank))]


def differences(stock: Stock, batch: Batch, trace: Trace, most: int) -> Iterator[str]:
    """Where the network leaves the interpreter."""
    program = load(stock.task).program
    for row, count in enumerate(batch.sizes.tolist()):
        inputs: Mapping[str, Any] = {
            port.name: one(port, encoded(port.kind, batch.values[port.name], batch.nodes)[row], count)
            for port in program.interface.inputs
        }
        net = StockNet(program, stock, inputs, count)
        length = int(trace.lengths[row])
        for step in range(1, min(length, most)):
            with np.errstate(over="raise", invalid="raise"):
                found = net.step()
            wanted = {port: trace.values[port.name][step, row] for port in program.interface.hints}
            for port, value in wanted.items():
                if port.name not in stock.silent and not agree(port, found[port.name], value, count):
                    yield f"graph {row}, step {step}, hint {port.name}"
            for port in program.interface.outputs if step == length - 1 else ():
                if not agree(port, found[f"output {port.name}"], trace.outputs[port.name][row], count):
                    yield f"graph {row}, step {step}, output {port.name}"


def agree(port: Port, found: Any, wanted: Any, count: int) -> bool:
    value = one(port, wanted, count).numpy()
    if isinstance(port.kind, Scalar):
        return np.allclose(found, value, rtol=1e-5, atol=1e-5)
    return np.array_equal(found, value)


@pytest.mark.parametrize(("processor", "name"), PAIRS)
def test_it_makes_the_interpreters_trace(processor, name):
    stock, task = compiled(processor, name), load(name)
    sizes, most = ((5, 9), 60) if stock.width < LARGE else ((5,), 3 if stock.width > 3 * LARGE else 12)
    for nodes in sizes:
        batch = task.sample(11, nodes, 2)
        trace = interpret(task.program, batch)
        assert list(differences(stock, batch, trace, most)) == []


@pytest.mark.parametrize(
    "name",
    sorted(MESSAGES - {"heapsort", "bubble_sort", "segments_intersect", "graham_scan", "jarvis_march"}),
)
def test_one_set_of_parameters_does_for_larger_graphs(name):
    stock, task = compiled("mpnn", name), load(name)
    batch = task.sample(3, 33, 1)
    assert list(differences(stock, batch, interpret(task.program, batch), 6)) == []


@pytest.mark.parametrize("processor", PROCESSORS)
def test_what_compiles_is_known(processor):
    found = set()
    for name in CLRS_NAMES:
        try:
            compiled(processor, name)
        except Refusal as refusal:
            assert all((fault.where, fault.given, fault.expected, fault.remedy) for fault in refusal.faults)
        else:
            found.add(name)
    assert found == EXACT[processor]


def test_parameters_have_the_benchmarks_names_and_shapes():
    stock = compiled("triplet_gmpnn", "bfs")
    h = stock.width
    shapes = {key: array.shape for key, array in stock.arrays.items()}
    base = "net/mpnn_aggr_clrs_processor"
    assert shapes[f"{base}/linear/w"] == shapes[f"{base}/linear_4/w"] == (2 * h, h)
    assert shapes[f"{base}/linear_6/w"] == (2 * h, 8)
    assert shapes[f"{base}/linear_13/w"] == (8, h)
    assert shapes[f"{base}/linear_16/b"] == (h,)
    assert shapes["net/~_construct_encoders_decoders/algo_0_pi_dec_linear_2/w"] == (2 * h, h)
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in stock.arrays.values())


def test_more_nodes_than_positions_tell_apart_are_not_promised():
    assert compiled("mpnn", "bfs").n == 2048
    assert compiled("mpnn", "binary_search").n == 256


@pytest.mark.parametrize("processor", ["mpnn", "gatv2_full"])
def test_a_program_that_counts_knows_its_indices(processor):
    number = node.scalar("number", low=0, high=512, whole=True)
    pos = node.scalar("pos", low=0, high=1)
    total = graph.scalar("total", low=0, high=512, whole=True)
    from mechgap.lang.program import Program

    program = Program(
        "counting",
        inputs=(pos,),
        init={number: index(me), total: size},
        step={number: where(me == last(me == me), total, index(me) + 1)},
        halt=total == size,
        outputs={"number": number},
    )
    stock = stock_parameters(program, processor)
    for nodes in (2, 3, 7, 16, 100, 256):
        net = StockNet(program, stock, {"pos": np.arange(nodes) / nodes}, nodes)
        found = net.step()
        assert np.array_equal(found["number"], [*range(1, nodes), nodes])
        assert found["total"] == nodes


def test_refusals_name_what_the_network_cannot_do():
    with pytest.raises(Refusal, match="a choice among all nodes"):
        compiled("pgn", "minimum")
    with pytest.raises(Refusal, match="computed at pairs of nodes"):
        compiled("mpnn", "floyd_warshall")
    with pytest.raises(Refusal, match="a number of an edge, copied"):
        compiled("gatv2_full", "bellman_ford")
    with pytest.raises(NotFoundError, match="memnet"):
        stock_parameters(load("bfs").program, "memnet")


def test_edges_against_the_message_are_refused_without_a_promise():
    from mechgap.lang.program import Program
    from mechgap.lang.vocabulary import any_of, reverse

    pos, seen = node.scalar("pos", low=0, high=1), node.mask("seen")
    adj = edge.mask("adj")
    program = Program(
        "backwards",
        inputs=(pos, adj),
        init={seen: me == last(me == me)},
        step={seen: seen | any_of(reverse(adj) & sender(seen))},
        halt=last(me == me) == last(me == me),
        outputs={"seen": seen},
    )
    with pytest.raises(Refusal, match="from the receiver to the sender"):
        stock_parameters(program, "mpnn")
    assert stock_parameters(program, "mpnn", undirected=True).undirected
    assert not stock_parameters(program, "gatv2_full").undirected
