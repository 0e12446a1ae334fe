"""A malformed program is refused: every fault, all at once, each in four parts."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given

from mechgap.errors import MechgapError, ProgramError
from mechgap.lang.checker import check
from mechgap.lang.expression import Constant, Variable
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    edge,
    first,
    follow,
    graph,
    index,
    me,
    min_of,
    minimum,
    node,
    node_at,
    reverse,
    sender,
    size,
    where,
)
from strategies import programs

adj, w = edge.mask("adj"), edge.scalar("w", low=0, high=8)
s = node.mask_one("s")
seen, p = node.mask("seen"), node.pointer("p")
x = node.scalar("x", low=0, high=9)
c = node.scalar("c", low=0, high=9, whole=True)
color = node.categorical("color", ["white", "black"])
heat = node.categorical("heat", ["cold", "white", "hot"])
token = node.mask_one("token")
g, on, root = graph.scalar("g", low=0, high=9, whole=True), graph.mask("on"), graph.pointer("root")
stranger = node.mask("stranger")

INPUTS = (adj, w, s)
START = {seen: s, p: me, x: 0, c: 0, color: "white", heat: "cold", token: s, g: 0, on: False, root: first(s)}


def build(**changes):
    """A program that is well formed but for the changes."""
    parts = {
        "name": "probe",
        "inputs": INPUTS,
        "init": START,
        "step": {seen: seen | any_of(sender(seen) & adj)},
        "halt": ~anywhere(any_of(sender(seen) & adj) & ~seen),
        "outputs": {"seen": seen},
    }
    return Program(**{**parts, **changes})


def faults_of(**changes):
    with pytest.raises(ProgramError) as caught:
        build(**changes)
    return caught.value.faults


def step(variable, value):
    return {"step": {variable: value}}


FAULTY = {
    # Operations on the wrong kinds
    "not of a number": (step(seen, ~x), "mask"),
    "and of a pointer": (step(seen, seen & p), "mask"),
    "or of a category": (step(seen, seen | color), "mask"),
    "sum of masks": (step(x, seen + 1), "scalar"),
    "sum of pointers": (step(x, p + 1), "scalar"),
    "smaller of pointers": (step(x, minimum(p, 1)), "scalar"),
    "index of a number": (step(x, index(x)), "pointer"),
    "node at a pointer": (step(p, node_at(p)), "scalar"),
    "node at a fraction": (step(p, node_at(x)), "whole"),
    "condition that is a number": (step(x, where(x, 1, 0)), "mask"),
    "branches of two kinds": (step(x, where(seen, x, p)), "same kind"),
    "branches of two categoricals": (step(color, where(seen, color, heat)), "same kind"),
    "number against pointer": (step(seen, x == p), "same kind"),
    "pointer against number": (step(seen, p < x), "pointer"),
    "order of masks": (step(seen, seen < seen), "two numbers"),
    "order of categories": (step(seen, color < color), "two numbers"),
    "category of another variable": (step(seen, color == "hot"), "same kind"),
    "two categoricals": (step(seen, color == heat), "same kind"),
    "literals without a variable": (step(seen, Constant("white") == "black"), "categor"),
    "chosen literals without a variable": (step(seen, where(seen, "a", "b") == "a"), "categor"),
    # Constants and variables
    "endless constant": (step(x, x + math.inf), "finite"),
    "no number": (step(x, x + math.nan), "finite"),
    "number beyond float": (step(x, x + 10**400), "finite"),
    "unknown variable": (step(seen, stranger), "only"),
    "state in the first state": ({"init": {**START, seen: seen}}, "only"),
    # Locations
    "node with edge": (step(x, x + w), "one location"),
    "lift of an edge": (step(seen, any_of(sender(adj))), "nodes"),
    "reverse of a node": (step(seen, reverse(seen)), "edges"),
    "any of the graph": (step(on, any_of(on)), "nodes or edges"),
    "any of numbers": (step(seen, any_of(w)), "mask"),
    "smallest of masks": (step(x, min_of(sender(seen), adj)), "scalar"),
    "smallest among numbers": (step(x, min_of(w, w)), "mask"),
    "smallest of nodes among edges": (step(x, min_of(x, adj)), "one location"),
    "smallest of the graph": (step(x, min_of(g, on)), "nodes or edges"),
    "smallest with a mask for default": (step(x, min_of(w, adj, default=seen)), "scalar"),
    "smallest with a default too far up": (step(g, min_of(x, seen, default=x)), "every graph"),
    "key of nodes among edges": (step(p, argmin(x, adj)), "one location"),
    "key that is a mask": (step(p, argmin(adj, adj)), "scalar"),
    "selection of numbers": (step(p, first(w)), "mask"),
    "selection in the graph": (step(p, first(on)), "nodes or edges"),
    "selection with a number for default": (step(p, first(adj, default=x)), "pointer"),
    "selection with a default too far up": (step(root, first(seen, default=p)), "every graph"),
    "following a mask": (step(x, follow(seen, x)), "pointer"),
    "following a mask of edges": (step(x, min_of(follow(adj, x), adj)), "pointer"),
    "following to an edge": (step(x, follow(p, w)), "nodes"),
    "following to the graph": (step(x, follow(p, g)), "nodes"),
    # Assignments
    "edge to node": (step(seen, adj), "node mask"),
    "node to graph": (step(on, seen), "graph mask"),
    "number to mask": (step(seen, x), "node mask"),
    "pointer to number": (step(x, p), "scalar"),
    "other categories": (step(color, heat), "categorical"),
    "unknown category": (step(color, "hot"), "categorical"),
    "fraction to whole": (step(c, x), "whole"),
    "mask to mask_one": (step(token, seen), "exactly one"),
    "own pointer to mask_one": (step(token, me == p), "exactly one"),
    "position to mask_one": (step(token, me == node_at(g)), "exactly one"),
    "choice of each node to mask_one": (step(token, where(seen, token, s)), "exactly one"),
    "first value of another kind": ({"init": {**START, seen: 1}}, "node mask"),
    # Parts of a program
    "halt of every node": ({"halt": seen}, "graph"),
    "halt that is a number": ({"halt": g}, "mask"),
    "limit of every node": ({"limit": x}, "graph"),
    "limit that is a mask": ({"limit": on}, "scalar"),
    "limit of the state": ({"limit": g + 1}, "size"),
    "output of an unknown variable": ({"outputs": {"out": stranger}}, "only"),
    "output of bare literals": ({"outputs": {"out": where(seen, "a", "b")}}, "categor"),
    "step without a first value": (
        {"step": {seen: seen, stranger: seen}},
        "a first value for every state variable",
    ),
    "no inputs": ({"inputs": (), "init": {seen: True}, "step": {}, "halt": True}, "at least one"),
    "no state": ({"init": {}, "step": {}, "halt": True, "outputs": {"s": s}}, "at least one"),
    "no outputs": ({"outputs": {}}, "at least one"),
    # Names and kinds
    "program named with a space": ({"name": "two words"}, "letters"),
    "output named with a dash": ({"outputs": {"my-out": seen}}, "letters"),
    "variable named with a digit": ({"init": {**START, node.mask("1st"): False}}, "letters"),
    "name used twice": ({"init": {**START, node.scalar("seen"): 0}}, "one variable for each name"),
    "input that is state": ({"init": {**START, s: s}}, "one variable for each name"),
    "bounds the wrong way round": ({"init": {**START, node.scalar("y", low=2, high=1): 1}}, "low <= high"),
    "bound that is no number": ({"init": {**START, node.scalar("y", low=math.nan): 1}}, "low <= high"),
    "unit of a fraction": ({"init": {**START, node.scalar("y", unit=0.5): 1}}, "whole"),
    "unit of nothing": ({"init": {**START, node.scalar("y", unit=0.0, whole=True): 1}}, "unit"),
    "negative unit": ({"init": {**START, node.scalar("y", unit=-1.0, whole=True): 1}}, "unit"),
    "one category": ({"init": {**START, node.categorical("y", ["a"]): "a"}}, "two or more"),
    "category named twice": ({"init": {**START, node.categorical("y", ["a", "a"]): "a"}}, "two or more"),
    "mask_one of edges": ({"init": {**START, edge.mask_one("y"): False}}, "over nodes"),
    "mask_one of the graph": ({"init": {**START, graph.mask_one("y"): False}}, "over nodes"),
}


# Reported to the owner of the checker; each passes as soon as the checker finds the fault.
@pytest.mark.parametrize(
    "name",
    list(FAULTY),
)
def test_each_fault_is_found_and_said_in_four_parts(name):
    changes, expected = FAULTY[name]
    faults = faults_of(**changes)
    assert any(expected in fault.expected for fault in faults), [str(fault) for fault in faults]
    for fault in faults:
        assert "program" in fault.where
        assert fault.given and fault.expected and fault.remedy
        assert not fault.given.endswith((".", ":"))


def test_the_probe_without_a_fault_is_well_formed():
    assert check(build()) == []


def test_all_faults_are_reported_at_once():
    faults = faults_of(
        name="bad name",
        init={**START, seen: 1},
        step={x: x + w, c: x, color: "hot", seen: ~x, token: seen},
        halt=seen,
        outputs={"out": stranger},
    )
    assert len(faults) == 9, [str(fault) for fault in faults]


def test_the_message_holds_every_fault():
    with pytest.raises(ProgramError) as caught:
        build(step={x: x + w, c: x}, halt=seen)
    error = caught.value
    assert len(error.faults) == 3
    for fault in error.faults:
        for part in (fault.where, fault.given, fault.expected, fault.remedy):
            assert part in str(error)
    assert str(error).count("given:") == str(error).count("expected:") == str(error).count("do:") == 3


def test_a_fault_in_a_shared_expression_is_reported_once():
    bad = x + w
    faults = faults_of(step={x: bad, c: bad + 1, seen: bad < 3})
    assert len(faults) == 1
    assert "x + w" in faults[0].where


def test_a_fault_says_where_it_is():
    (fault,) = faults_of(step={x: minimum(x, p)})
    assert fault.where == "program probe, in `minimum(x, p)`"
    assert "`p`" in fault.given and "node pointer" in fault.given


def test_an_unknown_variable_is_shown_with_those_that_are_known():
    (fault,) = faults_of(init={**START, seen: stranger})
    assert "first state" in fault.where
    assert fault.expected == "only adj, s, w"


def test_a_fault_deep_in_shared_expressions_is_reported_quickly():
    """As a tree the expression has 2^40 leaves: its text must not be written in full."""
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from mechgap.lang.inference import Inference
from mechgap.lang.vocabulary import minimum, node
x = node.scalar("x")
deep = x
for _ in range(40):
    deep = minimum(deep, deep)
inference = Inference("here", (x,))
assert inference.of(~deep) is None
assert len(inference.faults[0].where) < 400
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


GOOD_ASSIGNMENTS = {
    "graph value to nodes": (seen, on),
    "constant to nodes": (seen, True),
    "whole to fraction": (x, c),
    "mask_one to mask": (seen, token),
    "graph pointer to nodes": (p, root),
    "literal": (color, "black"),
    "chosen literals": (color, where(seen, "black", where(on, "white", color))),
    "own pointer to the root": (token, me == root),
    "root to the own pointer": (token, root == me),
    "choice of the graph": (token, where(on, token, s)),
    "choice of the graph by pointer": (token, where(on, me == root, where(on, token, me == first(seen)))),
    "first of nodes": (token, me == first(seen)),
    "whole from whole": (c, minimum(c + index(p) * 2, 9)),
    "number of nodes": (g, minimum(size, 9)),
    "fresh category": (heat, "hot"),
}


@pytest.mark.parametrize("name", GOOD_ASSIGNMENTS)
def test_what_fits_is_accepted(name):
    variable, value = GOOD_ASSIGNMENTS[name]
    assert build(step={variable: value}).step[variable] is not None


def test_variables_without_a_step_keep_their_value():
    program = build(step={})
    assert all(program.step[v] is v for v in program.state)


def test_the_interface_is_read_off_the_program():
    hidden = node.mask("hidden", internal=True)
    program = build(
        init={**START, hidden: False},
        outputs={
            "found": seen,
            "far": x + 1,
            "tone": color,
            "mark": token,
            "start": first(seen),
            "root_is": me == root,
            "either": where(on, token, me == root),
            "nodes_own": me == p,
            "of_each": where(seen, token, me == root),
        },
    )
    assert [port.name for port in program.interface.inputs] == ["adj", "w", "s"]
    assert [port.name for port in program.interface.hints] == [v.name for v in START]
    assert [v.name for v in program.state] == [*(v.name for v in START), "hidden"]
    outputs = {p.name: (p.location, p.kind.describe()) for p in program.interface.outputs}
    assert outputs == {
        "found": (Location.NODE, "mask"),
        "far": (Location.NODE, "scalar[1, 10]"),
        "tone": (Location.NODE, "categorical{white, black}"),
        "mark": (Location.NODE, "mask_one"),
        "start": (Location.GRAPH, "pointer"),
        "root_is": (Location.NODE, "mask_one"),
        "either": (Location.NODE, "mask_one"),
        "nodes_own": (Location.NODE, "mask"),
        "of_each": (Location.NODE, "mask"),
    }


def test_an_output_that_is_a_variable_keeps_its_unit():
    clock = node.scalar("clock", low=0, high=9, whole=True, unit=0.01)
    program = build(init={**START, clock: 0}, outputs={"time": clock})
    assert program.interface.outputs[0].kind.unit == 0.01


def test_program_errors_are_mechgap_errors():
    with pytest.raises(MechgapError):
        build(halt=seen)
    assert "probe" in repr(build())


@given(programs())
def test_well_typed_programs_have_no_faults(program):
    assert check(program) == []
    reached = [*program.init.values(), *program.step.values(), program.halt, program.limit]
    while reached:
        expression = reached.pop()
        assert not program.types[expression].literal
        reached.extend(expression.children)


@given(programs())
def test_taking_away_a_first_value_is_noticed(program):
    variable = program.state[-1]
    rest = {v: value for v, value in program.init.items() if v is not variable}
    with pytest.raises(ProgramError) as caught:
        Program(program.name, program.inputs, rest, program.step, program.halt, program.outputs)
    assert any(variable.name in str(fault) for fault in caught.value.faults)
    assert isinstance(variable, Variable)
