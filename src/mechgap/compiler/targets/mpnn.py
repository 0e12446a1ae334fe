"""Fourth pass for MPNN: from the laid out intermediate form to the parameters of a network of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from ...lang.expression import End, Leg
from ...nets.config import NetworkConfig
from ...nets.features import INDEX, edge_columns, node_columns
from ...nets.mpnn import MPNNRound
from ...nets.network import Network
from ...nets.pair_layer import PairLayer
from ...nets.shapes import MPNNConfig
from ...nets.triples import TripleLayer
from ..ir import INDEX_PORT, AbstractPairAtom, Atom, Carried, EdgeColumn, Feature, Form, Unit
from ..layout import RoundPlan
from ..message_ir import CornerAtom, LegAtom, Pooled, TripleUnit
from ..pair_ir import EndAtom, PairCarried, PairUnit
from ..pair_schedule import is_turned, kept
from ..schedule import Messages
from .filling import Plan, blank, configured, fill_row
from .readouts import fill_readouts

LEGS = {Leg.FIRST: 0, Leg.SECOND: 1, Leg.DIRECT: 2}
"""Which part of a layer at triples reads a pair of a triple; of its nodes, the part of their number."""


def emit(plan: Plan) -> Network:
    """The network whose parameters are the compiled program."""
    prologue, rounds = (tuple(map(_shape, rounds)) for rounds in plan.rounds)
    network = blank(configured(plan, prologue, rounds))
    with torch.no_grad():
        for part, modules in zip(plan.rounds, (network.prologue, network.rounds), strict=True):
            before = Held({}, None)
            for round, module in zip(part, modules, strict=True):
                assert isinstance(module, MPNNRound) and round.messages is not None
                _RoundEmitter(plan, network.config, before, round).fill(module)
                kept_on = {atom: k for k, atom in enumerate(round.messages.kept)}
                before = Held(round.last, kept_on if round.pairs else before.pairs)
        fill_readouts(plan, network)
    return network


def _shape(round: RoundPlan) -> MPNNConfig:
    messages = _messages(round)
    return MPNNConfig(
        width=round.part,
        mlp=round.widths,
        attend="all",
        pairs=round.pair_widths,
        received=len(messages.pools),
        triples=tuple(max(1, len(layer)) for layer in messages.triples),
        thirds=len(messages.thirds),
    )


def _messages(round: RoundPlan) -> Messages:
    assert round.messages is not None
    return round.messages


@dataclass(frozen=True)
class Held:
    """What is held before a round.

    Attributes:
        nodes: atom -> dimension of the hidden vectors; empty before round 0, when they hold the slots.
        pairs: number of pairs -> dimension; None as long as the vectors at pairs hold the slots.
    """

    nodes: Mapping[Atom, int]
    pairs: Mapping[AbstractPairAtom, int] | None


class _RoundEmitter:
    """Fills one round.

    Args:
        plan: what is compiled.
        config: shape of the network.
        before: what is held before the round.
        round: the dimensions of the round.
    """

    def __init__(self, plan: Plan, config: NetworkConfig, before: Held, round: RoundPlan) -> None:
        self._before = before
        self._round = round
        self._messages = _messages(round)
        self._features = {(c.name, c.component): k for k, c in enumerate(node_columns(config))}
        self._edges = {(c.name, c.component, c.reversed): k for k, c in enumerate(edge_columns(config))}
        self._slots, self._pair_slots = plan.held(False), plan.held(True)
        self._shift, self._pairs = config.features, config.pairs

    def fill(self, module: MPNNRound) -> None:
        """Write the parameters of the round."""
        if module.thirds is not None:
            self._fill_triples(module.thirds.layers)
        first: Mapping[Atom, int] = {third: self._pairs + k for k, third in enumerate(self._messages.thirds)}
        held: Mapping[Atom, int] = {}
        for layer, placed in zip(module.pairs, self._round.pairs, strict=True):
            assert isinstance(layer, PairLayer)
            for atom, row in placed.items():
                there = held or self._before.pairs or {}
                computed = isinstance(atom, PairUnit) and atom not in there
                form = atom.form if computed else Form.of(atom)  # type: ignore[attr-defined]
                self._fill_pair(layer, row, form, held or first, first_layer=not held)
            held = placed
        if module.message is not None and module.received is not None:
            for k, pool in enumerate(self._messages.pools):
                terms = [(held[kept(a) or a], c) for a, c in pool.form.terms]
                fill_row(module.message, k, terms, pool.form.constant)
        for atom, row in self._round.update.items():
            self._fill_update(module, row, atom)
        previous = self._round.update
        for linear, placed in zip(module.mlp, self._round.layers, strict=True):
            assert isinstance(linear, nn.Linear)
            for atom, row in placed.items():
                computed = isinstance(atom, Unit) and atom not in previous
                form = atom.form if isinstance(atom, Unit) and computed else Form.of(atom)
                fill_row(linear, row, ((previous[a], c) for a, c in form.terms), form.constant)
            previous = placed

    def _fill_update(self, module: MPNNRound, row: int, atom: Atom) -> None:
        """A unit of the update, or an atom that is only kept."""
        computed = isinstance(atom, Unit) and atom not in self._before.nodes
        form = atom.form if isinstance(atom, Unit) and computed else Form.of(atom)
        for source, coefficient in form.terms:
            if isinstance(source, Pooled) and source in self._messages.pools:
                assert module.received is not None
                module.received.weight[row, self._messages.pools.index(source)] += coefficient
            else:
                module.skip.weight[row, self._position(source)] += coefficient
        module.skip.bias[row] += form.constant

    # ---- pairs

    def _fill_pair(
        self, layer: PairLayer, row: int, form: Form, held: Mapping[Atom, int], first_layer: bool
    ) -> None:
        """A unit of pairs, or a number that is only kept."""
        width = layer.pair.in_features // 2
        for source, coefficient in form.terms:
            match source:
                case EdgeColumn():
                    layer.edge.weight[row, self._column(source)] += coefficient
                case EndAtom():
                    side = layer.sender if source.end is End.SENDER else layer.receiver
                    side.weight[row, self._position(source.source)] += coefficient
                case _:
                    base = kept(source)
                    assert base is not None, source.origin
                    turned = is_turned(source)
                    place = held[base] if base in held else self._kept(base) if first_layer else None
                    assert place is not None, source.origin
                    layer.pair.weight[row, (width if turned else 0) + place] += coefficient
        layer.receiver.bias[row] += form.constant

    def _kept(self, atom: AbstractPairAtom) -> int:
        """Where a number is in the vectors at pairs before the round."""
        if self._before.pairs is not None:
            return self._before.pairs[atom]
        assert isinstance(atom, PairCarried), atom.origin
        return self._pair_slots[atom.slot]

    # ---- triples

    def _fill_triples(self, layers: nn.ModuleList) -> None:
        previous: Mapping[Atom, int] = {}
        for layer, placed in zip(layers, (*self._round.triples, None), strict=True):
            assert isinstance(layer, TripleLayer)
            if placed is None:
                for row, third in enumerate(self._messages.thirds):
                    self._fill_triple(layer, row, third.form, previous)
                break
            for atom, row in placed.items():
                computed = isinstance(atom, TripleUnit) and atom not in previous
                form = atom.form if isinstance(atom, TripleUnit) and computed else Form.of(atom)
                self._fill_triple(layer, row, form, previous)
            previous = placed

    def _fill_triple(self, layer: TripleLayer, row: int, form: Form, previous: Mapping[Atom, int]) -> None:
        for source, coefficient in form.terms:
            match source:
                case CornerAtom():
                    part = _linear(layer.here, source.corner)
                    part.weight[row, self._position(source.source)] += coefficient
                case LegAtom(source=EdgeColumn() as column):
                    part = _linear(layer.edges, LEGS[source.leg])
                    part.weight[row, self._column(column)] += coefficient
                case LegAtom():
                    base, number = kept(source.source), source.source
                    assert base is not None, source.origin
                    turned = is_turned(number)
                    place = self._kept(base) + (self._pairs if turned else 0)
                    _linear(layer.pairs, LEGS[source.leg]).weight[row, place] += coefficient
                case _:
                    assert layer.before is not None
                    layer.before.weight[row, previous[source]] += coefficient
        _linear(layer.here, 2).bias[row] += form.constant

    # ---- places

    def _column(self, column: EdgeColumn) -> int:
        return self._edges[column.port, column.component, column.against]

    def _position(self, atom: Atom) -> int:
        """Where the round finds an atom in z = [x ; h]."""
        if isinstance(atom, Feature):
            name = INDEX if atom.port == INDEX_PORT else atom.port
            return self._features[name, atom.component]
        if atom in self._before.nodes:
            return self._shift + self._before.nodes[atom]
        assert isinstance(atom, Carried), atom.origin
        return self._shift + self._slots[atom.slot]


def _linear(modules: nn.ModuleList, index: int) -> nn.Linear:
    found = modules[index]
    assert isinstance(found, nn.Linear)
    return found
