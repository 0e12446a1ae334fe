"""Finds the operation of every unit that was emitted for a network."""

from __future__ import annotations

from collections.abc import Mapping

from ..lang.expression import Expression, Variable
from ..nets.network import Network
from ..nets.shapes import (
    AbstractAttentionConfig,
    AbstractRoundConfig,
    MPNNConfig,
    RoundConfig,
    TransformerConfig,
)
from .attribution_base import AbstractAttribution, Held, Place, Words, assigned, padded, reversed_words
from .ir import Atom
from .layout import RoundPlan
from .message_attribution import MessageAttribution
from .provenance import Provenance, Row
from .targets.attention import attention_units
from .targets.dot_products import parts, prior
from .targets.filling import Plan

_READERS: Mapping[type[AbstractRoundConfig], tuple[str, ...]] = {
    RoundConfig: ("sender", "receiver", "edge", "graph"),
    TransformerConfig: ("query", "key", "edge", "graph"),
}
_WRITERS = ("value", "edge_value", "skip")


def attribute(plan: Plan, network: Network) -> Provenance:
    """Which operation each unit of a compiled network belongs to.

    Args:
        plan: what the network was emitted from.
        network: that was emitted.
    """
    messages = isinstance(network.config.rounds[0], MPNNConfig)
    return (MessageAttribution if messages else _AttentionAttribution)(plan, network).run()


class _AttentionAttribution(AbstractAttribution):
    """The rounds of networks that attend."""

    def _round(self, place: Place, held: Held, values: Mapping[Variable, Expression] | None) -> Words:
        name, round, shape = place.name, place.round, place.shape
        assert isinstance(shape, AbstractAttentionConfig)
        written = None if values is None else assigned(self._plan, values, False)
        before, paired = held
        features = padded(self._features, self._network.config.features)
        nodes = (*features, *before)
        reads = {"edge": self._edges, "edge_value": self._edges, "graph": self._graph}
        self._layers[f"{name}.attention"] = self._attention(round, shape)
        for reader in _READERS[type(shape)]:
            self._enter(f"{name}.{reader}", f"{name}.attention", reads.get(reader, nodes))
        if paired:
            both = (*map(reversed_words, paired), *paired)  # attention reads (receiver, sender) first
            self._enter(f"{name}.pair", f"{name}.attention", both)
            self._enter(f"{name}.pair_value", f"{name}.update", both)
        if isinstance(shape, TransformerConfig):
            self._layers[f"{name}.prior"] = self._priors(round, shape.heads)
            self._enter(f"{name}.prior", f"{name}.prior", nodes)
        else:
            self._rows[f"{name}.attend"] = f"{name}.attention"
            self._columns[f"{name}.attend"] = tuple(f"head {h}" for h in range(shape.heads))
        self._layers_at_nodes(name, round, shape.width, written)
        for writer in _WRITERS:
            self._enter(f"{name}.{writer}", f"{name}.update", reads.get(writer, nodes))
        after = self._list(round.last, self._plan.widths[0])
        return self._pairs(place, after, paired, values)

    def _pairs(
        self,
        place: Place,
        nodes: Words,
        before: Words,
        values: Mapping[Variable, Expression] | None,
    ) -> Words:
        """The layers of a round at pairs; what the vectors at pairs stand for after it.

        Args:
            place: the round.
            nodes: what the hidden vectors stand for after it.
            before: what the vectors at pairs stand for before it.
            values: of the last round what variables are assigned.
        """
        name, round = place.name, place.round
        features = padded(self._features, self._network.config.features)
        kept: Mapping[Atom, int] = {}
        for k, (placed, width) in enumerate(zip(round.pairs, round.pair_widths, strict=True)):
            layer, last = f"{name}.pairs.{k}", k == len(round.pairs) - 1
            written = assigned(self._plan, values, True) if last and values is not None else None
            self._layers[layer] = self._units(placed, width, kept, written)
            reads = {"edge": self._edges, "pair": (*before, *map(reversed_words, before))}
            attended = tuple(
                f"{word}, read by head {h}" for h in range(len(round.fetches)) for word in before
            )
            reads |= {"sent": attended, "received": attended}
            for reader in ("edge", "pair", "sender", "receiver", "sent", "received"):
                self._enter(f"{layer}.{reader}", layer, reads.get(reader, (*features, *nodes)))
            kept, before = placed, self._list(placed, width)
        return before

    def _attention(self, round: RoundPlan, shape: AbstractAttentionConfig) -> tuple[Row | None, ...]:
        """The hidden layer of GATv2, or the numbers of the queries and keys of a transformer."""
        (width,) = shape.shared.values()
        chosen = parts if isinstance(shape, TransformerConfig) else attention_units
        found: list[Row | None] = [None] * width
        for head, fetch in enumerate(round.fetches):
            operation = self._origin(fetch.origin)
            for k, _ in enumerate(chosen(fetch, self._plan.n)):
                found[head * (width // shape.heads) + k] = Row(operation, "chooses", f"logit of head {head}")
        return tuple(found)

    def _priors(self, round: RoundPlan, heads: int) -> tuple[Row | None, ...]:
        found: list[Row | None] = [None] * heads
        for head, fetch in enumerate(round.fetches):
            if prior(fetch).terms:
                found[head] = Row(self._origin(fetch.origin), "chooses", f"index in the logit of head {head}")
        return tuple(found)
