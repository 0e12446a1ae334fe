"""Operators and words build the expressions that they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from mechgap.errors import ProgramError
from mechgap.lang.expression import (
    Any,
    Apply,
    Best,
    Constant,
    End,
    Follow,
    Lift,
    Reverse,
    Select,
    Tie,
    as_expression,
)
from mechgap.lang.operations import Operation
from mechgap.lang.vocabulary import (
    all_of,
    any_of,
    anywhere,
    arctan2,
    argmax,
    argmin,
    choose,
    edge,
    everywhere,
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
    rules,
    sender,
    when,
    where,
)
from strategies import programs

x, y = node.scalar("x"), node.scalar("y")
m, k = node.mask("m"), node.mask("k")
p = node.pointer("p")
adj, w = edge.mask("adj"), edge.scalar("w")

OPERATORS = [
    (x + y, Operation.ADD, (x, y)),
    (x + 1, Operation.ADD, (x, 1)),
    (1 + x, Operation.ADD, (1, x)),
    (x - y, Operation.SUBTRACT, (x, y)),
    (1 - x, Operation.SUBTRACT, (1, x)),
    (x * y, Operation.MULTIPLY, (x, y)),
    (2.5 * x, Operation.MULTIPLY, (2.5, x)),
    (m & k, Operation.AND, (m, k)),
    (m & True, Operation.AND, (m, True)),
    (m | k, Operation.OR, (m, k)),
    (~m, Operation.NOT, (m,)),
    (x == y, Operation.EQUAL, (x, y)),
    (x == 1, Operation.EQUAL, (x, 1)),
    (p == me, Operation.EQUAL, (p, me)),
    (x < y, Operation.LESS, (x, y)),
    (x <= y, Operation.LESS_EQUAL, (x, y)),
    (x > y, Operation.LESS, (y, x)),
    (x >= y, Operation.LESS_EQUAL, (y, x)),
    (x > 1, Operation.LESS, (1, x)),
    (x <= 3, Operation.LESS_EQUAL, (x, 3)),
    (minimum(x, 0), Operation.MINIMUM, (x, 0)),
    (arctan2(x, y), Operation.ARCTAN2, (x, y)),
    (maximum(0, x), Operation.MAXIMUM, (0, x)),
    (where(m, x, 0), Operation.WHERE, (m, x, 0)),
    (index(p), Operation.INDEX, (p,)),
    (node_at(x), Operation.NODE_AT, (x,)),
]


@pytest.mark.parametrize(
    ("made", "operation", "arguments"), OPERATORS, ids=lambda v: getattr(v, "name", None)
)
def test_operators_build_operations(made, operation, arguments):
    assert isinstance(made, Apply)
    assert made.operation is operation
    assert len(made.children) == operation.arity == len(arguments)
    for child, argument in zip(made.children, arguments, strict=True):
        if isinstance(child, Constant):
            assert child.value is argument or child.value == argument
            assert type(child.value) is type(argument)
        else:
            assert child is argument


def test_every_operation_can_be_written():
    assert {operation for _, operation, _ in OPERATORS} == set(Operation)


@pytest.mark.parametrize("word", [lambda: True & m, lambda: False | m], ids=["and", "or"])
def test_a_truth_value_may_stand_on_the_left(word):
    assert isinstance(word(), Apply)


def test_not_equal_is_the_opposite_of_equal():
    made = x != y
    assert made.operation is Operation.NOT
    assert made.children[0].operation is Operation.EQUAL


def test_lifts_and_reversal():
    for word, end in ((sender, End.SENDER), (receiver, End.RECEIVER)):
        made = word(x)
        assert isinstance(made, Lift) and made.end is end and made.children == (x,)
    made = reverse(adj)
    assert isinstance(made, Reverse) and made.children == (adj,)


def test_quantifiers():
    made = any_of(adj)
    assert isinstance(made, Any) and made.mask is adj
    outer = all_of(adj)
    assert outer.operation is Operation.NOT
    assert isinstance(outer.children[0], Any)
    assert outer.children[0].mask.operation is Operation.NOT
    assert (anywhere, everywhere) == (any_of, all_of)


@pytest.mark.parametrize(
    ("made", "key", "largest", "tie", "free"),
    [
        (first(adj), None, False, Tie.FIRST, False),
        (last(adj), None, False, Tie.LAST, False),
        (choose(adj), None, False, Tie.FIRST, True),
        (choose(adj, tie="last"), None, False, Tie.LAST, True),
        (argmin(w, adj), w, False, Tie.FIRST, False),
        (argmin(w, adj, tie="last", free=True), w, False, Tie.LAST, True),
        (argmax(w, adj), w, True, Tie.FIRST, False),
    ],
)
def test_selections(made, key, largest, tie, free):
    assert isinstance(made, Select)
    assert made.among is adj
    assert made.key is key
    assert (made.largest, made.tie, made.free, made.default) == (largest, tie, free, None)
    assert made.children == ((adj,) if key is None else (adj, key))


def test_a_selection_reads_its_default():
    made = argmin(w, adj, default=p)
    assert [child is part for child, part in zip(made.children, (adj, w, p), strict=True)] == [True] * 3


def test_an_unknown_tie_rule_is_refused():
    with pytest.raises(ValueError, match="random"):
        choose(adj, tie="random")


def test_smallest_and_largest():
    for word, largest in ((min_of, False), (max_of, True)):
        made = word(w, adj, default=7)
        assert isinstance(made, Best) and made.largest is largest
        assert made.value is w and made.among is adj and made.default.value == 7
        assert len(made.children) == 3
    assert min_of(w, adj).default.value == 0


def test_following():
    made = follow(p, x)
    assert isinstance(made, Follow)
    assert made.reference is p and made.value is x and len(made.children) == 2


def test_constants_are_wrapped():
    for value in (True, 3, 2.5, "white"):
        made = as_expression(value)
        assert isinstance(made, Constant) and made.value is value
    assert as_expression(x) is x


@pytest.mark.parametrize(
    "value", [None, [1], {"a": 1}, object(), np.ones(3)], ids=lambda value: type(value).__name__
)
def test_other_operands_are_refused_in_four_parts(value):
    with pytest.raises(ProgramError) as caught:
        as_expression(value)
    (fault,) = caught.value.faults
    assert type(value).__name__ in fault.given
    assert fault.where and fault.expected and fault.remedy


@pytest.mark.parametrize(
    "use",
    [
        lambda: bool(m),
        lambda: m and k,
        lambda: not m,
        lambda: 0 < x < 3,
        lambda: 1 if m else 0,
        lambda: x in [y],
    ],
    ids=["bool", "and", "not", "chain", "if", "in"],
)
def test_an_expression_is_no_python_condition(use):
    with pytest.raises(ProgramError, match="where"):
        use()


def test_expressions_are_keys_by_identity():
    twins = {m & k: 1, m & k: 2}
    assert len(twins) == 2
    assert {m: 1}[m] == 1


def test_expressions_do_not_change():
    made = x + y
    with pytest.raises(AttributeError):
        made.operation = Operation.SUBTRACT
    with pytest.raises(AttributeError):
        x.name = "z"


def test_naming_makes_a_named_twin():
    made = m & k
    named = made.named("both")
    assert named.label == "both" and made.label is None
    assert named.operation is made.operation and named.children == made.children


def test_variables_carry_what_they_were_declared_with():
    v = graph.scalar("time", low=0, high=9, whole=True, unit=0.01, internal=True)
    assert (v.name, v.location.value, v.internal) == ("time", "graph", True)
    assert (v.kind.low, v.kind.high, v.kind.whole, v.kind.unit) == (0, 9, True, 0.01)
    assert node.categorical("c", ["a", "b"]).kind.categories == ("a", "b")
    names = [node.mask("a").kind.name, node.mask_one("a").kind.name, node.pointer("a").kind.name]
    assert names == ["mask", "mask_one", "pointer"]
    assert not node.mask("a").internal


def test_the_first_rule_that_holds_wins():
    step = rules(when(m, {x: 1}), when(k, {x: 2, y: 3}))
    assert list(step) == [x, y]
    outer = step[x]
    assert outer.operation is Operation.WHERE
    condition, then, otherwise = outer.children
    assert condition is m and then.value == 1
    condition, then, otherwise = otherwise.children
    assert condition is k and then.value == 2 and otherwise is x
    condition, then, otherwise = step[y].children
    assert condition is m and then is y, "a variable that the rule does not name keeps its value"


def test_no_rules_change_nothing():
    assert rules() == {}


@given(programs())
def test_children_are_expressions_without_cycles(program):
    def depth(expression, path=()):
        assert all(expression is not above for above in path)
        return 1 + max((depth(child, (*path, expression)) for child in expression.children), default=0)

    for value in program.step.values():
        assert depth(value) > 0
