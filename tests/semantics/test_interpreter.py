"""Laws of the interpreter: padding, order of the nodes, frames, lengths, limits, ranges and units."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from compiler.cases import TASKS, graphs, inputs
from mechgap.errors import MechgapError, RangeError
from mechgap.kinds.kind import AbstractKind
from mechgap.kinds.mask import MaskOne
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    anywhere,
    at_pair,
    edge,
    first,
    follow,
    graph,
    index,
    me,
    node,
    node_at,
    receiver,
    sender,
    size,
    where,
)
from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join, places
from mechgap.semantics.interpreter import interpret
from mechgap.semantics.machine import Machine
from mechgap.semantics.trace import Trace
from mechgap.tasks.catalogue import load
from semantics.small import INPUTS, A, adj, alone, batch_of, of_nodes, once, s
from strategies import Grammar, batches, programs

PROGRAMS = {name: task.program for name, task in TASKS.items()}
by_program = pytest.mark.parametrize("name", PROGRAMS)


def _same(kind: AbstractKind, found: Tensor, wanted: Tensor) -> bool:
    """Equal; angles, which vector units compute, but for the last bits."""
    return bool(kind.agreement(found, wanted, 1e-6).all())


def _runs_alike(program: Program, batch: Batch, together: Trace, row: int) -> None:
    """The run of one graph of a batch is the one that it makes alone."""
    single = alone(batch, row)
    trace = interpret(program, single)
    count, width = int(trace.lengths), single.width
    assert int(together.lengths[row]) == count
    for variable in program.state:
        value = together.values[variable.name][:count, row : row + 1]
        found = of_nodes(value, width, variable.location.rank)
        assert _same(variable.kind, found, trace.values[variable.name]), variable.name
    for port in program.interface.outputs:
        value = of_nodes(together.outputs[port.name][row : row + 1], width, port.location.rank)
        assert _same(port.kind, value, trace.outputs[port.name]), port.name


def _mixed(name: str) -> Batch:
    """Inputs of different sizes and densities in one batch."""
    parts = [(5, 0.4, "random"), (1, 0.0, "equal"), (6, 0.2, "tenths"), (3, 1.0, "random")]
    return join([inputs(name, size, 2, density, weights) for size, density, weights in parts])


@by_program
def test_every_graph_runs_as_if_it_were_alone(name):
    batch = _mixed(name)
    together = interpret(PROGRAMS[name], batch)
    for row in range(len(batch)):
        _runs_alike(PROGRAMS[name], batch, together, row)


RICH = Grammar(depth=2, variables=3, edge_state=True, pairs=True, triples=True)


@settings(max_examples=80)
@given(programs() | programs(RICH), batches())
def test_every_graph_of_a_random_program_runs_as_if_it_were_alone(program, batch):
    together = interpret(program, batch)
    for row in range(len(batch)):
        _runs_alike(program, batch, together, row)


@by_program
def test_what_padding_holds_does_not_matter(name):
    program, batch = PROGRAMS[name], _mixed(name)
    other = {**batch.values}
    for variable in program.inputs:
        if variable.location is not Location.GRAPH and not isinstance(variable.kind, MaskOne):
            value = batch.values[variable.name].clone()
            value[~places(variable.location, batch.nodes)] = torch.tensor(1.0).to(value.dtype)
            other[variable.name] = value
    clean, dirty = interpret(program, batch), interpret(program, Batch(other, batch.nodes))
    assert torch.equal(clean.lengths, dirty.lengths)
    for variable in program.state:
        real = places(variable.location, batch.nodes)
        found, wanted = (trace.values[variable.name][:, real] for trace in (dirty, clean))
        assert torch.equal(found, wanted), variable.name


RENAMED = {
    "bfs": ["reach_h"],
    "bfs_frontier": ["reach_h", "frontier"],
    "bfs_distance": ["reach_h", "distance"],
    "bellman_ford": ["d", "msk", "pi_h"],
    "widest_path": ["width"],
    "example bottleneck_path": ["height"],
    "example double_steps": ["marked"],
}


@pytest.mark.parametrize("name", RENAMED)
def test_variables_that_do_not_depend_on_the_order_of_nodes_move_with_them(name):
    """Weights are distinct, so that the parents of bellman_ford are no matter of ties."""
    batch = graphs(9, 4, 0.3, "random", directed=True)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    moved = {
        key: value[:, order][:, :, order] if value.dim() == 3 else value[:, order]
        for key, value in batch.values.items()
    }
    wanted = interpret(PROGRAMS[name], batch)
    found = interpret(PROGRAMS[name], Batch(moved, batch.nodes))
    assert torch.equal(wanted.lengths, found.lengths)
    for variable in RENAMED[name]:
        value = wanted.values[variable][:, :, order]
        if variable == "pi_h":
            value = order.argsort()[value]
        assert torch.equal(found.values[variable], value), variable


@by_program
def test_frames_after_the_end_of_a_run_repeat_its_last_one(name):
    trace = interpret(PROGRAMS[name], _mixed(name))
    assert trace.frames == int(trace.lengths.max()) >= int(trace.lengths.min()) >= 1
    for value in trace.values.values():
        assert len(value) == trace.frames
        for row, length in enumerate(trace.lengths.tolist()):
            assert bool((value[length:, row] == value[length - 1, row]).all())


@by_program
def test_a_run_is_start_and_steps_until_the_first_frame_that_halts(name):
    program, batch = PROGRAMS[name], inputs(name, 5, 1, 0.3, "random")
    trace = interpret(program, batch)
    machine = Machine(program, batch)
    state = machine.start()
    for frame in range(trace.frames):
        for key, value in machine.record(state).items():
            assert torch.equal(value, trace.values[key][frame])
        assert bool(machine.halted(state).all()) == (frame == trace.frames - 1)
        if frame < trace.frames - 1:
            state = machine.step(state)
    for key, value in machine.outputs(state).items():
        assert torch.equal(value, trace.outputs[key])


@settings(max_examples=60)
@given(programs(RICH), batches(largest=4))
def test_a_random_run_is_start_and_steps(program, batch):
    trace = interpret(program, batch, selections=True)
    plain = interpret(program, batch)
    machine = Machine(program, batch)
    state = machine.start()
    for frame in range(trace.frames):
        live = trace.lengths > frame
        for variable in program.state:
            name, real = variable.name, places(variable.location, batch.nodes)
            real = real & live.reshape(-1, *[1] * (real.dim() - 1))
            wanted = machine.record(state)[name][real]
            assert torch.equal(trace.values[name][frame][real], wanted), name
            assert torch.equal(plain.values[name][frame][real], wanted), name
        state = machine.step(state)


@by_program
def test_a_recorded_frame_can_be_entered_again(name):
    program, batch = PROGRAMS[name], inputs(name, 5, 3, 0.3, "random")
    trace = interpret(program, batch)
    machine = Machine(program, batch)
    state = machine.start()
    for _ in range(2):
        again = machine.enter(machine.record(state))
        assert all(torch.equal(again[key], value) for key, value in state.items())
        state = machine.step(state)
    last = machine.enter({key: value[-1] for key, value in trace.values.items()})
    assert bool(machine.halted(last).all())


def test_time_is_recorded_in_hundredths_and_counted_in_whole_numbers():
    program, batch = load("dfs").program, load("dfs").sample(0, 7, 3)
    trace = interpret(program, batch)
    machine = Machine(program, batch)
    state = machine.start()
    for frame in range(5):
        assert torch.equal(state["time"], state["time"].round())
        assert trace.values["time"][frame].tolist() == pytest.approx((state["time"] * 0.01).tolist())
        state = machine.step(state)
    assert trace.values["time"][-1].tolist() == pytest.approx([0.14] * 3)  # a discovery and an end each
    done = torch.stack([trace.values["d"][-1], trace.values["f"][-1]]).flatten(2) * 100
    assert sorted(done[:, 0].round().flatten().int().tolist()) == list(range(1, 15))


def test_inputs_with_a_unit_are_counted_too():
    ticks = node.scalar("ticks", low=0, high=99, whole=True, unit=0.01)
    total = graph.scalar("total", low=0, high=99, whole=True)
    program = Program(
        "counting", (ticks,), {total: 0}, {total: total + 1}, total >= 1, {"second": index(me) + ticks}
    )
    batch = Batch({"ticks": torch.tensor([[0.07, 0.29]])}, torch.ones(1, 2, dtype=torch.bool))
    assert interpret(program, batch).outputs["second"].tolist() == [[7.0, 30.0]]


@by_program
def test_both_precisions_make_the_same_choices_on_whole_weights(name):
    batch = inputs(name, 6, 4, 0.3, "whole")
    single, double = (interpret(PROGRAMS[name], batch, dtype=d) for d in (torch.float32, torch.float64))
    assert torch.equal(single.lengths, double.lengths)
    for key, value in double.values.items():
        assert value.dtype in (torch.float64, torch.bool, torch.int64)
        assert torch.allclose(single.values[key].double(), value.double(), rtol=1e-6, atol=0)


def test_double_precision_rounds_later():
    batch = graphs(24, 4, 0.1, "tenths")
    single, double = (
        interpret(PROGRAMS["bellman_ford"], batch, dtype=d) for d in (torch.float32, torch.float64)
    )
    distances = single.values["d"][-1].double(), double.values["d"][-1]
    assert not torch.equal(*distances)
    assert torch.allclose(*distances, atol=1e-5)


# ---- what goes wrong


def _endless() -> Program:
    seen = node.mask("seen")
    return Program("endless", INPUTS, {seen: False}, {seen: seen}, anywhere(seen), {"seen": seen}, 2 * size)


def test_a_run_that_does_not_halt_is_an_error():
    with pytest.raises(MechgapError, match=r"(?s)endless, run.*after 6 frames.*2 \* size = 6.*halt"):
        interpret(_endless(), batch_of("01", 3))
    with pytest.raises(MechgapError, match="after 2 frames"):
        interpret(_endless(), batch_of("01", 3), max_frames=2)


def test_every_graph_of_a_batch_has_its_own_limit():
    with pytest.raises(MechgapError):
        interpret(_endless(), join([batch_of("01", 3), batch_of("", 1)]))
    machine = Machine(_endless(), join([batch_of("01", 3), batch_of("", 1)]))
    assert machine.limits().tolist() == [6, 2]


def test_a_run_as_long_as_its_limit_is_none():
    program, batch = load("bfs").program, batch_of("00 01 12 23", 4)
    batch.values["pos"] = torch.arange(4)[None] / 4
    assert interpret(program, batch).lengths.tolist() == [4]
    assert interpret(program, batch, max_frames=4).frames == 4
    with pytest.raises(MechgapError, match="after 3 frames"):
        interpret(program, batch, max_frames=3)


def _fault(program: Program, batch: Batch) -> tuple[str, str, str, str]:
    with pytest.raises(RangeError) as caught:
        interpret(program, batch)
    (fault,) = caught.value.faults
    return fault.where, fault.given, fault.expected, fault.remedy


def test_a_number_that_leaves_its_range_is_told_with_its_place():
    small = node.scalar("small", low=0, high=1)
    where_, given_, expected, remedy = _fault(once(small, 0, index(me)), batch_of("", 3))
    assert where_ == "program once, variable small, frame 1, graph 0, node 2"
    assert given_ == "the value 2"
    assert expected == "a number in [0, 1], as the variable declares"
    assert "widen the range" in remedy


def test_places_of_edges_and_graphs_are_told():
    table = edge.scalar("table", low=0, high=1)
    gap = sender(index(me)) - receiver(index(me))
    assert _fault(once(table, 0, gap), batch_of("", 2))[0].endswith("graph 0, sender 0, receiver 1")
    total = graph.scalar("total", low=0, high=2)
    assert _fault(once(total, 0, size), batch_of("", 3))[0].endswith("variable total, frame 1, graph 0")


def test_a_pointer_to_nowhere_must_not_be_stored():
    nxt = node.pointer("next")
    where_, given_, expected, remedy = _fault(once(nxt, me, node_at(index(me) + 1)), batch_of("", 3))
    assert where_ == "program once, variable next, frame 1, graph 0, node 2"
    assert given_ == "the value 3"
    assert expected == "the index of a node of the graph"
    assert "node_at" in remedy


FAR = 2**16 + 1
"""In 16 bits this would be node 1."""


@pytest.mark.parametrize(
    "form",
    [
        lambda old, far: far,
        lambda old, far: where(index(me) <= 1, far, old),
        lambda old, far: where(me == first(me == me), far, old),
    ],
    ids=["anew", "where a mask holds", "at one place"],
)
def test_a_pointer_far_beyond_the_graph_must_not_be_stored_either(form):
    nxt = node.pointer("next")
    fault = _fault(once(nxt, me, form(nxt, node_at(index(me) + FAR))), batch_of("00 01 12 23", 4))
    assert fault[0].startswith("program once, variable next, frame 1, graph 0")
    assert fault[2] == "the index of a node of the graph"


def test_a_pointer_far_beyond_the_graph_stays_so_beside_a_costly_one():
    """The costly branch is read from few bytes, at few places; the other keeps all of its own."""
    nxt = node.pointer("next")
    mixed = where(index(me) < 1, follow(first(adj), nxt), node_at(index(me) + FAR))
    near = (index(me) >= 1) & (index(me) <= 2) & (mixed == node_at(index(me) + 1))
    program = Program("mixed", INPUTS, {nxt: me}, {}, True, {"near": near})
    assert not interpret(program, batch_of("00 01 12 23", 4)).outputs["near"].any()


def test_padding_may_leave_ranges():
    batch = join([batch_of("", 3), batch_of("", 1)])
    nxt = node.pointer("next")
    fault = _fault(once(nxt, me, node_at(index(me) + 1)), batch)
    assert fault[0].endswith("graph 0, node 2")
    label = node.scalar("label", low=0, high=2)
    assert interpret(once(label, 0, index(me)), batch).values["label"][1].tolist()[0] == [0, 1, 2]
    narrow = node.scalar("label", low=0, high=0)
    assert interpret(once(narrow, 0, index(me)), batch.take(torch.tensor([1]))).frames == 2


def test_the_first_frame_is_checked_as_well():
    small = node.scalar("small", low=0, high=1)
    program = Program("first", (adj,), {small: index(me)}, {small: 0}, anywhere(me == me), {"x": small})
    assert "frame 0" in _fault(program, batch_of("", 3))[0]


def test_a_value_at_a_pair_of_one_node_and_the_receiver():
    found = edge.scalar("found", low=0, high=9)
    batch = batch_of("01 02 12", 3, source=0)
    program = once(found, 0, at_pair(A, follow(s, me), receiver(me)))
    for engine in ("steps", "kernel"):
        value = interpret(program, batch, engine=engine).values["found"][1, 0]
        assert value.tolist() == [[0, 1, 1]] * 3
