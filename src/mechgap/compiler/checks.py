"""The checkers that run after the passes; a fault here is a fault of the compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ir import AbstractPairAtom, Atom, Carried, EdgeColumn, Feature, Fetch, Fetched, FetchedEdge, Unit
from .layout import RoundPlan
from .pair_ir import EndAtom, Followed, PairCarried
from .pair_schedule import kept
from .schedule import Schedule, fetch_reads, pair_reads, parts_first
from .slots import Lowered

if TYPE_CHECKING:
    from torch import nn


class CompilerFault(AssertionError):
    """An intermediate form is not what a pass must leave behind."""


def ensure(holds: bool, fault: str) -> None:
    """Raise unless something holds.

    Raises:
        CompilerFault: what is wrong.
    """
    if not holds:
        raise CompilerFault(fault)


def check_lowered(lowered: Lowered) -> None:
    """Every slot is filled, from the inputs alone at the start, and with whole numbers if it says so."""
    names = [slot.name for slot in lowered.slots]
    ensure(len(set(names)) == len(names), f"slots of one name: {names}")
    for slot in lowered.slots:
        ensure(slot.name in lowered.start and slot.name in lowered.step, f"slot {slot.name} is not filled")
        below = parts_first(lowered.start[slot.name].atoms)
        ensure(
            not any(isinstance(atom, (Carried, PairCarried)) for atom in below),
            f"slot {slot.name} starts from the state",
        )
        for form in (lowered.start[slot.name], lowered.step[slot.name]):
            ensure(form.whole or not slot.whole, f"slot {slot.name} gets numbers that are not whole")


def check_schedule(schedule: Schedule) -> None:
    """What a unit reads is there when it is computed."""
    before: set[Atom] = set()
    paired: set[Atom] | None = None
    plan = zip(schedule.fetches, schedule.layers, schedule.pairs, strict=True)
    for round, (heads, layers, pairs) in enumerate(plan):
        for fetch in heads:
            for atom in fetch_reads(fetch):
                ensure(
                    given(atom, round) or atom in before, f"round {round} attends by {atom.origin} too early"
                )
            for atom in pair_reads(fetch):
                ensure(_there(atom, paired), f"round {round} attends by {atom.origin} too early")
        for layer, atoms in enumerate(layers):
            for atom in atoms:
                if atom in before:
                    continue
                needed = atom.form.atoms if isinstance(atom, Unit) else (atom,)
                for part in needed:
                    fetched = isinstance(part, (Fetched, FetchedEdge)) and part.fetch in heads
                    there = part in before or (layer == 0 and (given(part, round) or fetched))
                    ensure(there, f"{atom.origin} reads {part.origin} before it is there")
                    if layer == 0 and isinstance(part, Fetched) and part.fetch in heads:
                        copied = given(part.source, round) or part.source in before
                        ensure(copied, f"round {round} copies {part.source.origin} before it is there")
                    if isinstance(part, FetchedEdge) and part.fetch in heads:
                        copied = _there(part.source, paired)
                        ensure(copied, f"round {round} copies {part.source.origin} before it is there")
            before = set(atoms)
        old = paired
        for layer, held in enumerate(pairs):
            for atom in (atom for unit in held for atom in unit.parts if isinstance(atom, Followed)):
                if layer == 0 and atom.fetch in heads:
                    ensure(_there(atom.source, old), f"round {round} reads {atom.origin} too early")
            _check_pairs(held, paired, before, heads if layer == 0 else ())
            paired = set(held)


def _check_pairs(
    held: tuple[AbstractPairAtom, ...],
    paired: set[Atom] | None,
    nodes: set[Atom],
    heads: tuple[Fetch, ...],
) -> None:
    """What a layer at pairs holds can be made of the one before it, and of what nodes hold."""
    for unit in held:
        if _there(unit, paired):
            continue
        for atom in unit.parts:
            source = atom.source if isinstance(atom, EndAtom) else atom
            there = source in nodes or isinstance(source, Feature) or _there(atom, paired)
            there = there or (isinstance(atom, Followed) and atom.fetch in heads)
            ensure(there, f"{unit.origin} at pairs reads {atom.origin} before it is there")


def _there(atom: Atom, paired: set[Atom] | None) -> bool:
    """Whether vectors at pairs hold an atom; before the first layer, those of the step before."""
    source = kept(atom)
    if paired is None:
        return isinstance(atom, EdgeColumn) or isinstance(source, PairCarried)
    return isinstance(atom, EdgeColumn) or source in paired


def check_layout(rounds: tuple[RoundPlan, ...], hidden: int, pairs: int) -> None:
    """No two atoms share a dimension, and every layer is wide enough."""
    for round in rounds:
        widths = (max(1, len(round.fetches)) * round.part, *round.widths)
        layers = (round.update, *round.layers, *round.pairs)
        for placed, width in zip(layers, (*widths, *round.pair_widths), strict=True):
            ensure(len(set(placed.values())) == len(placed), "two atoms share a dimension")
            ensure(all(0 <= k < width for k in placed.values()), "an atom lies outside of its layer")
        ensure(widths[-1] == hidden, f"a round ends at width {widths[-1]}, not {hidden}")
        fits = all(w == pairs or (round.messages and w > pairs) for w in round.pair_widths[-1:])
        ensure(fits, f"a round ends at {round.pair_widths} at pairs, where {pairs} are kept")


def check_network(network: nn.Module) -> None:
    """Every weight is a finite float32 number."""
    import torch

    for name, parameter in network.named_parameters():
        ensure(bool(torch.isfinite(parameter).all()), f"{name} is not finite")


def given(atom: Atom, round: int) -> bool:
    """Whether the first layer of a round can read an atom that was not held."""
    return isinstance(atom, Feature) or (isinstance(atom, Carried) and round == 0)
