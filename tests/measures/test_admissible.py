"""The admissible sets of pointers: textbook truth, membership of every tie rule, plain runs."""

from __future__ import annotations

import pytest
import torch

from mechgap.lang.program import Program
from mechgap.lang.vocabulary import any_of, anywhere, choose, edge, follow, me, node, sender, where
from mechgap.measures.admissible import (
    SetMachine,
    admissible_answers,
    admissible_trace,
    member,
    one_hot,
    only_answers,
)
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.graphs import bfs


def searching(tie):
    """Breadth-first search with another tie rule, and a pointer that is read through the parent."""
    s, adj = node.mask_one("s"), edge.mask("adj")
    reached, parent, above = node.mask("reached"), node.pointer("parent"), node.pointer("above")
    offers = sender(reached) & adj
    newly = any_of(offers) & ~reached
    return Program(
        f"search_{tie}",
        inputs=(s, adj),
        init={reached: s, parent: me, above: me},
        step={
            reached: reached | newly,
            parent: where(newly, choose(offers, tie=tie), parent),
            above: where(reached, follow(parent, parent), above),
        },
        halt=~anywhere(newly),
        outputs={"parent": parent, "above": above},
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_run_is_always_admissible(name):
    task = load(name)
    exact = interpret(task.program, task.sample(3, 8, 6, p=0.4))
    choices, answers = admissible_trace(task.program, exact)
    for variable, sets in choices.items():
        assert member(sets, exact.values[variable]).all()
    for port, value in exact.outputs.items():
        assert answers[port].accepts(value).all()


def test_the_parents_of_a_search_are_all_right_parents(graphs, exact):
    """Against the textbook: a node may point to u exactly if the task's own test says so."""
    answers = admissible_answers(bfs.program, exact)
    for target in range(graphs.width):
        pointer = torch.full_like(exact.outputs["pi"], target)
        right = bfs.task.valid({"pi": pointer}, graphs)
        assert torch.equal(answers["pi"].accepts(pointer) & graphs.nodes, right)


def test_every_tie_rule_stays_within_the_sets(graphs):
    ours, theirs = searching("first"), searching("last")
    run, other = interpret(ours, graphs), interpret(theirs, graphs)
    choices, _ = admissible_trace(ours, run)
    assert member(choices["parent"], other.values["parent"]).all()
    assert not torch.equal(run.values["parent"], other.values["parent"])


def test_sets_follow_copies_and_reads(graphs):
    """What is read through a pointer is the set of the node that the run points to."""
    program = searching("first")
    run = interpret(program, graphs)
    choices, _ = admissible_trace(program, run)
    step = run.values["reached"][0] & (run.lengths > 1)[:, None]
    assert torch.equal(choices["above"][1][step], choices["parent"][0][step])
    assert (choices["above"].sum(-1) >= 1).all()


def test_without_free_choices_sets_have_one_member():
    task = load("dfs")
    exact = interpret(task.program, task.sample(0, 7, 4, p=0.3))
    choices, _ = admissible_trace(task.program, exact)
    assert torch.equal(choices["pi_h"], one_hot(exact.values["pi_h"], 7))


def test_answers_exclude_and_equal(exact):
    wide, narrow = admissible_answers(bfs.program, exact)["pi"], only_answers(bfs.program, exact)["pi"]
    assert wide.equals(wide).all()
    assert not wide.excludes(wide).any()
    away = exact.outputs["pi"].roll(1, -1)
    assert torch.equal(narrow.accepts(away), away == exact.outputs["pi"])
    rows = torch.tensor([2, 0])
    assert torch.equal(wide.take(rows).choices, wide.choices[rows])


def test_a_pointer_to_no_node_is_never_admissible():
    pointer = torch.tensor([[-1, 0, 5]])
    assert one_hot(pointer, 3).sum(-1).tolist() == [[0, 1, 0]]
    assert member(torch.ones(1, 3, 3, dtype=torch.bool), pointer).tolist() == [[False, True, False]]


def test_runs_can_go_on_past_their_halt(graphs, exact):
    machine = SetMachine(bfs.program, graphs)
    frames = machine.run(exact.frames + 3)
    assert len(frames.values["pi_h"]) == exact.frames + 3
    assert torch.equal(frames.values["pi_h"][-1], exact.outputs["pi"])
    ends = machine.advance(machine.start(), exact.lengths - 1)
    assert machine.halted(ends).all()
