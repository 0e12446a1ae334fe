"""The checker knows where every expression lives, what it can be, and in which range."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings

from mechgap.kinds.mask import Mask, MaskOne
from mechgap.kinds.scalar import Scalar
from mechgap.lang.inference import Inference
from mechgap.lang.location import Location
from mechgap.lang.operations import Operation
from mechgap.lang.program import Program
from mechgap.lang.ranges import arithmetic
from mechgap.lang.vocabulary import (
    all_of,
    any_of,
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
from strategies import Grammar, batches, programs

x = node.scalar("x", low=-2, high=3)
c = node.scalar("c", low=0, high=9, whole=True)
m = node.mask("m")
one = node.mask_one("one")
two = node.mask_one("two")
p = node.pointer("p")
color = node.categorical("color", ["white", "gray", "black"])
adj = edge.mask("adj")
w = edge.scalar("w", low=1, high=8)
link = edge.pointer("link")
g = graph.scalar("g", low=0, high=5, whole=True)
on = graph.mask("on")
root = graph.pointer("root")
mode = graph.categorical("mode", ["up", "down"])
KNOWN = (x, c, m, one, two, p, color, adj, w, link, g, on, root, mode)

TYPES = [
    # Leaves
    (me, "node pointer"),
    (size, "graph whole scalar[1, inf]"),
    (x, "node scalar[-2, 3]"),
    (c, "node whole scalar[0, 9]"),
    (one, "node mask_one"),
    (color, "node categorical{white, gray, black}"),
    (link, "edge pointer"),
    # Arithmetic: intervals, wholeness, spreading
    (x + c, "node scalar[-2, 12]"),
    (c + c, "node whole scalar[0, 18]"),
    (c + 1, "node whole scalar[1, 10]"),
    (c + 0.5, "node scalar[0.5, 9.5]"),
    (c + 2.0, "node whole scalar[2, 11]"),
    (x - c, "node scalar[-11, 3]"),
    (5 - g, "graph whole scalar[0, 5]"),
    (x * x, "node scalar[-6, 9]"),
    (x * -2, "node scalar[-6, 4]"),
    (c * 0.5, "node scalar[0, 4.5]"),
    (size * 0, "graph whole scalar[0, 0]"),
    (size + c, "node whole scalar[1, inf]"),
    (size - size, "graph whole scalar[-inf, inf]"),
    (minimum(x, c), "node scalar[-2, 3]"),
    (maximum(x, c), "node scalar[0, 9]"),
    (minimum(c, g), "node whole scalar[0, 5]"),
    (w + g, "edge scalar[1, 13]"),
    (g + g, "graph whole scalar[0, 10]"),
    # Logic and comparison
    (~m, "node mask"),
    (m & on, "node mask"),
    (on | on, "graph mask"),
    (adj & on, "edge mask"),
    (one & m, "node mask"),
    (x < c, "node mask"),
    (x <= g, "node mask"),
    (w > 2, "edge mask"),
    (p == me, "node mask"),
    (p < me, "node mask"),
    (p == root, "node mask"),
    (root == root, "graph mask"),
    (m == one, "node mask"),
    (color == "gray", "node mask"),
    (color == color, "node mask"),
    (mode == "up", "graph mask"),
    # Conditionals
    (where(m, x, c), "node scalar[-2, 9]"),
    (where(m, c, g), "node whole scalar[0, 9]"),
    (where(on, x, 0), "node scalar[-2, 3]"),
    (where(m, 1, 0), "node whole scalar[0, 1]"),
    (where(on, 1, 0), "graph whole scalar[0, 1]"),
    (where(adj, w, 0), "edge scalar[0, 8]"),
    (where(m, p, me), "node pointer"),
    (where(m, root, p), "node pointer"),
    (where(on, one, two), "node mask_one"),
    (where(m, one, two), "node mask"),
    (where(on, one, m), "node mask"),
    (where(m, "gray", color), "node categorical{white, gray, black}"),
    (where(m, color, "gray"), "node categorical{white, gray, black}"),
    # Lifts
    (sender(x), "edge scalar[-2, 3]"),
    (receiver(p), "edge pointer"),
    (sender(one), "edge mask"),
    (sender(color), "edge categorical{white, gray, black}"),
    (sender(g), "edge whole scalar[0, 5]"),
    (reverse(adj), "edge mask"),
    (reverse(w), "edge scalar[1, 8]"),
    # Reductions
    (any_of(adj), "node mask"),
    (any_of(m), "graph mask"),
    (all_of(adj & sender(m)), "node mask"),
    (min_of(w, adj), "node scalar[0, 8]"),
    (min_of(w, adj, default=4), "node scalar[1, 8]"),
    (max_of(sender(c), adj, default=g), "node whole scalar[0, 9]"),
    (max_of(c, m, default=12), "graph whole scalar[0, 12]"),
    (min_of(g, adj), "node whole scalar[0, 5]"),
    (min_of(w, on), "node scalar[0, 8]"),
    (min_of(c, m, default=0.5), "graph scalar[0, 9]"),
    # Selections
    (first(adj), "node pointer"),
    (last(m), "graph pointer"),
    (choose(adj & sender(m), default=p), "node pointer"),
    (choose(m, default=root), "graph pointer"),
    (argmin(w, adj), "node pointer"),
    (argmin(w, on), "node pointer"),
    (argmin(g, adj), "node pointer"),
    (argmax(x, m), "graph pointer"),
    (first(adj, default=root), "node pointer"),
    # References
    (follow(p, x), "node scalar[-2, 3]"),
    (follow(root, x), "graph scalar[-2, 3]"),
    (follow(one, color), "graph categorical{white, gray, black}"),
    (follow(one, p), "graph pointer"),
    (follow(p, one), "node mask"),
    (follow(one, one), "graph mask"),
    (index(p), "node whole scalar[0, inf]"),
    (index(root), "graph whole scalar[0, inf]"),
    (node_at(c), "node pointer"),
    (node_at(g + 1), "graph pointer"),
]


@pytest.mark.parametrize(("expression", "expected"), TYPES, ids=range(len(TYPES)))
def test_types(expression, expected):
    inference = Inference("here", KNOWN)
    found = inference.of(expression)
    assert not inference.faults
    assert str(found) == expected


def test_units_are_those_of_the_program():
    """Inside a program a scalar counts units; the unit matters when it is recorded."""
    clock = graph.scalar("clock", low=0, high=100, whole=True, unit=0.01)
    inference = Inference("here", (clock,))
    assert inference.of(clock + 1).kind == Scalar(1, 101, whole=True)


def test_a_position_may_lie_outside_of_the_graph():
    inference = Inference("here", KNOWN)
    assert inference.of(index(node_at(c - 3))).scalar.low <= -3


def test_following_to_no_node_reads_zero():
    high = node.scalar("high", low=3, high=5)
    inference = Inference("here", (*KNOWN, high))
    assert inference.of(follow(node_at(c), high)).scalar.low <= 0


def test_each_expression_is_inferred_once():
    """Programs are graphs of shared expressions; as a tree this one has 2^60 leaves."""
    shared = c
    for _ in range(60):
        shared = minimum(shared, shared)
    assert Inference("here", KNOWN).of(shared).kind == Scalar(0, 9, whole=True)


def test_categories_of_literals_come_from_the_variable_they_meet():
    literal = where(m, "gray", where(on, "white", "black"))
    inference = Inference("here", KNOWN)
    assert inference.of(literal).literal
    inference.of(color == literal)
    for part in (literal, *literal.children[1:], *literal.children[2].children[1:]):
        assert inference.types[part].categories == ("white", "gray", "black")
        assert not inference.types[part].literal


INTERVALS = [(-2.0, 3.0), (0.0, 0.0), (1.0, math.inf), (-math.inf, math.inf), (-math.inf, -1.0), (4.0, 4.0)]
FUNCTIONS = {
    Operation.ADD: lambda a, b: a + b,
    Operation.SUBTRACT: lambda a, b: a - b,
    Operation.MULTIPLY: lambda a, b: a * b,
    Operation.MINIMUM: min,
    Operation.MAXIMUM: max,
}


@pytest.mark.parametrize("operation", FUNCTIONS, ids=lambda o: o.name)
@pytest.mark.parametrize("left", INTERVALS)
@pytest.mark.parametrize("right", INTERVALS)
def test_intervals_hold_their_values(operation, left, right):
    found = arithmetic(operation, Scalar(*left), Scalar(*right))
    assert found.low <= found.high
    for a in _samples(*left):
        for b in _samples(*right):
            assert found.low <= FUNCTIONS[operation](a, b) <= found.high


def _samples(low: float, high: float) -> list[float]:
    ends = [max(low, -1e6), min(high, 1e6)]
    return [*ends, sum(ends) / 2, *(v for v in (-1.0, 0.0, 1.0) if low <= v <= high)]


@pytest.mark.parametrize(
    "grammar",
    [
        Grammar(products=True, edge_state=True),
        Grammar(products=True, whole_weights=False),
        Grammar(positions=True),
    ],
    ids=["whole", "real", "positions"],
)
def test_every_value_of_a_run_fits_its_inferred_type(grammar):
    @settings(max_examples=60)
    @given(programs(grammar), batches(whole=grammar.whole_weights))
    def holds(program: Program, batch):
        from mechgap.errors import RangeError
        from mechgap.semantics.interpreter import interpret
        from mechgap.semantics.machine import Machine

        try:
            interpret(program, batch)
        except RangeError:
            assume(False)
        machine = Machine(program, batch)
        state = machine.start()
        for _ in range(2):
            values = machine.evaluation(state)
            for expression, kind in _read(program).items():
                _check(values.full(expression, kind.location), kind, batch, program.source)
            if bool(machine.halted(state).any()):
                break  # what comes after the last frame is no state of a run
            state = machine.step(state)

    holds()


def _read(program):
    """The expressions that are read in a state, with their types."""
    found = {}

    def visit(expression):
        if expression not in found:
            found[expression] = program.types[expression]
            for child in expression.children:
                visit(child)

    for root_ in (*program.step.values(), program.halt, *program.outputs.values()):
        visit(root_)
    return found


def _check(values, kind, batch, text):
    import torch

    assert not kind.literal
    real = {Location.NODE: batch.nodes, Location.EDGE: batch.pairs}.get(kind.location)
    values = values if real is None else values[real]
    if kind.is_scalar:
        assert ((values >= kind.scalar.low) & (values <= kind.scalar.high)).all(), text
        assert not kind.scalar.whole or (values == values.round()).all(), text
    elif isinstance(kind.kind, (Mask, MaskOne)):
        assert values.dtype == torch.bool
    else:
        assert values.dtype == torch.int64
        assert not kind.is_categorical or ((values >= 0) & (values < len(kind.categories))).all(), text
