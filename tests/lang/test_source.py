"""Expressions know the line at which they were written, and nothing depends on it."""

from __future__ import annotations

import inspect
from pathlib import Path

from mechgap.lang.expression import Apply, Expression
from mechgap.lang.program import Program
from mechgap.lang.source import SourceLine
from mechgap.lang.substitution import substitute
from mechgap.lang.vocabulary import (
    any_of,
    anywhere,
    edge,
    first,
    me,
    node,
    otherwise,
    rules,
    sender,
    when,
    where,
)
from mechgap.semantics.sharing import representatives

a, b = node.mask("a"), node.mask("b")
p = node.pointer("p")
adj = edge.mask("adj")


def here() -> int:
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def line(expression: Expression) -> int:
    assert expression.line is not None
    assert Path(expression.line.file).name == "test_source.py"
    return expression.line.number


def test_operators_and_words_know_their_line():
    both = a & b
    assert line(both) == here() - 1
    found = any_of(sender(both) & adj)
    assert line(found) == here() - 1
    assert line(first(adj, default=me)) == here()
    assert line(where(a, p, me)) == here()


def test_each_part_of_a_long_expression_has_its_own_line():
    start = here()
    whole = where(
        a & b,
        first(sender(a) & adj),
        p,
    )
    assert [line(part) - start for part in whole.children[:2]] == [2, 3]


def test_rules_have_the_lines_of_their_parts():
    changes = rules(
        when(a, {p: first(adj)}),
        otherwise({p: me}),
    )
    assert line(changes[p]) >= here() - 4


def test_named_and_substituted_expressions_keep_their_line():
    both = a & b
    at = here() - 1
    assert line(both.named("both")) == at
    assert line(substitute(both, {b: ~a})) == at


def test_what_the_language_makes_has_no_line():
    assert me.line is None


def test_lines_are_named_alike_on_every_machine(tmp_path):
    assert str(SourceLine("/somewhere/else/mine.py", 3)) == "mine.py:3"
    assert str(SourceLine(str(Path(inspect.getfile(Apply))), 7)) == "mechgap/lang/expression.py:7"


def test_lines_change_neither_text_nor_meaning():
    one = ~a
    other = ~a
    assert line(one) != line(other)
    shared = representatives([one, other], {})
    assert shared[other] is one

    def program(step: Expression) -> Program:
        return Program("turns", (b,), {a: b}, {a: step}, ~anywhere(a), {"a": a})

    assert program(one).digest == program(other).digest
    assert "line" not in repr(one)
