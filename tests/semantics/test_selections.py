"""What reductions and pointers give on graphs that are written down, and what is recorded of selections."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings

from compiler.cases import graphs, inputs
from mechgap.lang.expression import Best, Follow, Select
from mechgap.lang.selections import selecting_expressions
from mechgap.lang.vocabulary import (
    all_of,
    any_of,
    argmax,
    argmin,
    choose,
    first,
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
    sender,
    size,
    where,
)
from mechgap.semantics.evaluation import Evaluation
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret
from mechgap.semantics.machine import Machine
from mechgap.tasks.catalogue import NAMES, load
from semantics.small import A, adj, alone, batch_of, key, once, s, value_of
from strategies import Grammar, batches, programs

pointer = node.pointer("p")
target = graph.pointer("t")
number = node.scalar("x")
total = graph.scalar("y")
mask = node.mask("m")
color = node.categorical("color", ("red", "green", "blue"))
nobody = adj & ~adj

# 0, 1 and 2 send to 3; keys 2, 1, 1; 3 sends to 0.
STAR = batch_of("03 13 23 30", 4, [2.0, 1.0, 1.0, 5.0], source=3)

POINTERS = {
    "first": (first(adj), [3, 1, 2, 0]),
    "last": (last(adj), [3, 1, 2, 2]),
    "choose": (choose(adj), [3, 1, 2, 0]),
    "choose the last": (choose(adj, tie="last"), [3, 1, 2, 2]),
    "smallest key, first": (argmin(sender(key), adj), [3, 1, 2, 1]),
    "smallest key, last": (argmin(sender(key), adj, tie="last"), [3, 1, 2, 2]),
    "free ties go by the rule as well": (argmin(sender(key), adj, tie="last", free=True), [3, 1, 2, 2]),
    "largest key": (argmax(sender(key), adj), [3, 1, 2, 0]),
    "key of the pair": (argmin(A, sender(me) == sender(me)), [0, 0, 0, 3]),
    "the other way round": (first(reverse(adj)), [3, 3, 3, 0]),
    "a default": (first(adj, default=follow(s, me)), [3, 3, 3, 0]),
    "nobody": (first(nobody), [0, 1, 2, 3]),
    "nobody, with a default": (argmin(A, nobody, default=node_at(2)), [2, 2, 2, 2]),
}


@pytest.mark.parametrize("case", POINTERS)
def test_selections_at_nodes(case):
    expression, wanted = POINTERS[case]
    assert value_of(pointer, me, expression, STAR).tolist() == [wanted]


TARGETS = {
    "first": (first(key < 5), 0),
    "last": (last(key < 5), 2),
    "smallest, first": (argmin(key, me == me), 1),
    "smallest, last": (argmin(key, me == me, tie="last"), 2),
    "largest": (argmax(key, me == me), 3),
    "nobody": (first(key > 9), 0),
    "nobody, with a default": (first(key > 9, default=node_at(3)), 3),
    "read at the source": (follow(s, first(adj)), 0),
}


@pytest.mark.parametrize("case", TARGETS)
def test_selections_of_the_graph(case):
    expression, wanted = TARGETS[case]
    assert value_of(target, first(me == me), expression, STAR).tolist() == [wanted]


NUMBERS = {
    "smallest": (min_of(sender(key), adj), [5, 0, 0, 1]),
    "smallest, with a default": (min_of(sender(key), adj, default=7), [5, 7, 7, 1]),
    "largest": (max_of(sender(key), adj, default=-1), [5, -1, -1, 2]),
    "a default of nodes": (max_of(sender(key), nobody, default=key), [2, 1, 1, 5]),
    "of the receiver": (max_of(receiver(key), adj, default=0), [2, 0, 0, 5]),
    "of the pair": (max_of(A, adj, default=0.5), [1, 0.5, 0.5, 1]),
    "graph values are spread": (key + size, [6, 5, 5, 9]),
    "read": (follow(first(adj), key), [5, 1, 1, 2]),
    "of the source": (key * 0 + follow(s, key), [5] * 4),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_at_nodes(case):
    expression, wanted = NUMBERS[case]
    assert value_of(number, 0, expression, STAR).tolist() == [wanted]


def test_numbers_of_the_graph():
    assert value_of(total, 0, min_of(key, key > 1), STAR).tolist() == [2]
    assert value_of(total, 0, max_of(key, key > 9, default=-3), STAR).tolist() == [-3]
    assert value_of(total, 0, size, STAR).tolist() == [4]
    assert value_of(total, 0, index(last(me == me)), STAR).tolist() == [3]


def test_any_and_all_over_senders_and_nodes():
    assert value_of(mask, False, any_of(adj), STAR).tolist() == [[True, False, False, True]]
    assert value_of(mask, False, all_of(adj | (sender(key) > 2)), STAR).tolist() == [
        [False, False, False, True]
    ]
    flag = graph.mask("flag")
    for expression, wanted in ((any_of(key > 4), True), (all_of(key > 4), False), (all_of(key > 0), True)):
        assert value_of(flag, False, expression, STAR).tolist() == [wanted]


def test_a_pointer_to_no_node_reads_nothing():
    nowhere = node_at(index(me) + 2)
    assert value_of(number, 0, follow(nowhere, key + 1), STAR).tolist() == [[2, 6, 0, 0]]
    assert value_of(mask, True, follow(nowhere, me == me), STAR).tolist() == [[True, True, False, False]]
    assert value_of(color, "blue", follow(nowhere, where(s, "blue", color)), STAR).tolist() == [[2, 2, 0, 0]]
    assert value_of(pointer, me, follow(nowhere, me), STAR).tolist() == [[2, 3, 0, 0]]
    assert value_of(total, 5, follow(node_at(size), key), STAR).tolist() == [0]


def test_padding_is_no_node_to_read():
    both = join([STAR, batch_of("", 2, [3.0, 4.0])])
    found = value_of(number, 0, follow(node_at(index(me) + 1), key), both)
    assert found[1, :2].tolist() == [4, 0]


def test_values_that_do_not_vary_stay_small():
    """An edge value that depends on one end has length 1 on the other axis."""
    program = once(number, 0, min_of(sender(key) + 1, adj))
    batch = graphs(7, 2, 0.4, "random")
    batch.values["key"] = torch.rand(2, 7)
    evaluation = Evaluation(Machine(program, batch).inputs, {})
    key_of_best = next(x for x in selecting_expressions(program).values() if isinstance(x, Best)).value
    assert evaluation.of(key_of_best).shape == (2, 7, 1)


# ---- what is recorded


def _check_selections(program, batch):
    """Admissible sets hold the chosen one, and are all ties where they are free and else it alone."""
    trace = interpret(program, batch, selections=True)
    machine = Machine(program, batch)
    expressions = selecting_expressions(program)
    if trace.frames == 1:
        assert not trace.selections
        return
    assert set(trace.selections) == set(expressions)
    state = machine.start()
    for frame in range(trace.frames - 1):
        going = trace.lengths > frame + 1
        evaluation = machine.evaluation(state)
        for name, expression in expressions.items():
            selection = trace.selections[name]
            assert selection.text
            admissible, chosen = selection.admissible[frame], selection.chosen[frame]
            if isinstance(expression, Follow):
                assert bool((admissible.sum(-1) == 1).all())
                continue
            ties = evaluation.ties(expression).movedim(1, -1).expand(admissible.shape)
            live = going.reshape(-1, *[1] * (chosen.dim() - 1))
            some = ties.any(-1) & live
            held = admissible.gather(-1, chosen[..., None])[..., 0]
            assert bool(held[some].all()), name
            wanted = ties
            if isinstance(expression, Select) and not expression.free:
                wanted = torch.nn.functional.one_hot(chosen, ties.shape[-1]).bool()
            assert torch.equal(admissible[some], wanted[some]), name
            assert not bool((selection.active[frame] & live & ~ties.any(-1)).any()), name
        state = machine.step(state)


@pytest.mark.parametrize("name", NAMES)
def test_admissible_sets_of_the_tasks(name):
    for density, weights in ((0.2, "equal"), (0.5, "random")):
        _check_selections(load(name).program, inputs(name, 5, 2, density, weights))


@settings(max_examples=40)
@given(programs(Grammar(depth=2, variables=3)), batches(largest=4))
def test_admissible_sets_of_random_programs(program, batch):
    for row in range(len(batch)):
        _check_selections(program, alone(batch, row))


def test_free_ties_are_all_admissible_and_others_are_not():
    free, bound = (argmin(sender(key), adj, free=f).named("best") for f in (True, False))
    for expression, wanted in ((free, [False, True, True, False]), (bound, [False, True, False, False])):
        trace = interpret(once(pointer, me, expression), STAR, selections=True)
        assert trace.selections["best"].admissible[0, 0, 3].tolist() == wanted
        assert trace.selections["best"].chosen[0, 0].tolist() == [3, 1, 2, 1]


def test_a_selection_of_the_graph_is_recorded_over_the_nodes():
    trace = interpret(once(target, first(s), choose(key < 5).named("some")), STAR, selections=True)
    selection = trace.selections["some"]
    assert selection.admissible.shape == (1, 1, 4)
    assert selection.admissible[0, 0].tolist() == [True, True, True, False]
    assert selection.chosen.tolist() == [[0]]
    assert selection.active.tolist() == [[True]]


def test_selections_are_recorded_only_when_asked_for():
    batch = graphs(5, 2, 0.4, "random")
    assert not interpret(load("bfs").program, batch).selections
    plain, recorded = (interpret(load("bfs").program, batch, selections=x) for x in (False, True))
    for name, value in plain.values.items():
        assert torch.equal(value, recorded.values[name])
