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


def _missed(program: Program, batch: Batch) -> list[str]:
    """The selections with a row that matters although it is called inactive, over a whole run."""
    machine, found = Machine(program, batch), []
    state = machine.start()
    for frame in range(interpret(program, batch).frames - 1):
        for name, rows in missed(program, batch, state).items():
            if bool(rows.any()):
                found.append(f"frame {frame}: {name} at {rows.nonzero()[0].tolist()}")
        state = machine.step(state)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_matters_is_active_in_the_tasks(name):
    for size, p in ((2, 0.9), (5, 0.3), (5, 0.6)):
        assert _missed(load(name).program, load(name).sample(size, size, 4, p=p)) == []
