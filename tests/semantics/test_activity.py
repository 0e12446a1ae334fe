"""Active flags against brute force: every choice is replaced by every other node, one at a time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings

from compiler.cases import examples
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import anywhere, first, graph, index, me, node, where
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import Machine, interpret
from mechgap.tasks.catalogue import NAMES, load
from semantics.forcing import missed
from semantics.small import INPUTS, adj, batch_of
from strategies import Grammar, batches, programs

EXAMPLES = examples()


def _missed(program: Program, batch: Batch, *, anyone: bool = False) -> list[str]:
    """The selections with a row that matters although it is called inactive, over a whole run."""
    machine, found = Machine(program, batch), []
    state = machine.start()
    for frame in range(interpret(program, batch).frames - 1):
        for name, rows in missed(program, batch, state, anyone=anyone).items():
            if bool(rows.any()):
                found.append(f"frame {frame}: {name} at {rows.nonzero()[0].tolist()}")
        state = machine.step(state)
    return found


@pytest.mark.parametrize("anyone", [False, True])
@pytest.mark.parametrize("name", [*NAMES, *EXAMPLES])
def test_what_matters_is_active_in_the_tasks(name, anyone):
    from compiler.cases import graphs
    for size, p in ((2, 0.9), (5, 0.3), (5, 0.6)):
        if name in NAMES:
            assert _missed(load(name).program, load(name).sample(size, size, 4, p=p), anyone=anyone) == []
        for w in ("equal", "random"):
            prog = EXAMPLES.get(name) or load(name).program
            assert _missed(prog, graphs(size, 4, p, w), anyone=anyone) == []

@pytest.mark.parametrize("anyone", [False, True])
def test_random(anyone):
    @settings(max_examples=300)
    @given(programs(Grammar(depth=2, variables=3)), batches(largest=4))
    def check(program, batch):
        for row in range(len(batch)):
            size = int(batch.sizes[row])
            one = Batch({k: v[row:row+1, :size] if v.dim() == 2 else v[row:row+1,:size,:size] for k,v in batch.values.items()}, batch.nodes[row:row+1,:size])
            assert _missed(program, one, anyone=anyone) == [], program.source
    check()
