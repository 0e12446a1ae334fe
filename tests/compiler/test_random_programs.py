"""Random programs: compiled and interpreted traces are the same, or the compiler says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from compiler.agreement import disagreements
from compiler.cases import FURTHER, by_target
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import RangeError, Refusal
from mechgap.lang.program import Program
from mechgap.semantics.batch import Batch
from strategies import Grammar, batches, programs

SMALL = Grammar(depth=2, variables=3)
GRAMMARS = {
    "whole": SMALL,
    "positions": replace(SMALL, positions=True),
    "pairs": replace(SMALL, positions=True, pairs=True),
    "state on edges": replace(SMALL, pairs=True, edge_state=True),
    "real state on edges": replace(SMALL, whole_weights=False, pairs=True, edge_state=True),
    "real": replace(SMALL, whole_weights=False),
}


def _agree(program: Program, batch: Batch, target: str) -> None:
    try:
        compiled = compile_program(program, CompileSettings(n=8, target=target))
    except Refusal as refusal:
        event("refused: " + refusal.faults[0].given[:60])
        assume(False)
        return
    event(f"{compiled.certificate.rounds} rounds")
    try:
        faults = disagreements(compiled, batch)
    except RangeError as fault:
        event("left its range: " + fault.faults[0].expected[:30])
        assume(False)
        return
    assert not faults, "\n".join([program.source, *faults])


@by_target
@pytest.mark.parametrize("name", GRAMMARS)
def test_random_programs_agree(name: str, target: str) -> None:
    @settings(max_examples=20 if target in FURTHER else 40)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        program = data.draw(programs(GRAMMARS[name]))
        _agree(program, data.draw(batches(whole=GRAMMARS[name].whole_weights)), target)

    agree()


@pytest.mark.slow
@by_target
@pytest.mark.parametrize("name", GRAMMARS)
def test_many_random_programs_agree(name: str, target: str) -> None:
    @settings(max_examples=1500)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        program = data.draw(programs(replace(GRAMMARS[name], depth=3, variables=4)))
        _agree(program, data.draw(batches(whole=GRAMMARS[name].whole_weights)), target)

    agree()
