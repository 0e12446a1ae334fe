"""Random programs: compiled and interpreted traces are the same, or the compiler says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from compiler.agreement import disagreements
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
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
    "products": replace(SMALL, products=True),
    "triples": replace(SMALL, positions=True, pairs=True, edge_state=True, triples=True),
    "real triples": replace(SMALL, whole_weights=False, edge_state=True, triples=True),
}
CASES = [
    (name, target) for name in GRAMMARS for target in TARGETS if target == "mpnn" or "triples" not in name
]
by_case = pytest.mark.parametrize(("name", "target"), CASES)
QUICKLY, SLOWLY = 30, 800
"""Programs of each grammar and family; each runs on three to six graphs at once."""


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


def _agree_on(grammar: Grammar, target: str, examples: int) -> int:
    """Compare on random programs and graphs; how many graphs were compared."""
    compared = 0

    @settings(max_examples=examples)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        nonlocal compared
        program = data.draw(programs(grammar))
        batch = data.draw(batches(whole=grammar.whole_weights, count=(3, 6)))
        _agree(program, batch, target)
        compared += len(batch)

    agree()
    return compared


@by_case
def test_random_programs_agree(name: str, target: str) -> None:
    assert _agree_on(GRAMMARS[name], target, QUICKLY) >= 2 * QUICKLY


@pytest.mark.slow
@by_case
def test_many_random_programs_agree(name: str, target: str) -> None:
    """Over 20,000 pairs of a program and a graph in each family."""
    assert _agree_on(replace(GRAMMARS[name], depth=3, variables=4), target, SLOWLY) >= 20_000 / 7
