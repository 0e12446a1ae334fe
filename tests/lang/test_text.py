"""A program prints as text that a person can read and that hashes stably."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given

from mechgap.lang.expression import Constant, Expression, Follow, Select, Variable
from mechgap.lang.program import Program
from mechgap.lang.text import expression_text
from mechgap.lang.vocabulary import (
    all_of,
    any_of,
    anywhere,
    argmax,
    argmin,
    choose,
    edge,
    first,
    follow,
    graph,
    index,
    last,
    max_of,
    maximum,
    me,
    min_of,
    minimum,
    node,
    node_at,
    receiver,
    reverse,
    sender,
    size,
    where,
)
from strategies import Grammar, programs

x, c = node.scalar("x"), node.scalar("c", whole=True)
m, k, p, q = node.mask("m"), node.mask("k"), node.pointer("p"), node.pointer("q")
adj, w = edge.mask("adj"), edge.scalar("w")
root, on = graph.pointer("root"), graph.mask("on")
color = node.categorical("color", ["white", "black"])

TEXTS = [
    (me, "me"),
    (size, "size"),
    (x, "x"),
    (x + 1, "x + 1"),
    (x + 0.5, "x + 0.5"),
    (x - (c - 1), "x - (c - 1)"),
    (x * (c + 1), "x * (c + 1)"),
    (minimum(x + 1, c), "minimum(x + 1, c)"),
    (maximum(x, c) + 1, "maximum(x, c) + 1"),
    (~m, "not m"),
    (~(m & k), "not (m and k)"),
    (m & ~k, "m and (not k)"),
    (m | True, "m or true"),
    (x < c + 1, "x < (c + 1)"),
    (x >= c, "c <= x"),
    (p != me, "not (p = me)"),
    (color == "white", "color = 'white'"),
    (where(m, x, 0), "if m then x else 0"),
    (where(m, where(k, x, 1), 0), "if m then (if k then x else 1) else 0"),
    (index(p), "index of p"),
    (node_at(c + 1), "node at (c + 1)"),
    (sender(m) & adj, "sender.m and adj"),
    (receiver(x + 1), "receiver.(x + 1)"),
    (reverse(adj), "reverse adj"),
    (any_of(sender(m) & adj), "any[sender.m and adj]"),
    (all_of(adj), "not any[not adj]"),
    (min_of(sender(x) + w, adj, default=9), "smallest[sender.x + w | adj; else 9]"),
    (max_of(x, m), "largest[x | m; else 0]"),
    (first(adj), "first[adj]"),
    (last(adj, default=p), "last[adj; else p]"),
    (choose(adj), "some (first)[adj]"),
    (argmin(w, adj), "first[adj by smallest w]"),
    (argmax(sender(x) + w, adj, tie="last", free=True), "some (last)[adj by largest (sender.x + w)]"),
    (follow(p, x), "x at p"),
    (follow(root, x + 1), "(x + 1) at root"),
    (follow(where(m, p, me), x), "x at (if m then p else me)"),
]


@pytest.mark.parametrize(("expression", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_expressions_read_like_sentences(expression, text):
    assert expression_text(expression) == text


def test_long_expressions_are_shortened():
    long = x
    for _ in range(100):
        long = long + 1
    assert len(expression_text(long)) <= 160
    assert expression_text(long).endswith("…")


def test_following_twice_says_which_pointer_comes_first():
    assert expression_text(follow(follow(q, p), x)) != expression_text(follow(q, follow(p, x)))


def test_numbers_of_numpy_read_like_numbers():
    import numpy as np

    assert expression_text(x + np.float64(0.5)) == "x + 0.5"


def bfs(**changes):
    s = node.mask_one("s")
    reached, parent = node.mask("reached"), node.pointer("parent")
    edges = edge.mask("adj")
    offers = (sender(reached) & edges).named("offers")
    newly = any_of(offers) & ~reached
    parts = {
        "name": "bfs",
        "inputs": (edges, s),
        "init": {reached: s, parent: me},
        "step": {reached: reached | newly, parent: where(newly, choose(offers), parent)},
        "halt": ~anywhere(newly),
        "outputs": {"pi": parent},
        "limit": size,
        "text": "Breadth-first search.",
    }
    return Program(**{**parts, **changes})


BFS = """\
program bfs
  inputs
    adj: edge mask
    s: node mask_one
  state
    reached: node mask
    parent: node pointer
  start
    reached := s
    parent := me
  let
    offers = sender.reached and adj
    t1 = any[offers] and (not reached)
  step
    reached := reached or t1
    parent := if t1 then some (first)[offers] else parent
  halt when not any[t1]
  outputs
    pi = parent
  at most size frames
"""


def test_a_program_reads_like_pseudo_code():
    assert bfs().source == BFS


def test_names_of_shared_expressions_avoid_those_of_variables():
    a, t1 = node.mask("a"), node.mask("t1")
    both = a & t1
    program = Program("p", (adj,), {a: True, t1: False}, {a: both, t1: ~both}, True, {"a": a})
    assert "t1_2 = a and t1" in program.source
    two = (a & t1).named("n"), (a | t1).named("n")
    program = Program("p", (adj,), {a: True, t1: False}, {a: two[0], t1: two[1]}, True, {"a": a})
    assert "n = a and t1" in program.source and "n_2 = a or t1" in program.source


def test_the_same_program_built_twice_has_the_same_digest():
    assert bfs().digest == bfs().digest
    assert bfs().source == bfs().source


def test_the_digest_is_that_of_the_text():
    import hashlib

    program = bfs()
    assert program.digest == hashlib.sha256(program.source.encode()).hexdigest()


def test_the_digest_does_not_depend_on_the_process():
    code = (
        "from mechgap.lang.vocabulary import *\n"
        "from mechgap.lang.program import Program\n"
        "s, adj, a = node.mask_one('s'), edge.mask('adj'), node.categorical('a', ['x', 'y', 'z'])\n"
        "b, c = node.mask('b'), node.pointer('c')\n"
        "new = any_of(sender(b) & adj)\n"
        "step = rules(when(new, {b: new, c: first(adj), a: 'y'}), when(b, {a: 'z'}))\n"
        "print(Program('p', (s, adj), {a: 'x', b: s, c: me}, step, anywhere(new), {'c': c}).digest)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


DIFFERENT = {
    "name": {"name": "other"},
    "limit": {"limit": size + 1},
    "halt": {"halt": True},
    "outputs": {"outputs": {"out": me}},
    "nothing": {},
}


def test_different_programs_have_different_digests():
    digests = [bfs(**changes).digest for changes in DIFFERENT.values()]
    assert len(set(digests)) == len(digests)


def test_the_description_is_no_part_of_the_digest():
    assert bfs(text="Flood.").digest == bfs().digest


VARIANTS = [
    (node.scalar("v"), node.scalar("v", low=0)),
    (node.scalar("v", high=1048576), node.scalar("v", high=1048577)),
    (node.scalar("v", low=0.1234567), node.scalar("v", low=0.1234568)),
    (node.scalar("v", whole=True), node.scalar("v", whole=True, unit=0.01)),
    (node.scalar("v"), node.scalar("v", internal=True)),
    (node.scalar("v"), graph.scalar("v")),
]


@pytest.mark.parametrize(("one", "other"), VARIANTS, ids=range(len(VARIANTS)))
def test_what_a_certificate_is_about_is_in_the_digest(one, other):
    def digest(v):
        return Program("p", (adj,), {v: 1}, {}, True, {"out": v}).digest

    assert digest(one) != digest(other)


CHOICES = [
    first(adj),
    last(adj),
    choose(adj),
    choose(adj, tie="last"),
    first(adj, default=me),
    argmin(w, adj),
]


def test_what_distinguishes_selections_is_in_the_text():
    assert len({expression_text(choice) for choice in CHOICES}) == len(CHOICES)


def _shape(expression: Expression):
    """What an expression is, as plain data: equal for equal expressions."""
    data = [type(expression).__name__]
    if isinstance(expression, (Constant, Variable)):
        data.append(repr(expression.value) if isinstance(expression, Constant) else expression.name)
    for name in ("operation", "end", "largest", "tie", "free"):
        data.append(str(getattr(expression, name, None)))
    if isinstance(expression, Select):
        data += [str(expression.key is None), str(expression.default is None)]
    return (*data, *map(_shape, expression.children))


def _follows_twice(expression: Expression) -> bool:
    nested = isinstance(expression, Follow) and any(isinstance(c, Follow) for c in expression.children)
    return nested or any(map(_follows_twice, expression.children))


@given(programs(Grammar(depth=2)))
def test_different_expressions_have_different_texts(program):
    known = {}
    for expression in program.types:
        text = expression_text(expression)
        if not text.endswith("…") and not _follows_twice(expression):
            assert known.setdefault(text, _shape(expression)) == _shape(expression)


@given(programs())
def test_every_part_of_a_program_is_printed(program):
    lines = program.source.splitlines()
    assert lines[0] == "program random_program"
    for part in ("  inputs", "  state", "  start", "  step", "  outputs"):
        assert part in lines
    for variable in (*program.inputs, *program.state):
        assert any(line.startswith(f"    {variable.name}: {variable.location.value} ") for line in lines)
    for name in program.outputs:
        assert any(line.startswith(f"    {name} = ") for line in lines)
    assert all(len(line.rstrip()) == len(line) for line in lines)
