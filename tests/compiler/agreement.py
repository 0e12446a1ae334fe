"""Compares a compiled network with the interpreter, every variable at every step."""

from __future__ import annotations

import torch

from mechgap.compiler.passes import Compiled
from mechgap.nets.rollout import rollout
from mechgap.semantics.batch import Batch
from mechgap.semantics.interpreter import interpret


def disagreements(compiled: Compiled, batch: Batch) -> list[str]:
    """What differs, in words; an empty list if the network makes the very trace of the interpreter.

    Only scalars for which the certificate states an error may differ, by no more than that.
    """
    errors = compiled.certificate.errors
    program = compiled.program
    wanted = interpret(program, batch)
    found = rollout(compiled.network, batch)
    faults = []
    if not torch.equal(wanted.lengths, found.lengths):
        faults.append(f"lengths {found.lengths.tolist()} instead of {wanted.lengths.tolist()}")
    frames = min(wanted.frames, found.frames)
    for port in program.interface.hints:
        expected, got = wanted.values[port.name][:frames], found.values[port.name][:frames]
        live = wanted.live[:frames]
        mask = _spread(live, port.location.rank) & _real(batch, port.location.rank)
        wrong = (_apart(expected, got, errors.get(port.name)) & mask).nonzero()
        if len(wrong):
            spot = tuple(wrong[0].tolist())
            faults.append(f"{port.name} at {spot}: {got[spot].item()} instead of {expected[spot].item()}")
    for port in program.interface.outputs:
        expected, got = wanted.outputs[port.name], found.outputs[port.name]
        wrong = _apart(expected, got, errors.get(f"output {port.name}"))
        wrong = wrong & _real(batch, port.location.rank)
        if not faults and bool(wrong.any()):
            faults.append(f"output {port.name} differs at {wrong.nonzero()[0].tolist()}")
    return faults


def _apart(expected: torch.Tensor, got: torch.Tensor, error: float | None) -> torch.Tensor:
    """Where values differ, or differ by more than an error if there is one."""
    return expected != got if error is None else (expected - got).abs() > error


def _real(batch: Batch, rank: int) -> torch.Tensor:
    """The places of a rank that are no padding."""
    return (torch.ones(len(batch), dtype=torch.bool), batch.nodes, batch.pairs)[rank]


def _spread(live: torch.Tensor, rank: int) -> torch.Tensor:
    return live.reshape(*live.shape, *[1] * rank)
