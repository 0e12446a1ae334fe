"""Active flags against brute force: every choice is replaced by other nodes, one at a time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings

from compiler.cases import TASKS, graphs, inputs
from mechgap.lang.expression import Variable
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    argmin,
    choose,
    first,
    follow,
    graph,
    index,
    last,
    me,
    node,
    receiver,
    sender,
    where,
)
from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.semantics.machine import Machine
from mechgap.tasks.catalogue import load
from semantics.forcing import missed
from semantics.small import adj, alone, batch_of, key, once, s
from strategies import Grammar, batches, programs


def _missed(program: Program, batch: Batch) -> list[str]:
    """The selections with a row that matters although it is called inactive, over a whole run."""
    machine, found = Machine(program, batch), []
    state = machine.start()
    for frame in range(interpret(program, batch).frames - 1):
        for name, rows in missed(program, batch, state).items():
            if bool(rows.any()):
                found.append(f"frame {frame}: {name} at {rows.nonzero()[0].tolist()}")
        state = machine.step(state)
    return found


@pytest.mark.parametrize("name", TASKS)
def test_what_matters_is_active(name):
    """Also where a value guards itself, as in `if best < d then best else d`."""
    for size, density, weights in ((2, 0.9, "random"), (3, 0.3, "random"), (4, 0.6, "equal")):
        assert _missed(TASKS[name].program, inputs(name, size, 2, density, weights)) == []


@settings(max_examples=50)
@given(programs(Grammar(depth=2, variables=3)), batches(largest=4))
def test_what_matters_in_random_programs_is_active(program, batch):
    for row in range(len(batch)):
        assert _missed(program, alone(batch, row)) == [], program.source


x = graph.scalar("x")
any_node = me == me
chosen = first(any_node).named("chosen")
flag = graph.mask("flag")

CORRELATED: dict[str, tuple[Variable, object, object]] = {
    "two operands of one `and`": (flag, False, (index(chosen) > 0) & (index(chosen) > 1)),
    "the guard and a branch": (x, 0, where(index(chosen) == 2, index(chosen), 0)),
    "all the places of an `any_of`": (flag, True, any_of(index(me) > index(chosen))),
}


@pytest.mark.parametrize("case", CORRELATED)
def test_a_choice_that_is_read_twice_is_active(case):
    variable, start, expression = CORRELATED[case]
    assert _missed(once(variable, start, expression), batch_of("01 12", 3)) == []


def _active(variable: Variable, start: object, expression: object, batch: Batch) -> dict[str, list]:
    trace = interpret(once(variable, start, expression), batch, selections=True)
    return {name: selection.active[0, 0].tolist() for name, selection in trace.selections.items()}


def test_the_active_rows_of_bfs_are_those_that_are_newly_reached():
    program = load("bfs").program
    trace = interpret(program, graphs(12, 8, 0.1, "random"), selections=True)
    reached = trace.values["reach_h"]
    newly = reached[1:] & ~reached[:-1]
    assert torch.equal(trace.selections["offering"].active, newly)
    assert bool(newly.any())


def test_a_branch_that_is_not_taken_is_not_active():
    p = node.pointer("p")
    batch = batch_of("01 21 02", 3)
    offer = choose(adj).named("offer")
    assert _active(p, me, where(s, offer, me), batch) == {"offer": [False, False, False]}
    assert _active(p, me, where(s, me, offer), batch) == {"offer": [False, True, True]}
    assert _active(p, me, offer, batch) == {"offer": [False, True, True]}


def test_an_operand_beside_one_that_decides_is_not_active():
    seen = node.mask("seen")
    batch = batch_of("01 21 02", 3)
    mine = (choose(adj).named("offer") == me).named("mine")
    assert _active(seen, False, s & mine, batch) == {"offer": [False, False, False]}
    assert _active(seen, False, ~s & mine, batch) == {"offer": [False, True, True]}
    assert _active(seen, False, s | mine, batch) == {"offer": [False, True, True]}


def test_a_selection_that_is_read_through_another_is_active_where_that_one_looks():
    p = graph.pointer("p")
    offer = first(adj).named("offer")
    top = last(any_node).named("top")
    read = follow(top, offer).named("read")
    assert _active(p, first(any_node), read, batch_of("01 02 12", 3)) == {
        "offer": [False, False, True],
        "top": True,
        "read": True,
    }


def test_padding_is_never_active():
    p = node.pointer("p")
    nearest = argmin(sender(key), adj | (sender(me) == receiver(me))).named("nearest")
    both = join([batch_of("01 12", 3), batch_of("", 1)])
    selection = interpret(once(p, me, nearest), both, selections=True).selections["nearest"]
    assert selection.active[0].tolist() == [[True] * 3, [True, False, False]]
    assert selection.admissible[0, 1, 0].tolist() == [True, False, False]
