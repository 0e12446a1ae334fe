"""A lowered program as a circuit that settles, for attention: numbers at nodes, and copies of others'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..ir import (
    AbstractPairAtom,
    Atom,
    Condition,
    EdgeColumn,
    Feature,
    Fetch,
    Fetched,
    FetchedEdge,
    Form,
    PairForm,
    Relation,
)
from ..slots import Lowered
from ..targets.attention import among_neighbours
from .circuit import AbstractSettling

ONE_SIDED = (Relation.NOT_POSITIVE, Relation.NEGATIVE)
"""Relations that only the positive side of a form breaks."""


class AttentionSettling(AbstractSettling):
    """Rewrites a lowered program into numbers that settle: all fetches are made in every round.

    Who must be a neighbour is one: the benchmark's masks of edges connect every node with itself, and a
    sender without an edge costs more than all else together. So a mask that was copied of the chosen edge
    holds.
    """

    def __init__(
        self, lowered: Lowered, everywhere: Iterable[str], where: str, undirected: bool = False
    ) -> None:
        self._fetches: dict[object, Fetch] = {}
        super().__init__(lowered, everywhere, where, undirected)

    def brought(self, atom: Feature) -> Atom:
        raise self.refusal(
            atom.origin,
            "a number of the graph at the nodes",
            "numbers of nodes: it reaches nothing but logits",
        )

    def received(self, atom: Atom) -> Atom:
        if isinstance(atom, FetchedEdge):
            if is_mask(atom.source) and among_neighbours(atom.fetch):
                return self.unit(1.0, True, atom.origin, Form((), 1.0))
            raise self.refusal(
                atom.origin, "a number of an edge, copied", "numbers of nodes: messages are values of senders"
            )
        assert isinstance(atom, Fetched), atom.origin
        fetch, source = self._fetch(atom.fetch), self.node(atom.source)
        copy = self.once(
            ("copy", fetch, source), lambda: Fetched(atom.high, atom.whole, atom.origin, fetch, source)
        )
        return self.unit(atom.high, atom.whole, atom.origin, Form.of(copy))

    def _fetch(self, fetch: Fetch) -> Fetch:
        """A fetch over numbers of the circuit; equal ones are one."""
        if any(c.relation in ONE_SIDED and not c.form.whole for c in fetch.conditions):
            raise self.refusal(
                fetch.origin,
                "a comparison of real numbers in attention",
                "comparisons of whole numbers: the slope of this attention below 0 is 0.01",
            )
        conditions = tuple(Condition(self._pair_form(c.form), c.relation) for c in fetch.conditions)
        key = None if fetch.key is None else self._pair_form(fetch.key)
        memory = (frozenset(conditions), key, fetch.order, fetch.low, fetch.high, fetch.cut)
        return self._fetches.setdefault(memory, replace(fetch, conditions=conditions, key=key))

    def _pair_form(self, form: PairForm) -> PairForm:
        pair = tuple((self._column(atom), c) for atom, c in form.pair)
        return PairForm(self.form(form.sender), self.form(form.receiver), pair)

    def _column(self, atom: AbstractPairAtom) -> AbstractPairAtom:
        if not isinstance(atom, EdgeColumn):
            raise self.refusal(
                atom.origin, "a unit of pairs in attention", "inputs of edges and numbers of nodes"
            )
        if atom.against or self.undirected:
            return replace(atom, against=True)
        raise self.refusal(
            atom.origin, "the edge from the sender to the receiver in attention", "the edge from the receiver"
        )


def hears_neighbours(fetches: tuple[Fetch, ...]) -> bool:
    """Whether no fetch ever chooses a node that is no neighbour."""
    return all(map(among_neighbours, fetches))


def is_mask(atom: AbstractPairAtom) -> bool:
    """Whether a number of pairs is an input that is 0 or 1."""
    return isinstance(atom, EdgeColumn) and atom.whole and atom.high == 1.0
