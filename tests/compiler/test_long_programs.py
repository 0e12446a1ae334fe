"""Programs of many operations compile, in every family, to what the interpreter does."""

from __future__ import annotations

import pytest
from benchmarks.compiling import generated

from compiler.agreement import disagreements
from compiler.cases import by_target, graphs
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import ProgramError
from mechgap.lang.nesting import DEEPEST, nesting
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import anywhere, edge, node


@by_target
@pytest.mark.parametrize("operations", [60, 1000])
def test_chains_of_operations_are_exact(operations: int, target: str) -> None:
    for seed in range(3 if operations < 100 else 1):
        program = generated(operations, seed)
        compiled = compile_program(program, CompileSettings(n=16, target=target))
        assert not disagreements(compiled, graphs(6, 3, 0.4, "whole", directed=True))


def _nested(levels: int) -> Program:
    adj, seen = edge.mask("adj"), node.mask("seen")
    last = seen
    for _ in range(levels):
        last = ~last
    return Program("nested", (adj,), {seen: True}, {seen: last}, anywhere(seen), {"seen": seen})


@by_target
def test_deep_expressions_are_followed_to_their_leaves(target: str) -> None:
    program = _nested(3000)
    assert nesting(program.step.values()) == 3001
    assert program.digest
    compiled = compile_program(program, CompileSettings(n=16, target=target))
    assert not disagreements(compiled, graphs(3, 1, 0.4, "whole"))


def test_deeper_ones_are_refused_with_a_way_out() -> None:
    with pytest.raises(ProgramError, match=rf"at most {DEEPEST} levels"):
        _nested(DEEPEST + 1)
