"""Random programs say everything that the language can say, and their runs go on for a while."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from mechgap.kinds.catalog import KINDS
from mechgap.lang.expression import Apply, Expression
from mechgap.lang.operations import Operation
from strategies import Grammar, batches, programs


def test_every_expression_operation_and_kind_occurs():
    seen: set[object] = set()

    whole = Grammar(products=True, positions=True, edge_state=True, pairs=True, triples=True)
    real = Grammar(whole_weights=False, angles=True)

    @settings(max_examples=600, derandomize=True, database=None)
    @given(programs(whole) | programs(real))
    def draw(program):
        seen.update(type(expression) for expression in program.types)
        seen.update(e.operation for e in program.types if isinstance(e, Apply))
        seen.update(type(variable.kind) for variable in program.state)
        seen.update(variable.location for variable in program.state)

    draw()
    wanted = {*Expression.__subclasses__(), *Operation, *KINDS}
    assert wanted - seen == set()


@pytest.mark.parametrize(
    ("grammar", "operation"),
    [
        (Grammar(depth=2, variables=3, products=True), Operation.MULTIPLY),
        (Grammar(depth=2, variables=3, whole_weights=False, angles=True), Operation.ARCTAN2),
    ],
    ids=["products", "angles"],
)
def test_what_a_grammar_asks_for_is_not_rare(grammar, operation):
    having: list[bool] = []

    @settings(max_examples=200, derandomize=True, database=None)
    @given(programs(grammar))
    def draw(program):
        having.append(any(isinstance(e, Apply) and e.operation is operation for e in program.types))

    draw()
    assert sum(having) > len(having) / 40


def test_runs_have_several_frames_and_graphs_several_sizes():
    from mechgap.semantics.interpreter import interpret

    lengths, sizes = set(), set()

    @settings(max_examples=60, derandomize=True, database=None)
    @given(programs(), batches())
    def run(program, batch):
        trace = interpret(program, batch, selections=True)
        lengths.update(trace.lengths.tolist())
        sizes.update(batch.sizes.tolist())

    run()
    assert lengths >= {1, 2, 3, 4, 5}
    assert sizes >= {1, 2, 3, 4, 5, 6}
