"""Last pass for all families that attend: messages, updates and layers at pairs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import nn

from ...lang.expression import End
from ...nets.attention_round import AbstractAttentionRound
from ...nets.config import NetworkConfig
from ...nets.network import Network
from ...nets.pair_layer import PairLayer
from ...nets.shapes import AbstractAttentionConfig
from ..ir import (
    AbstractPairAtom,
    Atom,
    EdgeColumn,
    Fetch,
    Fetched,
    FetchedEdge,
    Form,
    Unit,
)
from ..layout import RoundPlan
from ..pair_ir import EndAtom, Followed, PairUnit
from ..pair_schedule import is_turned
from .emitter import AbstractEmitter, Held
from .filling import Plan, blank
from .readouts import fill_readouts

S = TypeVar("S", bound=AbstractAttentionConfig)
Prices = Callable[[Fetch], Sequence[float]]
"""What the conditions of a fetch that are truth values cost, in multiples of what is needed: whole numbers
from 1, in the order of ``priced``; none for the usual ones, all 1. They say whom a node attends for whom no
sender fulfils all conditions."""


def usual(fetch: Fetch) -> Sequence[float]:
    """The prices of conditions that are not drawn: 1."""
    return ()


def emit_network(
    plan: Plan, config: NetworkConfig, emitter: type[AbstractRoundEmitter], prices: Prices = usual
) -> Network:
    """The network whose parameters are the compiled program.

    Args:
        plan: what is compiled.
        config: shape of the network.
        emitter: fills the rounds of its family.
        prices: of the conditions of each fetch.
    """
    network = blank(config)
    with torch.no_grad():
        for part, modules in zip(plan.rounds, (network.prologue, network.rounds), strict=True):
            before = Held({}, None)
            for round, module in zip(part, modules, strict=True):
                assert isinstance(module, AbstractAttentionRound)
                emitter(plan, network.config, before, round, prices).fill(module)
                before = Held(round.last, round.pairs[-1] if round.pairs else before.pairs)
        fill_readouts(plan, network)
    return network


def shaped(shape: S, round: RoundPlan, local: Callable[[Fetch], bool]) -> S:
    """The shape of a round with all that does not depend on the family.

    Args:
        shape: with as many heads as the round has, and their widths.
        round: the dimensions of the round.
        local: whether a fetch needs to look at neighbours only.
    """
    near = bool(round.fetches) and all(map(local, round.fetches))
    edges = any(isinstance(source, FetchedEdge) for atom in round.update for source in _sources(atom))
    read = any(isinstance(a, Followed) for layer in round.pairs for u in layer for a in _units(u))
    return replace(
        shape,
        mlp=round.widths,
        attend="neighbours" if near else "all",
        edge_values=edges,
        pairs=round.pair_widths,
        pair_reads=read,
    )


def _units(atom: Atom) -> tuple[Atom, ...]:
    """What a layer at pairs reads to make an atom, if it is a unit."""
    return atom.form.atoms if isinstance(atom, PairUnit) else ()


def _sources(atom: Atom) -> tuple[Atom, ...]:
    """What the update reads to make an atom."""
    return atom.form.atoms if isinstance(atom, Unit) else (atom,)


class AbstractRoundEmitter(AbstractEmitter):
    """Fills one round.

    Args:
        plan: what is compiled.
        config: shape of the network.
        before: what is held before the round.
        round: the dimensions of the round.
        prices: of the conditions of each fetch.
    """

    def __init__(
        self, plan: Plan, config: NetworkConfig, before: Held, round: RoundPlan, prices: Prices
    ) -> None:
        super().__init__(plan, config, before, round)
        self.prices = prices

    @abstractmethod
    def fill_head(self, module: AbstractAttentionRound, head: int, fetch: Fetch) -> None:
        """Write the parameters by which a head attends."""

    def fill(self, module: AbstractAttentionRound) -> None:
        """Write the parameters of the round."""
        for head, fetch in enumerate(self.round.fetches):
            self.fill_head(module, head, fetch)
        for atom, dimension in self.round.update.items():
            form = atom.form if isinstance(atom, Unit) else Form.of(atom)
            self._fill_update(module, dimension, atom, form)
        self.fill_layers(module.mlp)
        held, width = self.before.pairs, self.kept_width
        for part, paired, after in zip(module.pairs, self.round.pairs, self.round.pair_widths, strict=True):
            assert isinstance(part, PairLayer)
            self._fill_pairs(part, paired, held, width)
            held, width = paired, after

    def _fill_pairs(
        self, layer: PairLayer, placed: Mapping[Atom, int], held: Mapping[Atom, int] | None, width: int
    ) -> None:
        """A layer of units of pairs, or of numbers that are only kept."""
        for atom, row in placed.items():
            kept_on = held is not None and atom in held
            form = atom.form if isinstance(atom, PairUnit) and not kept_on else Form.of(atom)
            for source, coefficient in form.terms:
                match source:
                    case EdgeColumn():
                        layer.edge.weight[row, self.column(source)] += coefficient
                    case EndAtom():
                        side = layer.sender if source.end is End.SENDER else layer.receiver
                        side.weight[row, self.after(source.source)] += coefficient
                    case Followed():
                        self._fill_followed(layer, row, source, coefficient)
                    case _:
                        shift = width if is_turned(source) else 0
                        layer.pair.weight[row, shift + self.paired(source, held)] += coefficient
            layer.receiver.bias[row] += form.constant

    def _fill_followed(self, layer: PairLayer, row: int, atom: Followed, coefficient: float) -> None:
        """A number of another pair, read along the attention of a head of this round."""
        part = layer.sent if atom.end is End.SENDER else layer.received
        assert part is not None
        head = self.round.fetches.index(atom.fetch)
        place = self.paired(atom.source, self.before.pairs)
        part.weight[row, head * self.kept_width + place] += coefficient

    def _fill_update(self, module: AbstractAttentionRound, row: int, atom: Atom, form: Form) -> None:
        """A unit of the update, or an atom that is only kept."""
        held = isinstance(atom, Unit) and atom in self.before.nodes
        for source, coefficient in ((atom, 1.0),) if held else form.terms:
            if isinstance(source, Fetched) and source.fetch in self.round.fetches:
                module.value.weight[row, self.position(source.source)] += coefficient
            elif isinstance(source, FetchedEdge) and source.fetch in self.round.fetches:
                assert module.edge_value is not None
                self.fill_edge(module.edge_value, module.pair_value, row, (source.source, coefficient))
            else:
                module.skip.weight[row, self.position(source)] += coefficient
        if not held:
            module.skip.bias[row] += form.constant

    def fill_edge(
        self, edge: nn.Linear, pair: nn.Linear | None, row: int, term: tuple[AbstractPairAtom, float]
    ) -> None:
        """A number of the pair (sender, receiver): attention reads it at (receiver, sender), transposed."""
        atom, coefficient = term
        if isinstance(atom, EdgeColumn):
            edge.weight[row, self.column(atom, turned=True)] += coefficient
            return
        assert pair is not None, atom.origin
        shift = 0 if is_turned(atom) else self.kept_width
        pair.weight[row, shift + self.paired(atom, self.before.pairs)] += coefficient
