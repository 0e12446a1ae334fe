"""Third pass: where everything lies. Every dimension of every layer gets a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .ir import Atom, Fetch, Fetched, FetchedEdge, Unit
from .pair_schedule import PairLayers
from .schedule import Messages, Schedule


@dataclass(frozen=True)
class Head:
    """An attention head of a step.

    Attributes:
        round, head: where it is.
        selections: names of the program's selecting expressions whose choice it makes; empty for a
            head that only helps.
        origin: the expression that it was made for.
    """

    round: int
    head: int
    selections: tuple[str, ...]
    origin: str


@dataclass(frozen=True)
class Layout:
    """What the dimensions of a compiled network stand for.

    Attributes:
        hidden: width of the hidden vector.
        slots: name of a slot -> its dimension in the hidden vector between steps.
        offsets: name of a slot -> the number that is stored as 0.
        variables: variable or output name -> its slots; a categorical has one for each category, a
            real number that may be negative one for its positive and one for its negative part.
        heads: the attention heads of a step.
        pairs: width of the vectors at pairs.
        pair_slots: name of a slot of pairs -> its dimension in those vectors between steps.
        scales: name of a slot -> what its number is multiplied by; 1 for those that are not named.
    """

    hidden: int
    slots: Mapping[str, int]
    offsets: Mapping[str, float]
    variables: Mapping[str, tuple[str, ...]]
    heads: tuple[Head, ...]
    pairs: int = 0
    pair_slots: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)

    def dimensions(self, variable: str) -> tuple[int, ...]:
        """The dimensions that hold a variable: of the hidden vector, or of the vectors at pairs."""
        places = {**self.slots, **self.pair_slots}
        return tuple(places[slot] for slot in self.variables[variable])

    def scale(self, slot: str) -> float:
        """What the number of a slot is multiplied by."""
        return self.scales.get(slot, 1.0)

    def head_of(self, selection: str) -> Head | None:
        """The first head that makes the choice of a selecting expression.

        A mask with alternatives (``|``, ``!=``) has a head for each, and the best of them counts.
        """
        return next((head for head in self.heads if selection in head.selections), None)

    def to_json(self) -> dict[str, Any]:
        """The layout as plain data."""
        return {
            "hidden": self.hidden,
            "slots": dict(self.slots),
            "pairs": self.pairs,
            "pair_slots": dict(self.pair_slots),
            "offsets": dict(self.offsets),
            "scales": dict(self.scales),
            "variables": {name: list(slots) for name, slots in self.variables.items()},
            "heads": [
                {"round": h.round, "head": h.head, "selections": list(h.selections), "origin": h.origin}
                for h in self.heads
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Layout:
        """The layout that ``to_json`` wrote."""
        heads = tuple(Head(h["round"], h["head"], tuple(h["selections"]), h["origin"]) for h in data["heads"])
        variables = {name: tuple(slots) for name, slots in data["variables"].items()}
        pairs = data.get("pairs", 0), data.get("pair_slots", {}), data.get("scales", {})
        return cls(data["hidden"], data["slots"], data["offsets"], variables, heads, *pairs)


@dataclass(frozen=True)
class RoundPlan:
    """The dimensions of one round.

    Attributes:
        fetches: one for each head.
        part: width of each head's part of the update layer.
        update: atom -> dimension after the update.
        layers: atom -> dimension after each further layer.
        widths: width of each further layer.
        pairs: number of pairs -> dimension after each layer at pairs.
        pair_widths: width of each layer at pairs.
        triples: number of triples -> dimension after each layer there.
        messages: what messages are made of; None in networks with attention.
    """

    fetches: tuple[Fetch, ...]
    part: int
    update: Mapping[Atom, int]
    layers: tuple[Mapping[Atom, int], ...]
    widths: tuple[int, ...]
    pairs: tuple[Mapping[Atom, int], ...]
    pair_widths: tuple[int, ...]
    triples: tuple[Mapping[Atom, int], ...] = ()
    messages: Messages | None = None

    @property
    def last(self) -> Mapping[Atom, int]:
        """Atom -> dimension of the hidden vector after the round."""
        return self.layers[-1] if self.layers else self.update


def place(schedules: tuple[Schedule, ...]) -> tuple[int, int, tuple[tuple[RoundPlan, ...], ...]]:
    """Give every atom of every layer a dimension.

    Args:
        schedules: of the start and of the step; they share the hidden vectors.

    Returns:
        The hidden width, the width of the vectors at pairs, and for each schedule its rounds.
    """
    plans = tuple(_placed(entry) for entry in schedules)
    rounds = [round for plan in plans for round in plan]
    hidden = max(
        [1, *(len(round.last) for round in rounds), *(round.part for round in rounds if not round.layers)]
    )
    pairs = max([0, *(_kept_width(round) for round in rounds if round.pairs)])
    return hidden, pairs, tuple(tuple(_widened(round, hidden, pairs) for round in plan) for plan in plans)


def _placed(entry: Schedule) -> tuple[RoundPlan, ...]:
    rounds = tuple(map(_place, entry.fetches, entry.layers, entry.pairs))
    if not entry.messages:
        return rounds
    return tuple(
        replace(round, triples=tuple(map(_numbered, messages.triples)), messages=messages)
        for round, messages in zip(rounds, entry.messages, strict=True)
    )


def _kept_width(round: RoundPlan) -> int:
    """How many numbers a round keeps at pairs."""
    return round.pair_widths[-1] if round.messages is None else len(round.messages.kept)


def _place(heads: tuple[Fetch, ...], layers: tuple[tuple[Atom, ...], ...], pairs: PairLayers) -> RoundPlan:
    first, *further = layers
    owners: dict[Fetch, list[Atom]] = {fetch: [] for fetch in heads}
    free: list[Atom] = []
    for atom in first:
        owner = _owner(atom, owners)
        (free if owner is None else owners[owner]).append(atom)
    count = max(1, len(heads))
    part = max([1, -(-len(first) // count), *(len(atoms) for atoms in owners.values())])
    update: dict[Atom, int] = {}
    if count == 1:
        update = {atom: k for k, atom in enumerate(first)}
    else:
        spaces = [
            head * part + k for head, fetch in enumerate(heads) for k in range(len(owners[fetch]), part)
        ]
        for head, fetch in enumerate(heads):
            update |= {atom: head * part + k for k, atom in enumerate(owners[fetch])}
        update |= dict(zip(free, spaces, strict=False))
    placed, paired = (tuple(map(_numbered, entries)) for entries in (further, pairs))
    widths, pair_widths = (tuple(max(1, len(atoms)) for atoms in entries) for entries in (placed, paired))
    return RoundPlan(heads, part, update, placed, widths, paired, pair_widths)


def _numbered(atoms: Sequence[Atom]) -> Mapping[Atom, int]:
    return {atom: k for k, atom in enumerate(atoms)}


def _owner(atom: Atom, owners: Mapping[Fetch, list[Atom]]) -> Fetch | None:
    """The head of this round from whose copies an atom of the update is made."""
    sources = atom.form.atoms if isinstance(atom, Unit) else (atom,)
    for source in sources:
        if isinstance(source, (Fetched, FetchedEdge)) and source.fetch in owners:
            return source.fetch
    return None


def _widened(round: RoundPlan, hidden: int, pairs: int) -> RoundPlan:
    pair_widths = round.pair_widths
    if round.pairs:
        last = pairs if round.messages is None else max(pairs, round.pair_widths[-1])
        pair_widths = (*round.pair_widths[:-1], last)
    if not round.layers:
        return replace(round, part=hidden, pair_widths=pair_widths)
    return replace(round, widths=(*round.widths[:-1], hidden), pair_widths=pair_widths)
