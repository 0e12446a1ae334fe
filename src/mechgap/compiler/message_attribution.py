"""Finds the operation of every unit that was emitted for a network of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..lang.expression import Expression, Variable
from ..nets.shapes import MPNNConfig
from .attribution_base import AbstractAttribution, Held, Place, Words, assigned, padded, reversed_words
from .ir import Atom
from .message_ir import Pooled, Third
from .provenance import Row
from .schedule import Messages


class MessageAttribution(AbstractAttribution):
    """The rounds of networks that send messages and keep the largest."""

    def _round(self, place: Place, held: Held, values: Mapping[Variable, Expression] | None) -> Words:
        name, round, shape = place.name, place.round, place.shape
        assert isinstance(shape, MPNNConfig) and round.messages is not None
        before, paired = held
        nodes = (*padded(self._features, self._network.config.features), *before)
        if shape.thirds:
            self._triples(place, round.messages, nodes, paired)
            paired = (*paired, *(self._words(third) for third in round.messages.thirds))
        after = self._pairs(place, nodes, paired, values)
        if shape.received:
            layer = f"{name}.message"
            self._layers[layer] = self._largest(round.messages.pools)
            self._enter(layer, layer, after)
            self._enter(f"{name}.received", f"{name}.update", tuple(map(self._words, round.messages.pools)))
        self._enter(f"{name}.skip", f"{name}.update", nodes)
        written = None if values is None else assigned(self._plan, values, False)
        self._layers_at_nodes(name, round, shape.width, written)
        return after[: self._plan.widths[1]] if shape.pairs else held[1]

    def _pairs(
        self, place: Place, nodes: Words, before: Words, values: Mapping[Variable, Expression] | None
    ) -> Words:
        """The layers of a round at pairs; what the last one holds."""
        kept: Mapping[Atom, int] = {}
        for k, (placed, width) in enumerate(zip(place.round.pairs, place.round.pair_widths, strict=True)):
            layer, last = f"{place.name}.pairs.{k}", k == len(place.round.pairs) - 1
            written = assigned(self._plan, values, True) if last and values is not None else None
            self._layers[layer] = self._units(placed, width, kept, written)
            reads = {"edge": self._edges, "pair": (*before, *map(reversed_words, before))}
            for reader in ("edge", "pair", "sender", "receiver"):
                self._enter(f"{layer}.{reader}", layer, reads.get(reader, nodes))
            if not k:
                self._enter(f"{place.name}.graph", layer, self._graph)
            kept, before = placed, self._list(placed, width)
        return before

    def _triples(self, place: Place, messages: Messages, nodes: Words, paired: Words) -> None:
        """The layers of a round at triples, and the maxima over third nodes."""
        assert isinstance(place.shape, MPNNConfig)
        kept: Mapping[Atom, int] = {}
        before: Words = ()
        both = (*paired, *map(reversed_words, paired))
        for k, width in enumerate((*place.shape.triples, place.shape.thirds)):
            layer = f"{place.name}.thirds.layers.{k}"
            if k < len(place.round.triples):
                placed = place.round.triples[k]
                self._layers[layer] = self._units(placed, width, kept, None)
                kept = placed
            else:
                self._layers[layer] = self._largest(messages.thirds)
            for leg in range(3):
                self._enter(f"{layer}.edges.{leg}", layer, self._edges)
                self._enter(f"{layer}.pairs.{leg}", layer, both)
                self._enter(f"{layer}.here.{leg}", layer, nodes)
            self._enter(f"{layer}.before", layer, before)
            before = self._list(kept, width)

    def _largest(self, maxima: Iterable[Pooled | Third]) -> tuple[Row, ...]:
        return tuple(Row(self._origin(atom.origin), "chooses", self._words(atom)) for atom in maxima)
