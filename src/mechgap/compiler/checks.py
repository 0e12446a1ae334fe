"""The checkers that run after the passes; a fault here is a fault of the compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ir import Atom, Carried, Feature, Fetched, FetchedEdge, Lowered, Unit
from .layout import RoundPlan
from .schedule import Schedule, fetch_reads, parts_first

if TYPE_CHECKING:
    from torch import nn


class CompilerFault(AssertionError):
    """An intermediate form is not what a pass must leave behind."""


def _ensure(holds: bool, fault: str) -> None:
    if not holds:
        raise CompilerFault(fault)


def check_lowered(lowered: Lowered) -> None:
    """Every slot is filled, from the inputs alone at the start, and with whole numbers if it says so."""
    names = [slot.name for slot in lowered.slots]
    _ensure(len(set(names)) == len(names), f"slots of one name: {names}")
    for slot in lowered.slots:
        _ensure(slot.name in lowered.start and slot.name in lowered.step, f"slot {slot.name} is not filled")
        below = parts_first(lowered.start[slot.name].atoms)
        _ensure(
            not any(isinstance(atom, Carried) for atom in below), f"slot {slot.name} starts from the state"
        )
        for form in (lowered.start[slot.name], lowered.step[slot.name]):
            _ensure(form.whole or not slot.whole, f"slot {slot.name} gets numbers that are not whole")


def check_schedule(schedule: Schedule) -> None:
    """What a unit reads is there when it is computed."""
    before: set[Atom] = set()
    for round, (heads, layers) in enumerate(zip(schedule.fetches, schedule.layers, strict=True)):
        for fetch in heads:
            for atom in fetch_reads(fetch):
                _ensure(
                    _given(atom, round) or atom in before, f"round {round} attends by {atom.origin} too early"
                )
        for layer, atoms in enumerate(layers):
            for atom in atoms:
                if atom in before:
                    continue
                needed = atom.form.atoms if isinstance(atom, Unit) else (atom,)
                for part in needed:
                    fetched = isinstance(part, (Fetched, FetchedEdge)) and part.fetch in heads
                    there = part in before or (layer == 0 and (_given(part, round) or fetched))
                    _ensure(there, f"{atom.origin} reads {part.origin} before it is there")
                    if layer == 0 and isinstance(part, Fetched) and part.fetch in heads:
                        copied = _given(part.source, round) or part.source in before
                        _ensure(copied, f"round {round} copies {part.source.origin} before it is there")
            before = set(atoms)


def check_layout(rounds: tuple[RoundPlan, ...], hidden: int) -> None:
    """No two atoms share a dimension, and every layer is wide enough."""
    for round in rounds:
        widths = (max(1, len(round.fetches)) * round.part, *round.widths)
        for placed, width in zip((round.update, *round.layers), widths, strict=True):
            _ensure(len(set(placed.values())) == len(placed), "two atoms share a dimension")
            _ensure(all(0 <= k < width for k in placed.values()), "an atom lies outside of its layer")
        _ensure(widths[-1] == hidden, f"a round ends at width {widths[-1]}, not {hidden}")


def check_network(network: nn.Module) -> None:
    """Every weight is a finite float32 number."""
    import torch

    for name, parameter in network.named_parameters():
        _ensure(bool(torch.isfinite(parameter).all()), f"{name} is not finite")


def _given(atom: Atom, round: int) -> bool:
    """Whether the first layer of a round can read an atom that was not held."""
    return isinstance(atom, Feature) or (isinstance(atom, Carried) and round == 0)
